/** What the last runs made: before and after, object by object, and what happened to each. */
import { copyText } from "./clipboard.mjs"
import { showCrops } from "./before_after.mjs"
import { button, element, Stepper } from "./dom.mjs"
import { noteLines } from "./node_notes.mjs"
import { numberOf, settingsOf } from "./runs.mjs"
import { pictureUrl } from "./requests.mjs"
import { Stage } from "./stage.mjs"
import { Strip } from "./strip.mjs"
import { imageSteps, isEnglish, objectSteps, phrase } from "./words.mjs"

const BEFORE_KEY = "b"

export class ResultView {
  /** `use` sets widgets to the values that it gets, `say` shows a sentence about a problem. */
  constructor(node, { use, say }) {
    this.use = use
    this.say = say
    this.stage = new Stage({ onPress: (at) => this.select(at), onPoint: (at) => this.describe(at) })
    this.strip = new Strip(() => this.draw())
    this.images = new Stepper(imageSteps(), () => this.draw())
    this.steps = new Stepper(objectSteps(), (at) => this.select(at))
    this.compare = this.comparison()
    this.stepsLine = this.stepsAndActions()
    this.line = element("output", { className: "ad-line" })
    this.rows = element("ul", { className: "ad-list", aria: { label: phrase("Report") } })
    this.notes = element("div", { className: "ad-notes", role: "status" })
    this.element = element(
      "div",
      { className: "ad-view ad-result", tabIndex: -1 },
      this.images.element,
      this.strip.element,
      this.stage.element,
      this.compare,
      this.stepsLine,
      this.line,
      this.rows,
      this.notes
    )
    this.listenForHold()
  }

  /** The slider between the picture before and the one after. */
  comparison() {
    this.hold = button(phrase("before"), phrase("Hold to see the picture before; or hold the key B"), null, { className: "ad-hold" })
    this.split = element("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 50,
      className: "ad-split",
      oninput: () => this.drawPictures(),
      aria: { label: phrase("Before and after: how much of the picture is shown as it was before") }
    })
    const [left, right] = [element("span", {}, this.hold), element("span", { textContent: phrase("after") })]
    return element("div", { className: "ad-compare" }, left, this.split, right)
  }

  /** From object to object, and what can be done with the one that is shown. */
  stepsAndActions() {
    this.all = button(phrase("all"), phrase("Show the whole picture"), () => this.select(null))
    this.crops = button(phrase("side by side"), phrase("Show this object before and after, side by side"), () => this.showCrops())
    this.seed = button(phrase("use this seed"), phrase("Set the seed to that of this run"), () =>
      this.use({ seed: this.run.widgets.seed, control_after_generate: "fixed" })
    )
    return element("div", { className: "ad-steps" }, this.steps.element, this.all, this.crops, this.seed)
  }

  show(runs) {
    this.strip.show(runs)
    this.images.reset(runs[0].shown, this.images.at)
    this.draw()
  }

  get run() {
    return this.strip.right
  }

  get image() {
    return this.run.report.images[this.images.at] ?? { objects: [] }
  }

  get objects() {
    return this.image.objects
  }

  draw() {
    this.stage.setSize(this.run.width, this.run.height)
    this.drawPictures()
    this.stage.showObjects(this.objects.map((object, at) => this.markOf(object, at)))
    this.steps.reset(this.objects.length)
    this.rows.replaceChildren(...this.objects.map((object, at) => this.rowOf(object, at)))
    this.notes.replaceChildren(...noteLines(this.run.notes ?? []))
    const empty = this.objects.length === 0
    for (const part of [this.compare, this.stepsLine, this.rows]) part.hidden = empty
    this.seed.hidden = this.run.widgets.seed === undefined
    this.seed.title = phrase("Set the seed to that of this run") + `: ${settingsOf(this.run, this.strip.runs)}`
    this.select(null)
  }

  drawPictures() {
    const { left } = this.strip
    this.hold.textContent = left ? "A" : phrase("before")
    this.stage.showPicture(this.urlOf(left), this.leftText)
    const shown = this.run.painted && this.objects.length > 0
    this.stage.showAfter(shown && this.urlOf(this.run), this.held ? 100 : this.split.value, phrase("After the repair"))
  }

  get leftText() {
    return this.strip.left ? phrase("An earlier run") : phrase("Before the repair")
  }

  /** Of a run's result, or of the picture before for null. */
  urlOf(run) {
    return pictureUrl((run ?? this.run).token, run?.painted ? "after" : "before", this.images.at)
  }

  /** While the button or the key is held, the picture is as it was before. */
  listenForHold() {
    const hold = (held) => {
      if (Boolean(this.held) === held) return
      this.held = held
      if (this.strip.runs) this.drawPictures()
    }
    this.hold.addEventListener("pointerdown", () => hold(true))
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) this.hold.addEventListener(end, () => hold(false))
    this.element.addEventListener("pointerenter", () => {
      if (!this.element.contains(document.activeElement)) this.element.focus({ preventScroll: true })
    })
    this.element.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === BEFORE_KEY && !event.ctrlKey && !event.metaKey) hold(true)
    })
    this.element.addEventListener("keyup", () => hold(false))
    this.element.addEventListener("focusout", () => hold(false))
  }

  rowOf(object, at) {
    const name = nameOf(object, at)
    const show = button(name, phrase("Show {object}", { object: name }), () => this.select(at), { className: "ad-toggle" })
    const seed = object.seed === null || object.seed === undefined ? null : this.seedOf(object.seed)
    const words = element("span", { className: "ad-facts", textContent: fateOf(object) })
    const properties = { dataset: { state: object.status }, style: { "--ad-color": this.colorOf(object, at) } }
    return element("li", properties, show, words, seed)
  }

  /** A seed is a number of up to 64 bits: it comes as text, for JavaScript's numbers end at 53. */
  seedOf(seed) {
    const copy = button(phrase("copy"), phrase("Copy seed {seed}", { seed }), async () => {
      try {
        await copyText(seed)
        copy.textContent = phrase("copied")
      } catch {
        this.say(phrase("The browser does not let the page copy. The seed is {seed}.", { seed }))
      }
    })
    copy.onblur = () => (copy.textContent = phrase("copy"))
    return element("span", { className: "ad-seed" }, element("code", { textContent: seed }), copy)
  }

  colorOf(object, at) {
    const { colors } = this.run
    return colors[numberOf(object, at) % colors.length]
  }

  markOf(object, at) {
    return {
      box: object.box,
      window: null,
      color: this.colorOf(object, at),
      caption: String(numberOf(object, at)),
      label: phrase("Show {object}", { object: sentenceOf(object, at) }),
      failed: object.status === "failed"
    }
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
    this.crops.disabled = !object?.window
    this.describe(null)
  }

  showCrops() {
    const object = this.objects[this.selected]
    const sides = [
      { text: this.leftText, url: this.urlOf(this.strip.left) },
      { text: phrase("After the repair"), url: this.urlOf(this.run) }
    ]
    showCrops(object, this.run, sides)
  }

  describe(at) {
    const object = this.objects[at ?? this.selected]
    this.line.textContent = object ? sentenceOf(object, at ?? this.selected) : summaryOf(this.objects)
  }
}

