/** The last runs as a row of small pictures: one is shown on the right of the slider, one, or the picture before, left. */
import { button, element } from "./dom.mjs"
import { pictureUrl } from "./requests.mjs"
import { settingsOf } from "./runs.mjs"
import { phrase } from "./words.mjs"

export class Strip {
  /** `onChoose` is called after `right` (a run) or `left` (a run, or null for the picture before) has changed. */
  constructor(onChoose) {
    this.onChoose = onChoose
    this.element = element("div", { className: "ad-strip", role: "group", aria: { label: phrase("The last runs") } })
  }

  show(runs) {
    this.runs = runs
    this.right = runs[0]
    this.left = null
    this.draw()
  }

  draw() {
    this.element.hidden = this.runs.length < 2
    this.element.replaceChildren(...this.runs.map((run, at) => this.itemOf(run, at)))
  }

  itemOf(run, at) {
    const name = phrase("Run {number}: {settings}", { number: this.runs.length - at, settings: settingsOf(run, this.runs) })
    const picture = element("img", { src: pictureUrl(run.token, run.painted ? "after" : "before", 0), alt: "" })
    const pressed = (on) => ({ aria: { pressed: String(on) } })
    const show = button("", name, () => this.choose({ right: run }), { className: "ad-thumb", ...pressed(run === this.right) })
    show.append(picture)
    const left = run === this.left ? null : run
    const compare = button("A", phrase("Compare with this run"), () => this.choose({ left }), pressed(run === this.left))
    return element("div", {}, show, compare)
  }

  choose(sides) {
    Object.assign(this, sides)
    this.draw()
    this.onChoose()
  }
}
