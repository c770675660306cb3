/** What nodes have to tell after a run: sentences that the server's report and log have too. */
import { element } from "./dom.mjs"
import { fitHeight, place } from "./node.mjs"

const NAME = "afterdetail_notes"
const NOTE_HEIGHT = 36
const MOST_SHOWN = 3

export const noteLines = (notes) => [...new Set(notes)].map((note) => element("p", { textContent: note }))

/** For a node without a panel: a widget that is there from the first run with something to tell. */
export class NodeNotes {
  constructor(node) {
    this.node = node
    this.element = element("div", { className: "ad-panel ad-notes" })
    this.height = 0
    this.widget = null
  }

  /** A run has ended with this UI output. */
  executed(output) {
    const lines = noteLines(output?.notes ?? [])
    if (lines.length === 0 && !this.element.isConnected) return
    this.height = NOTE_HEIGHT * Math.min(lines.length, MOST_SHOWN)
    this.element.replaceChildren(...lines)
    this.widget ??= place(this.node, NAME, this.element, () => this.height)
    fitHeight(this.node, this.element)
  }
}