const nameOf = (object, at) => `${object.label} ${numberOf(object, at)}`

/** What happened to an object, in plain words. */
function fateOf({ status, reason, judged }) {
  if (status === "rejected") return phrase("left as it was: the repair was worse ({faults})", { faults: faultsOf(judged) })
  const words = {
    inpainted: phrase("repaired"),
    skipped: phrase("left alone"),
    failed: phrase("failed"),
    removed: phrase("removed for safety")
  }[status]
  return reason ? `${words}: ${reason}` : words
}

/** What is wrong with a repair, by the tests of the report that it did not pass. */
function faultsOf(judged) {
  const words = {
    shift: phrase("it lies elsewhere"),
    likeness: phrase("it is something else"),
    colour: phrase("its colours are others"),
    ring: phrase("its rim has other colours"),
    sharpness: phrase("it is blurred"),
    blown: phrase("it is black or white in places"),
    score: phrase("it is harder to find"),
    size: phrase("it has another size"),
    presence: phrase("it hardly looks like one"),
    landmarks: phrase("its parts lie elsewhere"),
    fingers: phrase("fingers are missing")
  }
  const failed = Object.keys(judged ?? {}).filter((test) => !judged[test].passed)
  return failed.map((test) => words[test] ?? test).join(", ")
}

/** The size an object was sampled at and, as the report has it, why: for which family of models. */
function sizeOf({ sampled_at: size, sampled_at_why: why }) {
  const words = size && phrase("sampled at {size}", { size: size.join("x") })
  return words && why && isEnglish() ? `${words} (${why})` : words
}

function sentenceOf(object, at) {
  const parts = [
    nameOf(object, at),
    phrase("score {score}", { score: object.score.toFixed(2) }),
    sizeOf(object),
    fateOf(object)
  ]
  return parts.filter(Boolean).join(", ")
}

function summaryOf(objects) {
  const done = objects.filter((object) => object.status === "inpainted").length
  if (objects.length === 0) return phrase("No object was found in this image.")
  return phrase("Objects repaired: {done} of {count}", { done, count: objects.length })
}
