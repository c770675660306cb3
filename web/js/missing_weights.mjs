/** Weights that a detector lacks: which entries of the list need a file, and fetching one with the user's consent. */
import { element } from "./dom.mjs"
import { widgetNamed } from "./node.mjs"
import { cancelDownload, download, downloadState, missingWeights } from "./requests.mjs"
import { phrase } from "./words.mjs"

const KEY = "weights"
const POLL_MS = 400

/** Detector -> {file, size, licence, url, folder, check} of the weights that are not there; the same for all panels. */
let missing = {}
let asked = null

export class Weights {
  /** `onChange` is called when what there is to say has changed. */
  constructor(node, notices, onChange) {
    this.node = node
    this.notices = notices
    this.onChange = onChange
    /** The detector whose file is on its way. */
    this.fetching = ""
    const list = widgetNamed(node, "detector")
    if (list?.options) list.options.getOptionLabel = (name) => labelOf(name ?? String(list.value))
  }

  get detector() {
    return widgetNamed(this.node, "detector")?.value
  }

  /** Asks the server; panels that are made together ask once. */
  async refresh() {
    asked ??= missingWeights().finally(() => (asked = null))
    missing = await asked
    this.write()
  }

  write() {
    if (this.fetching === this.detector) return // an answer from before the click on Download
    const weight = missing[this.detector]
    if (weight) this.offer(weight)
    else this.notices.clear(KEY)
    this.onChange()
  }

  offer(weight, problem = "") {
    const size = weight.size ? `${(weight.size / 1e6).toFixed(1)} MB` : phrase("size unknown")
    const text = phrase("{detector} needs the file {file} ({size}, {licence}, from {source}). It is not there.", {
      ...weight,
      size,
      detector: this.detector,
      source: new URL(weight.url).hostname
    })
    const fetch = { text: phrase("Download"), onclick: () => this.fetch(weight) }
    this.notices.show({ key: KEY, text: [problem, text].filter(Boolean).join(" "), actions: [fetch] })
    this.onChange()
  }

  /** The click on Download is the consent. */
  async fetch(weight) {
    const { detector } = this
    const bar = element("progress", { max: weight.size || 1, value: 0, aria: { label: phrase("Downloaded") } })
    const cancel = { text: phrase("Cancel"), onclick: () => void cancelDownload(detector).catch(() => {}) }
    const text = phrase("Downloading {file}", weight)
    this.notices.show({ key: KEY, text, actions: [cancel], extra: bar })
    this.fetching = detector
    let problem = ""
    try {
      await download(detector)
      problem = await ended(detector, bar)
    } catch (error) {
      problem = error.message
    }
    this.fetching = ""
    if (problem) this.offer(weight, problem)
    else await this.refresh().catch((error) => this.offer(weight, error.message))
  }
}

/** Waits for the end of a download and shows on `bar` how far it is; the problem, "" if there was none. */
async function ended(detector, bar) {
  for (;;) {
    const state = await downloadState(detector)
    if (state.total) bar.max = state.total
    bar.value = state.done
    if (state.ended) return state.problem
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

const labelOf = (name) => (missing[name] ? `${name} \u2913 ${phrase("needs a file")}` : name)
