/** What the panels need of a node: its widget values, and a place on it. */
import { app } from "../../../scripts/app.js"
import { release } from "./requests.mjs"

/** The name of the panel's widget. */
export const PANEL = "afterdetail_panel"
const SIMPLE = ["number", "string", "boolean"]
const WIDTH = 340

/** Values by name of the widgets that are not fed by a link. */
export function widgetValues(node) {
  const connected = (node.inputs ?? []).filter((_, at) => node.isInputConnected(at))
  const linked = new Set(connected.map((input) => input.widget?.name))
  const plain = (node.widgets ?? []).filter((item) => SIMPLE.includes(typeof item.value) && !linked.has(item.name))
  return Object.fromEntries(plain.map((item) => [item.name, item.value]))
}

export function widgetNamed(node, name) {
  return node.widgets?.find((item) => item.name === name)
}

/** Sets a widget as if the user had. */
export function setWidget(node, name, value) {
  const found = widgetNamed(node, name)
  if (!found || found.value === value) return
  found.value = value
  found.callback?.(value, app.canvas, node)
  node.graph?.setDirtyCanvas(true, true)
}

/** Calls `then` whenever the user changes a widget, in either renderer. */
export function watchWidgets(node, then) {
  for (const item of node.widgets ?? []) {
    const before = item.callback
    item.callback = function (...given) {
      const answer = before?.apply(this, given)
      then(item.name)
      return answer
    }
  }
}

let placed = 0

/** Puts an element on a node. `height` says how high it has to be at the moment, in the classic renderer. */
export function place(node, name, element, height) {
  // A type of its own: Vue's renderer would go on showing the element of a node that undo has replaced by this one.
  const made = node.addDOMWidget(name, `${name}_${placed++}`, element, {
    serialize: false,
    hideOnZoom: false,
    hideInPanel: true,
    margin: 6,
    getMinHeight: height,
    getMaxHeight: height,
    getValue: () => "",
    setValue: () => {}
  })
  made.serialize = false
  element.setAttribute("role", "region")
  element.setAttribute("aria-label", node.constructor.nodeData?.display_name ?? node.title)
  element.addEventListener("keydown", (event) => {
    // The canvas takes Delete, letters and arrows for its own; what is pressed with Control still queues and saves.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation()
  })
  return made
}

const CORE_TEXT = "$$node-text-preview"

/** Leaves progress to the panel: ComfyUI's own line of text would stay at the foot of the node. */
export function hideCoreProgress(node) {
  const text = widgetNamed(node, CORE_TEXT)
  if (text) node.removeWidget(text)
}

/** Makes the node as high as what is on it needs; room that the user gave it beyond that stays. */
export function fitHeight(node, element) {
  if (element.closest(".lg-node")) return // Vue's nodes are as high as what they hold
  const needed = node.computeSize()[1]
  const room = Math.max(0, node.size[1] - (element.neededBefore ?? node.size[1]))
  element.neededBefore = needed
  node.setSize([Math.max(node.size[0], WIDTH), needed + room])
  node.graph?.setDirtyCanvas(true, true)
}

/** Queues the graph as the Run button does. */
export function queue() {
  void app.queuePrompt(0, 1)
}

/** Whether an execution id ("7", or "3:7" in a subgraph) is that of the node. */
export function ofNode(node, executionId) {
  const path = String(executionId).split(":")
  return path.at(-1) === String(node.id) && path.length > 1 === (node.graph !== node.graph?.rootGraph)
}

/** Tells the server that a node was removed, unless a copy of it shows the same runs. */
export function releaseRuns(panel, others) {
  for (const token of panel.tokens) {
    if (!others.some((other) => other.tokens.has(token))) void release(token).catch(() => {})
  }
}
