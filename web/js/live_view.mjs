/** Boxes, scores, masks and crop windows of the last run, under the widget values of this moment. */
import { button, element, redraw, released, Stepper } from "./dom.mjs"
import { setWidget, widgetValues } from "./node.mjs"
import { noteLines } from "./node_notes.mjs"
import { moved, pickText } from "./pick.mjs"
import { pictureUrl, preview } from "./requests.mjs"
import { Stage } from "./stage.mjs"
import { imageSteps, phrase } from "./words.mjs"

const LEFT_OUT = "#999999"

export class LiveView {
  /** `say` gets a sentence about a problem or null, `help` the objects that were found. */
  constructor(node, { say, help }) {
    this.node = node
    this.say = say
    this.help = help
    this.objects = []
    this.images = new Stepper(imageSteps(), () => this.refresh())
    this.stage = new Stage({ onPress: (at) => this.toggle(at), onPoint: (at) => this.describe(at) })
    this.line = element("output", { className: "ad-line", textContent: hint() })
    this.rows = element("ul", { className: "ad-list", aria: { label: phrase("Objects") } })
    this.notes = element("div", { className: "ad-notes", role: "status" })
    this.element = element(
      "div",
      { className: "ad-view" },
      this.images.element,
      this.stage.element,
      this.line,
      this.rows,
      this.notes
    )
  }

  show(run) {
    this.run = run
    this.images.reset(run.shown, this.images.at)
    this.refresh()
  }

  /** Asks the server; while it answers, further calls join into one. */
  async refresh() {
    if (!this.run) return
    if (this.asking) {
      this.askAgain = true
      return
    }
    this.asking = true
    try {
      const image = this.images.at
      const seen = await preview(this.run.token, image, widgetValues(this.node))
      await released(this.element)
      this.draw(seen, image)
      this.say(null)
    } catch (error) {
      if (error.gone) this.run = null
      this.say(error.message)
    }
    this.asking = false
    if (this.askAgain) {
      this.askAgain = false
      this.refresh()
    }
  }

  draw(seen, image) {
    this.objects = seen.objects.map((object) => ({ ...object, color: object.place === null ? LEFT_OUT : object.color }))
    this.stage.setSize(seen.width, seen.height)
    const text = phrase("Image {number} of the last run", { number: image })
    this.stage.showPicture(pictureUrl(this.run.token, "before", image), text)
    this.stage.showMask(seen.mask)
    this.drawObjects()
    this.notes.replaceChildren(...noteLines([...(this.run.report ? [] : (this.run.notes ?? [])), ...seen.notes]))
    this.line.hidden = this.rows.hidden = this.objects.length === 0
    this.help(this.objects)
  }

  drawObjects() {
    this.stage.showObjects(
      this.objects.map((object) => ({
        ...object,
        caption: `${object.place ?? "\u2013"} ${object.score.toFixed(2)}`,
        label: sentenceOf(object),
        off: !object.selected,
        disabled: object.place === null
      }))
    )
    const selected = this.selected()
    redraw(this.rows, this.objects.map((object, at) => this.rowOf(object, at, selected)))
  }

  rowOf(object, at, selected) {
    const order = selected.indexOf(object)
    const toggle = button(nameOf(object), sentenceOf(object), () => this.toggle(at), {
      className: "ad-toggle",
      dataset: { key: `toggle ${object.box}` },
      aria: { pressed: String(object.selected), ...(object.place === null && { disabled: "true" }) }
    })
    const properties = {
      style: { "--ad-color": object.color },
      dataset: { state: object.selected ? "on" : "off" },
      onmouseenter: () => this.point(at),
      onmouseleave: () => this.point(null),
      ...this.dragged(order)
    }
    const number = order < 0 ? null : this.numberOf(object, order, selected.length)
    return element("li", properties, number, toggle, element("span", { className: "ad-facts", textContent: factsOf(object) }))
  }

  /** Its place among the `count` selected ones, to be typed anew. */
  numberOf(object, order, count) {
    return element("input", {
      type: "number",
      min: 0,
      max: count - 1,
      value: order,
      dataset: { key: `place ${object.box}` },
      onchange: (event) => this.reorder(order, Number(event.target.value)),
      aria: { label: phrase("Place of {object} in the order", { object: `${object.label} ${object.place}` }) }
    })
  }

  /** What makes a row one that is dragged to another place, and that others are dropped on. */
  dragged(order) {
    return {
      draggable: order >= 0,
      ondragstart: (event) => event.dataTransfer.setData("text/plain", String(order)),
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        event.preventDefault()
        event.stopPropagation()
        if (order >= 0) this.reorder(Number(event.dataTransfer.getData("text/plain")), order)
      }
    }
  }

  selected() {
    return this.objects.filter((object) => object.selected)
  }

  toggle(at) {
    const object = this.objects[at]
    this.describe(at)
    if (object.place === null) return
    const selected = this.selected()
    const added = () => [...selected, object].sort(byPlaceIf(inOrder(selected)))
    this.pick(object.selected ? selected.filter((other) => other !== object) : added())
  }

  reorder(from, to) {
    if (from === to || Number.isNaN(to)) return
    this.pick(moved(this.selected(), from, to))
  }

  /** Writes the order into the widget and shows it before the server confirms. */
  pick(selected) {
    const rest = this.objects.filter((object) => !selected.includes(object))
    for (const object of this.objects) object.selected = selected.includes(object)
    for (const object of rest) object.window = null
    this.objects = [...selected, ...rest]
    this.drawObjects()
    const places = selected.map((object) => object.place)
    setWidget(this.node, "pick", pickText(places, this.objects.filter((object) => object.place !== null).length))
  }

  point(at) {
    this.stage.highlight(at)
    this.describe(at)
  }

  describe(at) {
    const object = this.objects[at]
    this.line.textContent = object ? sentenceOf(object) : hint()
  }
}

const hint = () =>
  phrase("Click an object to leave it out or take it in. Drag its row, or type its number, to change the order.")

const inOrder = (objects) => objects.every((object, at) => at === 0 || objects[at - 1].place < object.place)

/** An object that is taken in goes to its natural place, or to the end if the user has made an order. */
const byPlaceIf = (natural) => (natural ? (a, b) => a.place - b.place : () => 0)

const sizeOf = ([x0, y0, x1, y1]) => `${x1 - x0}x${y1 - y0}`

function factsOf({ score, box, sampled_at: size, reason }) {
  const facts = [score.toFixed(2), `${sizeOf(box)} px`, size && `\u2192 ${size.join("x")}`, reason]
  return facts.filter(Boolean).join(" \u00b7 ")
}

const nameOf = (object) => (object.place === null ? object.label : `${object.label} ${object.place}`)

function sentenceOf(object) {
  const parts = [
    nameOf(object),
    phrase("score {score}", { score: object.score.toFixed(2) }),
    `${sizeOf(object.box)} px`,
    object.sampled_at && phrase("sampled at {size}", { size: object.sampled_at.join("x") }),
    object.prompt && phrase("prompt: {prompt}", { prompt: object.prompt }),
    object.reason ?? (object.selected ? null : phrase("left out"))
  ]
  return parts.filter(Boolean).join(", ")
}
