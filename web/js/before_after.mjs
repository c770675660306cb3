/** One object before and after, side by side, each as large as it was sampled. */
import { button, element } from "./dom.mjs"
import { phrase } from "./words.mjs"

/** Shows `object` of a picture of `size` {width, height}; `sides` are [{text, url}]. */
export function showCrops(object, size, sides) {
  const [width, height] = object.sampled_at ?? [object.window[2] - object.window[0], object.window[3] - object.window[1]]
  const close = button(phrase("Close"), phrase("Close"), () => dialog.close())
  const figures = sides.map(({ text, url }) =>
    element("figure", {}, cropOf(object, size, url, width, height, text), element("figcaption", { textContent: text }))
  )
  const dialog = element("dialog", { className: "ad-panel ad-crops" }, element("div", {}, ...figures), close)
  dialog.addEventListener("close", () => dialog.remove())
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && dialog.close()) // the page takes it for its own
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
  document.body.append(dialog)
  dialog.showModal()
}

function cropOf({ window: [x0, y0, x1, y1], turn }, size, url, width, height, text) {
  const [across, down] = [width / (x1 - x0), height / (y1 - y0)]
  const picture = element("img", { src: url, alt: text, draggable: false })
  Object.assign(picture.style, {
    width: `${size.width * across}px`,
    height: `${size.height * down}px`,
    left: `${-x0 * across}px`,
    top: `${-y0 * down}px`,
    transformOrigin: `${((x0 + x1) / 2) * across}px ${((y0 + y1) / 2) * down}px`,
    rotate: `${-(turn ?? 0)}deg`
  })
  const frame = element("div", { className: "ad-crop" }, picture)
  Object.assign(frame.style, { width: `${width}px`, height: `${height}px` })
  return frame
}
