/** "Convert to After Detailer" in the menu of other detailers' nodes and of texts with adetailer's parameters. */
import { setWidget, widgetNamed } from "./node.mjs"
import { DETAILER_FOR_EACH, FACE_DETAILER, fromADetailer, fromImpact } from "./migrate.mjs"
import { phrase } from "./words.mjs"

const IMPACT = { FaceDetailer: FACE_DETAILER, FaceDetailerPipe: FACE_DETAILER, DetailerForEach: DETAILER_FOR_EACH }
/** Sockets that mean the same in both packs. */
const INPUTS = ["image", "model", "clip", "vae", "positive", "negative"]
const OUTPUTS = { image: "image", mask: "mask" }
const PROVIDERS = /Detector|Provider/
const GAP = 40

/** Menu items for a node, [] for most. */
export function migrationItems(node) {
  const convert = conversionOf(node)
  return convert ? [{ content: phrase("Convert to After Detailer"), callback: convert }] : []
}

function conversionOf(node) {
  if (node.type in IMPACT) return () => fromImpactNode(node)
  const units = (node.widgets ?? []).flatMap((item) => (typeof item.value === "string" ? fromADetailer(item.value) : []))
  return units.length ? () => units.forEach((unit, at) => addNode(node, unit, at)) : null
}

function fromImpactNode(node) {
  const made = addNode(node, fromImpact({ ...valuesOf(node), detector: detectorBefore(node) }), 0)
  for (const name of INPUTS) {
    const at = (node.inputs ?? []).findIndex((input) => input.name === name)
    const link = at < 0 ? null : node.getInputLink(at)
    if (link) node.graph.getNodeById(link.origin_id)?.connect(link.origin_slot, made, name)
  }
  for (const [theirs, ours] of Object.entries(OUTPUTS)) {
    const output = node.outputs?.find((item) => item.name === theirs)
    for (const id of [...(output?.links ?? [])]) {
      const link = node.graph.getLink(id)
      if (link) made.connect(ours, node.graph.getNodeById(link.target_id), link.target_slot)
    }
  }
}

/** By name; those of a node whose pack is not installed are known by their order only. */
function valuesOf(node) {
  const installed = node.type in globalThis.LiteGraph.registered_node_types
  if (installed) return Object.fromEntries((node.widgets ?? []).map((item) => [item.name, item.value]))
  const saved = node.last_serialization?.widgets_values ?? node.widgets_values ?? []
  return Object.fromEntries(IMPACT[node.type].map((name, at) => [name, saved[at]]))
}

/** The file that the detector's node before this one names. */
function detectorBefore(node) {
  for (const at of (node.inputs ?? []).keys()) {
    const link = node.getInputLink(at)
    const source = link && node.graph.getNodeById(link.origin_id)
    if (!source || !PROVIDERS.test(source.type)) continue
    const values = source.widgets?.map((item) => item.value) ?? source.last_serialization?.widgets_values ?? []
    const name = values.find((value) => typeof value === "string")
    if (name) return name
  }
  return undefined
}

/** After Detailer beside a node, with these widgets; it says on its panel what has no equivalent. */
function addNode(beside, { widgets, lost, prompt = "", negative = "" }, at) {
  const made = globalThis.LiteGraph.createNode("AfterDetail")
  made.pos = [beside.pos[0] + beside.size[0] + GAP, beside.pos[1] + at * 480]
  beside.graph.add(made)
  const unknown = { ...lost }
  for (const [name, value] of Object.entries(widgets)) {
    const values = widgetNamed(made, name)?.options?.values
    if (Array.isArray(values) && !values.includes(value)) unknown[name] = value
    else setWidget(made, name, value)
  }
  if (prompt) unknown.prompt = prompt
  if (negative) unknown["negative prompt"] = negative
  const list = Object.entries(unknown).map(([name, value]) => `${name} ${value}`)
  const text = list.length
    ? phrase("Converted. These have no equivalent here: {list}.", { list: list.join(", ") })
    : phrase("Converted. Everything has its equivalent here.")
  made.afterdetailPanel?.notices.show({ key: "converted", text })
  made.afterdetailPanel?.fit()
  return made
}
