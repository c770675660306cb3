/** How a node's widgets stand: which come first, which are folded away until "advanced" is opened, what `pick` shows. */
import { PANEL, widgetNamed } from "./node.mjs"
import { orderRows } from "./rows.mjs"
import { SpareSockets } from "./spare_sockets.mjs"
import { phrase } from "./words.mjs"

/** Node -> the widgets that stand first, in this order. The others of these nodes count as advanced. */
const FIRST = {
  AfterDetail: ["detector", "confidence", "denoise", "mask_padding", "resolution", "steps"]
}
const ROW = "afterdetail_advanced"

/** Vue's nodes have a row of ComfyUI's own for advanced widgets; in the classic renderer this shows and hides them. */
export class Advanced {
  constructor(node) {
    this.node = node
    this.first = FIRST[node.comfyClass] ?? []
    const folded = ({ name, options }) => options?.advanced || (this.first.length && !this.first.includes(name))
    this.widgets = (node.widgets ?? []).filter(folded)
    for (const item of this.widgets) item.advanced = item.options.advanced = true // Vue's nodes read the option
    if (this.widgets.length) this.sort()
    if (this.first.length) this.sockets = new SpareSockets(node)
  }

  /** The order in which widgets are saved is that of node.widgets; only where they stand is changed. */
  sort() {
    const { node } = this
    const usual = node.widgets.filter((item) => !item.advanced).map((item) => item.name)
    const order = [...new Set([...this.first, ...usual, ROW])]
    const rank = (item) => (item.name === PANEL ? Infinity : order.includes(item.name) ? order.indexOf(item.name) : order.length)
    node.getLayoutWidgets = () =>
      node.widgets.filter((item) => node.isWidgetVisible(item)).sort((a, b) => rank(a) - rank(b))
  }

  /** The same in Vue's renderer, wherever it shows this element of the node's. */
  sortRows(element) {
    if (this.first.length) orderRows(this.node, element, this.first)
  }

  /** A row on the node that shows and hides them, for nodes that have no panel with a button for it. */
  addRow() {
    const row = this.node.addWidget("button", ROW, null, () => this.toggle(), { serialize: false, canvasOnly: true })
    row.serialize = false
    Object.defineProperty(row, "label", { get: () => this.text, set: () => {}, configurable: true })
  }

  toggle() {
    const { node } = this
    node.toggleAdvanced()
    this.sockets?.arrange()
    if (!node.showAdvanced) node.setSize([node.size[0], node.computeSize()[1]])
  }

  get text() {
    if (this.node.showAdvanced) return `\u25be ${phrase("Hide advanced")}`
    const defaults = this.node.constructor.nodeData?.input ?? {}
    const usual = ({ name }) => (defaults.required?.[name] ?? defaults.optional?.[name])?.[1]?.default
    const isChanged = (item) => usual(item) !== undefined && usual(item) !== item.value && item.name !== "seed"
    const { length: count } = this.widgets.filter(isChanged)
    return `\u25b8 ${count ? phrase("Advanced ({count} changed)", { count }) : phrase("Advanced")}`
  }
}

/** An empty `pick` means all objects: says so, in the classic renderer by what is drawn, in Vue's by a placeholder. */
export function showAllOfPick(node) {
  const pick = widgetNamed(node, "pick")
  if (!pick) return
  pick.options.placeholder = phrase("all")
  Object.defineProperty(pick, "_displayValue", { get: () => String(pick.value || phrase("all")), configurable: true })
}
