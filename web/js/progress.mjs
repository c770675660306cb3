/** "face 2 of 5, step 7/20" with a bar and the crop as it is at that step. */
import { element } from "./dom.mjs"
import { phrase } from "./words.mjs"

const OF_ONE = /^(?<label>.+) (?<number>\d+) of (?<count>\d+), step (?<step>\d+)\/(?<steps>\d+)$/
const OF_SEVERAL = /^(?<label>.+)s (?<first>\d+) to (?<last>\d+) of (?<count>\d+), step (?<step>\d+)\/(?<steps>\d+)$/

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

  say(text) {
    this.element.hidden = false
    this.line.textContent = translated(text)
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

/** The server's line, which is English. */
function translated(text) {
  const several = OF_SEVERAL.exec(text)?.groups
  if (several) return phrase("{label}s {first} to {last} of {count}, step {step}/{steps}", several)
  const one = OF_ONE.exec(text)?.groups
  return one ? phrase("{label} {number} of {count}, step {step}/{steps}", one) : text
}
