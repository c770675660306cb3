/** What the last run made: before and after, object by object, and the report. */
import { button, element, Stepper } from "./dom.mjs"
import { tableWith } from "./live_view.mjs"
import { pictureUrl } from "./server.mjs"
import { Stage } from "./stage.mjs"
import { imageSteps, objectSteps, phrase } from "./words.mjs"

const COLORS = { inpainted: "#009e73", skipped: "#e69f00", failed: "#d55e00", removed: "#cc79a7" }

export class ResultView {
  constructor() {
    this.stage = new Stage({ onPress: (at) => this.select(at), onPoint: (at) => this.describe(at) })
    this.images = new Stepper(imageSteps(), () => this.draw())
    this.steps = new Stepper(objectSteps(), (at) => this.select(at))
    this.all = button(phrase("all"), phrase("Show the whole picture"), () => this.select(null))
    this.split = element("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      className: "ad-split",
      oninput: () => this.drawPictures(),
      aria: { label: phrase("Before and after: how much of the picture is shown as it was before") }
    })
    this.line = element("output", { className: "ad-line" })
    this.rows = element("tbody")
    this.element = element(
      "div",
      { className: "ad-view" },
      this.images.element,
      this.stage.element,
      element("label", { className: "ad-compare" }, phrase("before"), this.split, phrase("after")),
      element("div", { className: "ad-steps" }, this.steps.element, this.all),
      this.line,
      element("div", { className: "ad-scroll" }, tableWith(phrase("Report"), columns(), this.rows))
    )
  }

  show(run, report) {
    this.run = run
    this.report = report
    this.images.reset(run.shown, this.images.at)
    this.draw()
  }

  get objects() {
    return this.report.images[this.images.at].objects
  }

  draw() {
    const { width, height } = this.report.images[this.images.at]
    this.stage.setSize(width, height)
    this.drawPictures()
    this.stage.showObjects(this.objects.map(markOf))
    this.steps.reset(this.objects.length)
    this.rows.replaceChildren(...this.objects.map((object, at) => this.rowOf(object, at)))
    this.select(null)
  }

  drawPictures() {
    const { token, painted } = this.run
    this.stage.showPicture(pictureUrl(token, "before", this.images.at), phrase("Before the repair"))
    this.stage.showAfter(painted && pictureUrl(token, "after", this.images.at), this.split.value)
    this.stage.after.alt = phrase("After the repair")
  }

  rowOf(object, at) {
    const show = phrase("Show {object}", { object: `${object.label} ${at}` })
    return element(
      "tr",
      { dataset: { state: object.status }, style: { "--ad-color": COLORS[object.status] } },
      element("td", {}, button(`${at} ${object.label}`, show, () => this.select(at), { className: "ad-toggle" })),
      element("td", { textContent: wordOf(object.status) }),
      element("td", { className: "ad-reason", textContent: object.reason ?? "" }),
      element("td", {}, object.seed === null ? null : seedOf(object.seed))
    )
  }

  /** Fills the stage with one object's window; with the whole picture for null. */
  select(at) {
    const object = this.objects[at]
    if (object) this.steps.reset(this.objects.length, at)
    this.selected = object ? at : null
    this.stage.zoomTo(object ? (object.window ?? object.box) : null)
    this.stage.highlight(this.selected)
    ;[...this.rows.children].forEach((row, place) => row.toggleAttribute("data-selected", place === this.selected))
    this.all.disabled = !object
    this.describe(null)
  }

  describe(at) {
    const object = this.objects[at ?? this.selected]
    this.line.textContent = object ? sentenceOf(object, at ?? this.selected) : summaryOf(this.objects)
  }
}

const columns = () => [phrase("object"), phrase("status"), phrase("reason"), phrase("seed")]

function wordOf(status) {
  return {
    inpainted: phrase("inpainted"),
    skipped: phrase("skipped"),
    failed: phrase("failed"),
    removed: phrase("removed for safety")
  }[status]
}

/** A seed is a number of up to 64 bits: it comes as text, for JavaScript's numbers end at 53. */
function seedOf(seed) {
  const copy = button(phrase("copy"), phrase("Copy seed {seed}", { seed }), async () => {
    await navigator.clipboard.writeText(seed)
    copy.textContent = phrase("copied")
  })
  copy.onblur = () => (copy.textContent = phrase("copy"))
  return element("span", { className: "ad-seed" }, element("code", { textContent: seed }), copy)
}

function markOf(object, at) {
  return {
    box: object.box,
    window: null,
    color: COLORS[object.status],
    caption: object.status === "inpainted" ? `${at}` : `${at} ${wordOf(object.status)}`,
    label: phrase("Show {object}", { object: sentenceOf(object, at) }),
    failed: object.status === "failed"
  }
}

function sentenceOf(object, at) {
  const parts = [
    `${object.label} ${at}`,
    phrase("score {score}", { score: object.score.toFixed(2) }),
    object.sampled_at && phrase("sampled at {size}", { size: object.sampled_at.join("x") }),
    wordOf(object.status),
    object.reason
  ]
  return parts.filter(Boolean).join(", ")
}

function summaryOf(objects) {
  const done = objects.filter((object) => object.status === "inpainted").length
  if (objects.length === 0) return phrase("No object was found in this image.")
  return phrase("Objects repaired: {done} of {count}", { done, count: objects.length })
}
