/** The canvas side of AfterDetail: the only file that ComfyUI's page imports by itself; it changes nothing global. */
import { app } from "../../../scripts/app.js"
import { api } from "../../../scripts/api.js"
import { labelForm } from "./app_form.mjs"
import { Advanced, showAllOfPick } from "./fold.mjs"
import { migrationItems } from "./migrate_menu.mjs"
import { addRun, leave, placeOf } from "./memory.mjs"
import { NodeNotes } from "./node_notes.mjs"
import { PANEL, ofNode, releaseRuns, widgetNamed } from "./node.mjs"
import { Panel, runOf } from "./panel.mjs"
import { QueuedRuns } from "./queued.mjs"
import { RUN_ENDS, orderResults } from "./result_order.mjs"
import { StylePanel } from "./style_panel.mjs"
import { fetchTranslations } from "./words.mjs"

const LIVE = ["AfterDetail", "AfterDetailDetect", "AfterDetailRegions"]
const RESULT = ["AfterDetail", "AfterDetailInpaint"]

const panels = new Set()
const queued = new QueuedRuns()

function attach(node) {
  const kind = node.comfyClass
  if (!kind?.startsWith("AfterDetail")) return
  const advanced = new Advanced(node)
  showAllOfPick(node)
  if (kind === "AfterDetailStylePreset") new StylePanel(node)
  if (!LIVE.includes(kind) && !RESULT.includes(kind)) {
    if (advanced.widgets.length) advanced.addRow()
    const notes = new NodeNotes(node)
    chain(node, "onExecuted", (output) => notes.executed(output))
    return
  }
  const panel = new Panel(node, { live: LIVE.includes(kind), result: RESULT.includes(kind), advanced })
  panels.add(panel)
  node.afterdetailPanel = panel
  widgetNamed(node, PANEL).afterQueued = () => queued.add(placeOf(node), panel.memory.ensureName())
  chain(node, "onConfigure", () => {
    panel.configured()
    const { comesBackBy } = panel.memory
    // A pasted node is in the graph only then.
    setTimeout(() => void configured(panel, comesBackBy).catch((error) => panel.say(error.message)))
  })
  chain(node, "onRemoved", () => removed(panel))
  chain(node, "onConnectionsChange", () => setTimeout(() => panel.models.write())) // the link is made only then
  const { clone } = node
  node.clone = function () {
    const made = clone.call(this)
    if (made) panel.memory.giveTo(made)
    return made
  }
}

/** A node that was loaded, pasted or brought back by undo shows its last runs; a copy goes its own way from there. */
async function configured(panel, comesBackBy) {
  if (!panel.node.graph) return
  if (comesBackBy) await panel.memory.find(comesBackBy)
  const { name } = panel.memory
  const here = [...panels].filter((other) => other !== panel && other.node.graph?.rootGraph === panel.node.graph.rootGraph)
  if (name && here.some((other) => other.memory.name === name)) panel.memory.fork()
  await panel.restore()
}

/** ComfyUI empties the graph whenever it opens one: then all go, and what they saw stays for when they come back. */
function removed(panel) {
  panels.delete(panel)
  const { graph } = panel.node
  const others = graph.nodes.filter((other) => other !== panel.node)
  setTimeout(() => {
    if (others.some((other) => graph.nodes.includes(other))) releaseRuns(panel, [...panels])
  })
}

function chain(node, name, then) {
  const before = node[name]
  node[name] = function (...given) {
    before?.apply(this, given)
    then(...given)
  }
}

/** Calls `tell` with the panel of the node that an execution id names, in a subgraph or not. */
function on(event, idOf, tell) {
  api.addEventListener(event, ({ detail }) => {
    for (const panel of panels) if (ofNode(panel.node, idOf(detail))) tell(panel, detail)
  })
}

/** A node has run: its panel shows it; a node of a workflow that lies under another one finds it when it comes back. */
function executed({ node, display_node: shownAs, prompt_id: prompt, output }) {
  const id = String(shownAs ?? node)
  const mine = [...panels].filter(({ node: own, memory }) => {
    const owner = ofNode(own, id) ? queued.ownerOf(prompt, placeOf(own)) : null
    return owner === undefined || owner === memory.name
  })
  for (const panel of mine) panel.executed(output)
  const [run, owner] = [runOf(output), queued.ownerOf(prompt, `:${id}`)]
  if (run && owner && mine.length === 0) addRun(owner, run)
}

function stopAll() {
  for (const panel of panels) panel.stopped()
}

function lookForModels() {
  for (const panel of panels) panel.models.write()
}

app.registerExtension({
  name: "AfterDetail",
  async init() {
    const link = document.createElement("link")
    link.rel = "stylesheet"
    link.href = new URL("../css/afterdetail.css", import.meta.url).href
    document.head.append(link)
    await fetchTranslations()
  },
  setup() {
    window.addEventListener("pagehide", () => leave([...panels].map((panel) => panel.memory)))
    orderResults((node) => RESULT.includes(node?.comfyClass))
    api.addEventListener("execution_start", ({ detail }) => queued.start(detail.prompt_id))
    api.addEventListener("executed", ({ detail }) => executed(detail))
    on("afterdetail.progress", (detail) => detail.node, (panel, detail) => panel.progressed(detail))
    on("progress", (detail) => detail.node, (panel, detail) => panel.progress.reach(detail.value, detail.max))
    on("b_preview_with_metadata", (detail) => detail.nodeId, (panel, detail) => panel.progress.show(detail.blob))
    on("execution_error", (detail) => detail.node_id, (panel, detail) => panel.failed(detail.exception_message))
    for (const end of RUN_ENDS) api.addEventListener(end, stopAll)
  },
  nodeCreated: attach,
  afterConfigureGraph() {
    labelForm()
    lookForModels()
  },
  refreshComboInNodes: lookForModels,
  getNodeMenuItems: migrationItems
})
