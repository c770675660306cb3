/** Copying a text, also where the page came without https and has no clipboard of the browser's. */

export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = Object.assign(document.createElement("textarea"), { value: text })
  field.style.position = "fixed"
  document.body.append(field)
  field.select()
  const copied = document.execCommand("copy")
  field.remove()
  if (!copied) throw new Error(text)
}
