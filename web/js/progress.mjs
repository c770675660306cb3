/** "face 2 of 5, step 7/20" with a bar and the crop as it is at that step. */
import { element } from "./dom.mjs"

export class Progress {
  constructor() {
    this.line = element("span")
    this.bar = element("progress", { max: 1, value: 0, aria: { label: "Steps done" } })
    this.crop = element("img", { alt: "The crop at this step", hidden: true })
    this.element = element(
      "div",
      { className: "ad-progress", hidden: true, role: "group", aria: { label: "Progress" } },
      this.crop,
      element("div", {}, this.line, this.bar)
    )
  }

  say(text) {
    this.element.hidden = false
    this.line.textContent = text
  }

  reach(value, max) {
    this.bar.max = max
    this.bar.value = value
  }

  show(blob) {
    URL.revokeObjectURL(this.crop.src)
    this.crop.src = URL.createObjectURL(blob)
    this.crop.hidden = false
  }

  stop() {
    if (this.element.hidden) return
    URL.revokeObjectURL(this.crop.src)
    this.crop.removeAttribute("src")
    this.crop.hidden = true
    this.element.hidden = true
  }
}
