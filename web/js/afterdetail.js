/** The canvas side of AfterDetail: the only file that ComfyUI's page imports by itself; it changes nothing global. */
import { app } from "../../../scripts/app.js"
import { api } from "../../../scripts/api.js"
import { Panel } from "./panel.mjs"
import { StylePanel } from "./style_panel.mjs"
import { ofNode, removeRecord } from "./node.mjs"
import { fetchTranslations } from "./words.mjs"

const LIVE = ["AfterDetail", "AfterDetailDetect", "AfterDetailRegions"]
const RESULT = ["AfterDetail", "AfterDetailInpaint"]

const panels = new Set()

function attach(node) {
  const kind = node.comfyClass
  if (kind === "AfterDetailStylePreset") new StylePanel(node)
  if (!LIVE.includes(kind) && !RESULT.includes(kind)) return
  const panel = new Panel(node, { live: LIVE.includes(kind), result: RESULT.includes(kind) })
  panels.add(panel)
  chain(node, "onExecuted", (output) => panel.executed(output))
  chain(node, "onRemoved", () => removed(panel))
}

/** ComfyUI empties the graph whenever it opens one: then all go, and what they saw is kept for when they come back. */
function removed(panel) {
  panels.delete(panel)
  const { graph } = panel.node
  const others = graph.nodes.filter((other) => other !== panel.node)
  setTimeout(() => {
    if (others.some((other) => graph.nodes.includes(other))) removeRecord(panel, [...panels])
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

function stopAll() {
  for (const panel of panels) panel.progress.stop()
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
    on("afterdetail.progress", (detail) => detail.node, (panel, detail) => panel.progressed(detail))
    on("progress", (detail) => detail.node, (panel, detail) => panel.progress.reach(detail.value, detail.max))
    on("b_preview_with_metadata", (detail) => detail.nodeId, (panel, detail) => panel.progress.show(detail.blob))
    for (const end of ["execution_success", "execution_error", "execution_interrupted"]) {
      api.addEventListener(end, stopAll)
    }
  },
  nodeCreated: attach,
  loadedGraphNode(node) {
    for (const panel of panels) if (panel.node === node) panel.restore()
  }
})
