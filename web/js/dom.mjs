/** Elements with little to write. */

/** An element; `properties` are set on it, `dataset`, `style` and `aria` key by key. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style") for (const [key, text] of Object.entries(value)) made.style.setProperty(key, text)
    else if (name === "aria") for (const [key, text] of Object.entries(value)) made.setAttribute(`aria-${key}`, text)
    else if (name === "dataset") Object.assign(made.dataset, value)
    else if (name === "role") made.setAttribute("role", value)
    else made[name] = value
  }
  made.append(...children.filter((child) => child !== null && child !== undefined))
  return made
}

/**
 * A button; `label` is its tooltip and what a screen reader says.
 * @param {Record<string, any>} properties as those of an element
 */
export function button(text, label, onclick, properties = {}) {
  const usual = { type: "button", textContent: text, title: label, onclick }
  return element("button", { ...usual, ...properties, aria: { label, ...properties.aria } })
}

/** Redraws a container; a control in it that has the focus and a `data-key` has it again afterwards. */
export function redraw(container, children) {
  const { activeElement: focused } = document
  const key = focused instanceof HTMLElement && container.contains(focused) ? focused.dataset.key : undefined
  container.replaceChildren(...children)
  if (key !== undefined) [...container.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key)?.focus()
}

/** Resolves when nothing in the element is pressed: what is drawn anew between press and release is not clicked. */
export async function released(part) {
  while (part.matches(":active")) await new Promise(requestAnimationFrame)
}

/** Steps to both sides of a line that says where one is; hidden where there is only one. `words` as in `imageSteps`. */
export class Stepper {
  constructor(words, onStep) {
    this.words = words
    this.onStep = onStep
    this.at = 0
    this.count = 0
    this.line = element("span", { role: "status" })
    this.element = element(
      "div",
      { className: "ad-stepper" },
      button("\u2039", words.previous, () => this.go(this.at - 1)),
      this.line,
      button("\u203a", words.next, () => this.go(this.at + 1))
    )
    this.reset(0)
  }

  reset(count, at = 0) {
    this.count = count
    this.at = Math.min(at, Math.max(count - 1, 0))
    this.element.hidden = count < 2
    this.write()
  }

  go(to) {
    this.at = (to + this.count) % this.count
    this.write()
    this.onStep(this.at)
  }

  write() {
    this.line.textContent = this.words.line({ at: this.at, count: this.count })
  }
}
