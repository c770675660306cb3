/** The line at the foot of a panel that is dragged, or moved by the arrow keys, to make the panel higher. */
import { element } from "./dom.mjs"
import { phrase } from "./words.mjs"

/** Calls `grow` with how many pixels the panel is to be higher. */
export function heightHandle(grow) {
  const handle = element("div", {
    className: "ad-handle",
    tabIndex: 0,
    role: "separator",
    hidden: true,
    aria: { orientation: "horizontal", label: phrase("Height of the panel") }
  })
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId)
    let last = event.clientY
    const panel = handle.parentElement
    const scale = panel.getBoundingClientRect().height / panel.offsetHeight || 1 // the canvas may be zoomed
    handle.onpointermove = ({ clientY }) => {
      grow((clientY - last) / scale)
      last = clientY
    }
    event.stopPropagation()
  })
  handle.addEventListener("pointerup", () => (handle.onpointermove = null))
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 20, ArrowUp: -20 }[event.key]
    if (step) grow(step)
  })
  return handle
}
