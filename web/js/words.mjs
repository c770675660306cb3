/** The panels' words. The code has them in English; `locales/` has the others, which ComfyUI serves. */
import { app } from "../../../scripts/app.js"
import { api } from "../../../scripts/api.js"

let translations = {}

const language = () => app.extensionManager.setting.get("Comfy.Locale")

/** To be awaited before the first panel is made. */
export async function fetchTranslations() {
  const answer = await api.fetchApi("/i18n")
  translations = await answer.json()
}

/** An English text in the page's language, with `values` at its named places. `make locales` looks for these calls. */
export function phrase(text, values = {}) {
  const template = translations[language()]?.afterdetail?.[text] ?? text
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name])
}

/** Whether the page speaks English, as the server's own sentences do. */
export const isEnglish = () => language() === "en"

/** Of the images of a run, for a Stepper. */
export const imageSteps = () => ({
  previous: phrase("Previous image"),
  next: phrase("Next image"),
  line: ({ at, count }) => phrase("image {number} ({count} in all)", { number: at, count })
})

/** Of the objects of an image, for a Stepper. */
export const objectSteps = () => ({
  previous: phrase("Previous object"),
  next: phrase("Next object"),
  line: ({ at, count }) => phrase("object {number} ({count} in all)", { number: at, count })
})
