/** "face 2 of 5, step 7/20" with a bar and the crop as it is at that step. */
import { element } from "./dom.mjs"
import { phrase } from "./words.mjs"

export class Progress {
  constructor() {
    this.line = element("span")
    this.bar = element("progress", { max: 1, value: 0, aria: { label: phrase("Steps done") } })
    this.crop = element("img", { alt: phrase("The crop at this step"), hidden: true })
    this.element = element(
      "div",
      { className: "ad-progress", hidden: true, role: "group", aria: { label: phrase("Progress") } },
      this.crop,
      element("div", {}, this.line, this.bar)
    )
  }

  say(step) {
    this.element.hidden = false
    this.line.textContent = sentence(step)
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

/** {label, first, last, count, step, steps} in the page's language. */
function sentence({ label, first, last, count, step, steps }) {
  const known = { label, count, step, steps }
  return first === last
    ? phrase("{label} {number} of {count}, step {step}/{steps}", { ...known, number: first })
    : phrase("{label} {first} to {last} of {count}, step {step}/{steps}", { ...known, first, last })
}
