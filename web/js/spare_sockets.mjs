/** Optional sockets without a link, which a node whose advanced widgets are folded away does not show either.
 *
 * The classic renderer draws every socket in a row of its own, and ComfyUI has no way to fold one. A folded one keeps its
 * place among the inputs, so that saved graphs, their links and the API form stay as they are; it lies undrawn below the
 * first socket, which takes the clicks there. A link that is dropped on the node finds it and brings it back to a row.
 * Vue's nodes place their sockets themselves, and show all.
 */
const FIRST_ROW = 0.7 // of a row, as the renderer places sockets
const undrawn = () => {}

export class SpareSockets {
  constructor(node) {
    this.node = node
    this.optional = Object.keys(node.constructor.nodeData?.input?.optional ?? {})
    this.folded = new Set()
    const { computeSize } = node
    node.computeSize = (out) => {
      const size = computeSize.call(node, out)
      size[1] -= globalThis.LiteGraph.NODE_SLOT_HEIGHT * this.rowsSaved
      return size
    }
    const { onSerialize } = node
    node.onSerialize = (data) => {
      onSerialize?.call(node, data)
      node.inputs.forEach((input, at) => this.folded.has(input) && delete data.inputs[at].pos)
    }
    this.arrange()
  }

  /** Folds and unfolds as the links and the node's advanced widgets say now. */
  arrange() {
    const { node } = this
    const { NODE_SLOT_HEIGHT: row } = globalThis.LiteGraph
    const place = [row / 2, row * FIRST_ROW]
    for (const input of this.folded) {
      delete input.pos
      delete input.draw
    }
    this.folded = new Set((node.inputs ?? []).filter((input, at) => this.isSpare(input, at)))
    for (const input of this.folded) Object.assign(input, { pos: place, draw: undrawn })
  }

  isSpare({ name, widget }, at) {
    return !this.node.showAdvanced && !widget && this.optional.includes(name) && !this.node.isInputConnected(at)
  }

  get rowsSaved() {
    const { inputs, outputs } = this.node
    const sockets = inputs.filter((input) => !input.widget).length
    const rows = (count) => Math.max(count, outputs.length, 1)
    return rows(sockets) - rows(sockets - this.folded.size)
  }
}
