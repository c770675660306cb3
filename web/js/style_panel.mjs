/** A list of styles to search in, and the prompts as the chosen one makes them. */
import { element, released } from "./dom.mjs"
import { place, setWidget, watchWidgets, widgetNamed, widgetValues } from "./node.mjs"
import { styled } from "./requests.mjs"
import { phrase } from "./words.mjs"

const HEIGHT = 240
const PLACE = "{prompt}"

export class StylePanel {
  constructor(node) {
    this.node = node
    this.styles = []
    this.search = element("input", {
      type: "search",
      placeholder: phrase("Search styles"),
      oninput: () => this.filter(),
      aria: { label: phrase("Search styles by name or by their words") }
    })
    this.count = element("span", { role: "status" })
    this.list = element("div", { className: "ad-styles", role: "group", aria: { label: phrase("Styles") } })
    this.prompt = element("output")
    this.negative = element("output")
    this.element = element(
      "div",
      { className: "ad-panel ad-style-panel" },
      element("div", { className: "ad-search" }, this.search, this.count),
      this.list,
      element("dl", {}, element("dt", { textContent: phrase("prompt") }), element("dd", {}, this.prompt)),
      element("dl", {}, element("dt", { textContent: phrase("negative prompt") }), element("dd", {}, this.negative))
    )
    watchWidgets(node, () => this.refresh())
    place(node, "afterdetail_styles", this.element, () => HEIGHT)
    queueMicrotask(() => this.refresh()) // once the widgets have the values of a loaded graph
  }

  get chosen() {
    return widgetNamed(this.node, "style_preset")?.value
  }

  /** The wording is the server's; a text that comes by a link is not known here and stays a place. */
  async refresh() {
    const { prompt = PLACE, negative_prompt: negative = "" } = widgetValues(this.node)
    try {
      this.styles = await styled(prompt, negative)
    } catch (error) {
      this.prompt.textContent = error.message
      return
    }
    await released(this.list)
    this.filter()
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean)
    const found = this.styles.filter((style) => {
      const text = `${style.name} ${style.prompt}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    this.count.textContent = phrase("{found} of {count}", { found: found.length, count: this.styles.length })
    this.list.replaceChildren(...found.map((style) => this.itemOf(style)))
    this.show(this.styles.find((style) => style.name === this.chosen))
  }

  itemOf(style) {
    const back = () => this.show(this.styles.find((other) => other.name === this.chosen))
    return element("button", {
      type: "button",
      textContent: style.name,
      onclick: () => this.choose(style),
      onfocus: () => this.show(style),
      onmouseenter: () => this.show(style),
      onmouseleave: back,
      onblur: back,
      aria: { pressed: String(style.name === this.chosen) }
    })
  }

  choose(style) {
    setWidget(this.node, "style_preset", style.name)
    for (const item of this.list.children) item.setAttribute("aria-pressed", String(item.textContent === style.name))
    this.show(style)
  }

  show(style) {
    this.prompt.textContent = style?.prompt ?? ""
    this.negative.textContent = style?.negative_prompt ?? ""
  }
}
