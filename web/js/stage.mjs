/** A picture with the objects on it. Everything is placed in per cent of the picture, so it fits at any size. */
import { element, redraw } from "./dom.mjs"

const MAX_ZOOM = 8

export class Stage {
  /** `onPress`, `onPoint` get the place in the list of objects; `onPoint` gets null when none is pointed at. */
  constructor({ onPress, onPoint }) {
    this.onPress = onPress
    this.onPoint = onPoint
    this.before = element("img", { alt: "", draggable: false })
    this.after = element("img", { alt: "", draggable: false, className: "ad-after", hidden: true })
    this.divider = element("div", { className: "ad-divider", hidden: true })
    this.mask = element("div", { className: "ad-mask", hidden: true })
    this.marks = element("div", { className: "ad-marks" })
    this.picture = element("div", { className: "ad-picture" }, this.before, this.after, this.divider, this.mask, this.marks)
    this.element = element("div", { className: "ad-stage" }, this.picture)
    this.listenForPinches()
  }

  showPicture(url, text) {
    if (this.before.src !== url) this.before.src = url
    this.before.alt = text
  }

  /** A second picture over the first, from `split` per cent of the width on. */
  showAfter(url, split, text = "") {
    this.after.hidden = this.divider.hidden = !url
    if (url && this.after.src !== url) this.after.src = url
    this.after.alt = text
    this.after.style.clipPath = `inset(0 0 0 ${split}%)`
    this.divider.style.left = `${split}%`
  }

  showMask(dataUrl) {
    this.mask.hidden = !dataUrl
    if (dataUrl) this.mask.style.setProperty("--ad-mask", `url(${dataUrl})`)
  }

  setSize(width, height) {
    this.width = width
    this.height = height
    this.element.style.setProperty("--ad-width", width)
    this.element.style.setProperty("--ad-height", height)
  }

  /** Objects: {box, window, turn, color, caption, label, off, disabled, failed}. */
  showObjects(objects) {
    redraw(this.marks, objects.flatMap((object, index) => this.markOf(object, index)))
  }

  markOf(object, index) {
    const mark = element(
      "button",
      {
        type: "button",
        className: "ad-box",
        onclick: () => this.onPress(index),
        onmouseenter: () => this.point(index),
        onmouseleave: () => this.point(null),
        onfocus: () => this.point(index),
        onblur: () => this.point(null),
        style: { ...this.around(object.box), "--ad-color": object.color },
        aria: { label: object.label, pressed: String(!object.off), ...(object.disabled && { disabled: "true" }) },
        dataset: { key: String(object.box), state: object.failed ? "failed" : object.off ? "off" : "on" }
      },
      element("span", { className: "ad-caption", textContent: object.caption })
    )
    if (!object.window) return [mark]
    const style = { ...this.around(object.window), rotate: `${object.turn ?? 0}deg`, "--ad-color": object.color }
    return [element("div", { className: "ad-window", style }), mark]
  }

  around([x0, y0, x1, y1]) {
    const percent = (part, whole) => `${(100 * part) / whole}%`
    return {
      left: percent(x0, this.width),
      top: percent(y0, this.height),
      width: percent(x1 - x0, this.width),
      height: percent(y1 - y0, this.height)
    }
  }

  point(index) {
    this.highlight(index)
    this.onPoint(index)
  }

  highlight(index) {
    this.marks.querySelectorAll("button").forEach((mark, place) => mark.classList.toggle("ad-pointed", place === index))
  }

  /** Fills the stage with a window of the picture; with all of it for null. */
  zoomTo(window) {
    const [x0, y0, x1, y1] = (this.window = window ?? [0, 0, this.width, this.height])
    const zoom = Math.min(this.width / (x1 - x0), this.height / (y1 - y0))
    const shift = (low, high, whole) => {
      const centred = 50 - (zoom * 50 * (low + high)) / whole
      return Math.min(0, Math.max(100 - 100 * zoom, centred))
    }
    this.picture.style.setProperty("--ad-zoom", zoom)
    this.picture.style.transform = `translate(${shift(x0, x1, this.width)}%, ${shift(y0, y1, this.height)}%) scale(${zoom})`
  }

  /** Two fingers zoom, as they do in pictures everywhere. */
  listenForPinches() {
    const fingers = new Map()
    const apart = () => {
      const [a, b] = fingers.values()
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)
    }
    let start = null
    this.element.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return
      fingers.set(event.pointerId, event)
      if (fingers.size === 2) start = { apart: apart(), window: this.window ?? [0, 0, this.width, this.height] }
    })
    this.element.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return
      fingers.set(event.pointerId, event)
      if (!start || fingers.size !== 2) return
      event.preventDefault()
      this.zoomTo(scaled(start.window, start.apart / apart(), this.width, this.height))
    })
    for (const end of ["pointerup", "pointercancel"]) {
      this.element.addEventListener(end, (event) => {
        fingers.delete(event.pointerId)
        start = null
      })
    }
  }
}

/** A window about the same middle, `factor` times as large, within the picture and not smaller than MAX_ZOOM allows. */
function scaled([x0, y0, x1, y1], factor, width, height) {
  const half = (low, high, whole) => Math.min(Math.max((factor * (high - low)) / 2, whole / MAX_ZOOM / 2), whole / 2)
  const [across, down] = [half(x0, x1, width), half(y0, y1, height)]
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2]
  const slid = (middle, reach, whole) => Math.min(Math.max(middle, reach), whole - reach)
  const [cx, cy] = [slid(x, across, width), slid(y, down, height)]
  return [cx - across, cy - down, cx + across, cy + down]
}
