/** Model files that a workflow's loaders name and this ComfyUI lacks: said where the form is, with where to get them. */
import { app } from "../../../scripts/app.js"
import { watchWidgets } from "./node.mjs"
import { phrase } from "./words.mjs"

const KEY = "models"

/** Says on one node's panel which files are missing among what feeds it. */
export class MissingModels {
  /** `onChange` is called when what there is to say has changed. */
  constructor(node, notices, onChange) {
    this.node = node
    this.notices = notices
    this.onChange = onChange
    this.watched = new WeakSet()
  }

  write() {
    const loaders = sources(this.node)
    for (const loader of loaders) this.watch(loader)
    const [first, ...others] = loaders.flatMap(missingOf)
    if (first) this.offer(first, others)
    else this.notices.clear(KEY)
    this.onChange()
  }

  offer({ name, url, directory }, others) {
    const words = { name, folder: `models/${directory}`, source: new URL(url).hostname }
    const text = phrase("{name} is not in {folder}. Choose another file, or download it from {source} into that folder.", words)
    const more = others.length ? ` ${phrase("Also missing: {names}.", { names: others.map((model) => model.name).join(", ") })}` : ""
    this.notices.show({
      key: KEY,
      text: text + more,
      actions: [
        { text: phrase("Download"), onclick: () => void window.open(url, "_blank", "noopener") },
        { text: phrase("Look again"), onclick: () => void this.lookAgain() }
      ]
    })
  }

  /** ComfyUI reads its folders anew, as with the key R. */
  async lookAgain() {
    await app.refreshComboInNodes()
    this.write()
  }

  /** Another file chosen in a loader changes what is missing. */
  watch(loader) {
    if (this.watched.has(loader)) return
    this.watched.add(loader)
    watchWidgets(loader, () => this.write())
  }
}

/** The nodes that an input of `node` depends on, at any distance. */
function sources(node) {
  const found = new Set()
  const visit = (each) => {
    for (let slot = 0; slot < (each.inputs?.length ?? 0); slot++) {
      const before = each.getInputNode?.(slot)
      if (before && !found.has(before)) {
        found.add(before)
        visit(before)
      }
    }
  }
  visit(node)
  return [...found]
}

/** Of the files that a loader's workflow says where to get: those it names and cannot choose. */
function missingOf(loader) {
  const named = (loader.widgets ?? []).filter(({ options }) => Array.isArray(options?.values))
  const lacks = ({ name }) => named.some((widget) => widget.value === name && !widget.options.values.includes(name))
  return (loader.properties?.models ?? []).filter(lacks)
}
