/** Whose run is it? ComfyUI names prompts and nodes, and nodes of several open workflows have the same ids.
 *
 * When a prompt is queued, each node on the canvas says where its run belongs; prompts start in the order in which they
 * were queued.
 */
export class QueuedRuns {
  constructor() {
    this.waiting = []
    this.started = []
    this.prompts = new Map()
  }

  /** A node at `place` was queued; nodes that are queued at once belong to one prompt. */
  add(place, owner) {
    if (!this.open) {
      this.open = new Map()
      const group = this.open
      queueMicrotask(() => {
        this.open = null
        this.waiting.push(group)
        this.match()
      })
    }
    this.open.set(place, owner)
  }

  start(promptId) {
    if (this.prompts.has(promptId) || this.started.includes(promptId)) return
    this.started.push(promptId)
    this.match()
  }

  /** To whom the run of a node belongs; undefined if that is not known, as after a reload of the page. */
  ownerOf(promptId, place) {
    return this.prompts.get(promptId)?.get(place)
  }

  match() {
    while (this.waiting.length && this.started.length) this.prompts.set(this.started.shift(), this.waiting.shift())
  }
}
