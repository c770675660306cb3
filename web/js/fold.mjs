/** How a node's widgets stand: which come first, which are folded away until "advanced" is opened, what `pick` shows. */
import { phrase } from "./words.mjs"

/** Node -> the widgets that stand first, in this order. The others of these nodes count as advanced. */
const FIRST = {
  AfterDetail: ["detector", "confidence", "denoise", "mask_padding", "resolution", "steps"]
}
const ROW = "afterdetail_advanced"
const PANEL = "afterdetail_panel"

/** Vue's nodes have a row of ComfyUI's own for advanced widgets; in the classic renderer the node gets one. */
export function foldAdvanced(node) {
  const first = FIRST[node.comfyClass]
  if (first) for (const item of node.widgets) item.options.advanced ||= !first.includes(item.name)
  const advanced = (node.widgets ?? []).filter((item) => item.options?.advanced)
  if (advanced.length === 0) return
  for (const item of advanced) item.advanced = true
  const row = node.addWidget("button", ROW, null, () => toggle(node), { serialize: false, canvasOnly: true })
  row.serialize = false
  Object.defineProperty(row, "label", { get: () => rowText(node, advanced), set: () => {}, configurable: true })
  const order = [...(first ?? []), ...node.widgets.filter((item) => !item.advanced).map((item) => item.name), ROW]
  const rank = (item) => (item.name === PANEL ? 1000 : order.includes(item.name) ? order.indexOf(item.name) : order.length)
  // The order in which widgets are saved is that of node.widgets; only where they stand is changed.
  node.getLayoutWidgets = () =>
    node.widgets.filter((item) => node.isWidgetVisible(item)).sort((a, b) => rank(a) - rank(b))
}

/** An empty `pick` means all objects: says so, in the classic renderer by what is drawn, in Vue's by a placeholder. */
export function showAllOfPick(node) {
  const pick = node.widgets?.find((item) => item.name === "pick")
  if (!pick) return
  pick.options.placeholder = phrase("all")
  Object.defineProperty(pick, "_displayValue", { get: () => String(pick.value || phrase("all")), configurable: true })
}

function toggle(node) {
  node.toggleAdvanced()
  if (!node.showAdvanced) node.setSize([node.size[0], node.computeSize()[1]])
}

function rowText(node, advanced) {
  if (node.showAdvanced) return `\u25be ${phrase("Hide advanced")}`
  const defaults = node.constructor.nodeData?.input ?? {}
  const usual = (item) => (defaults.required?.[item.name] ?? defaults.optional?.[item.name])?.[1]?.default
  const changed = advanced.filter((item) => usual(item) !== undefined && usual(item) !== item.value && item.name !== "seed")
  return `\u25b8 ${changed.length ? phrase("Advanced ({count} changed)", { count: changed.length }) : phrase("Advanced")}`
}
