/** Sentences on a panel, each with what can be done about it. */
import { button, element, released } from "./dom.mjs"

const NOTICE_HEIGHT = 82

/** A notice: {key, text, actions: [{text, onclick}], extra: an element}. */
export class Notices {
  constructor() {
    this.element = element("div", { className: "ad-notices", role: "status" })
    this.shown = new Map()
  }

  /**
   * Shows a notice in place of the one of the same key.
   * @param {{key: string, text: string, actions?: {text: string, onclick: () => void}[], extra?: Element | null}} notice
   */
  show({ key, text, actions = [], extra = null }) {
    const buttons = actions.map(({ text: name, onclick }) => button(name, name, onclick))
    const row = buttons.length || extra ? element("div", { className: "ad-actions" }, ...buttons, extra) : null
    this.shown.set(key, element("div", { className: "ad-notice" }, element("p", { textContent: text }), row))
    void this.draw()
  }

  clear(key) {
    if (this.shown.delete(key)) void this.draw()
  }

  async draw() {
    await released(this.element)
    this.element.replaceChildren(...this.shown.values())
  }

  get height() {
    return Math.min(this.shown.size, 2) * NOTICE_HEIGHT
  }
}
