/** The element on a node: its masks, its results, its progress, and what there is to say. */
import { button, element } from "./dom.mjs"
import { heightHandle } from "./height_handle.mjs"
import { LiveView } from "./live_view.mjs"
import { Memory } from "./memory.mjs"
import { MissingModels } from "./missing_models.mjs"
import { PANEL, fitHeight, hideCoreProgress, place, queue, setWidget, watchWidgets, widgetNamed } from "./node.mjs"
import { Notices } from "./notices.mjs"
import { Progress } from "./progress_view.mjs"
import { ResultView } from "./result_view.mjs"
import { readReport } from "./runs.mjs"
import { isAvailable } from "./requests.mjs"
import { Weights } from "./missing_weights.mjs"
import { phrase } from "./words.mjs"

const BAR_HEIGHT = 40
const PROGRESS_HEIGHT = 84
const LOW_CONFIDENCE = 0.15
const HEIGHT = { usual: 460, least: 220, empty: 330 }
/** Widgets that decide which objects are found, their masks and their windows: after a change these are worth a look. */
const CHANGES_MASKS = [
  ...["detector", "confidence", "scan", "max_num_detections", "sort_by", "min_area", "max_area", "labels", "pick"],
  ...["mask_dilation", "mask_dilation_percent", "mask_blur", "mask_padding", "union_masks", "cover", "upright"],
  ...["resolution", "base_model", "x_offset", "y_offset", "invert", "upscale"]
]

export class Panel {
  constructor(node, { live, result, advanced }) {
    this.node = node
    this.advanced = advanced
    this.memory = new Memory(node)
    this.progress = new Progress()
    this.notices = new Notices()
    this.weights = new Weights(node, this.notices, () => this.fit())
    this.models = new MissingModels(node, this.notices, () => this.fit())
    this.views = {}
    const actions = { say: (sentence) => this.say(sentence), help: (objects) => this.help(objects) }
    if (live) this.views.live = new LiveView(node, actions)
    if (result) this.views.result = new ResultView(node, { ...actions, use: (values) => this.use(values) })
    this.line = element("span", { className: "ad-message", role: "status", textContent: firstWords(live) })
    this.fold = button("", phrase("Show or hide what the last run found"), () => this.toggle(), { className: "ad-fold" })
    this.tabs = element("div", { className: "ad-tabs", role: "group", hidden: true, aria: { label: phrase("View") } })
    this.tabs.append(...Object.keys(this.views).map((name) => this.tabFor(name)))
    this.more = button("", phrase("Advanced"), () => this.showMore(), { className: "ad-more" })
    const bar = element("div", { className: "ad-bar" }, this.fold, this.line, this.tabs, this.more)
    this.body = element("div", { className: "ad-body", hidden: true })
    this.handle = heightHandle((pixels) => this.grow(pixels))
    const parts = [bar, this.progress.element, this.notices.element, this.body, this.handle]
    this.element = element("div", { className: "ad-panel" }, ...parts)
    watchWidgets(node, (name) => this.widgetChanged(name))
    node.onDrawBackground = () => {} // where ComfyUI draws the live picture, in the classic renderer
    place(node, PANEL, this.element, () => this.height)
    advanced.sortRows(this.element)
    this.fit()
    void this.weights.refresh().catch((error) => this.say(error.message))
  }

  get tokens() {
    return new Set(this.memory.runs.map((run) => run.token))
  }

  get height() {
    const around = (this.progress.element.hidden ? 0 : PROGRESS_HEIGHT) + this.notices.height
    if (this.body.hidden) return BAR_HEIGHT + around
    return (this.memory.layout.height ?? (this.empty ? HEIGHT.empty : HEIGHT.usual)) + around
  }

  /** The node has its links and its size from a saved graph; only its text areas would fill what it is too high. */
  configured() {
    this.advanced.sockets?.arrange()
    const { height, folded } = this.memory.layout
    const opened = this.memory.name && !folded ? (height ?? HEIGHT.usual) - BAR_HEIGHT : 0
    this.element.neededBefore = this.node.showAdvanced ? this.node.computeSize()[1] + opened : this.node.size[1]
  }

  /** Gives the node the height that the panel has now. */
  fit() {
    this.advanced.sockets?.arrange()
    this.element.style.setProperty("--ad-panel-height", `${this.height}px`)
    this.handle.hidden = this.body.hidden
    this.fold.textContent = this.body.hidden ? "\u25b8" : "\u25be"
    this.fold.disabled = !this.run
    this.fold.setAttribute("aria-expanded", String(!this.body.hidden))
    this.writeMore()
    fitHeight(this.node, this.element)
  }

  tabFor(name) {
    const text = name === "live" ? phrase("Masks") : phrase("Result")
    return button(text, text, () => this.open(name), { dataset: { view: name } })
  }

  /** Makes the panel so many pixels higher, for good. */
  grow(pixels) {
    const height = (this.memory.layout.height ?? HEIGHT.usual) + pixels
    this.memory.set({ height: Math.max(HEIGHT.least, Math.round(height)) })
    this.fit()
  }

  toggle() {
    this.body.hidden = !this.body.hidden
    this.memory.set({ folded: this.body.hidden })
    this.fit()
  }

  showMore() {
    this.advanced.toggle()
    this.fit()
  }

  writeMore() {
    this.more.textContent = this.advanced.text
    this.more.hidden = this.advanced.widgets.length === 0
    this.more.setAttribute("aria-expanded", String(Boolean(this.node.showAdvanced)))
  }

  /** Which objects are sampled, and how far: {label, first, last, count, step, steps}. */
  progressed(step) {
    this.progress.say(step)
    this.fit()
    hideCoreProgress(this.node)
  }

  /** The run has ended, for whatever reason. */
  stopped() {
    if (this.progress.element.hidden) return
    this.progress.stop()
    this.fit()
  }

  /** The node has failed; the sentence is the server's. */
  failed(sentence) {
    this.stopped()
    this.notices.show({ key: "error", text: sentence })
    void this.weights.refresh().catch(() => {})
    this.fit()
  }

  /** The node has run; its UI output says where the server keeps what it saw. */
  executed(output) {
    this.stopped()
    this.notices.clear("error")
    const run = runOf(output)
    if (!run) return
    this.memory.add(run)
    this.show(this.memory.runs)
  }

  /** What the last runs left before the page was loaded anew, or the node was brought back by undo. */
  async restore() {
    const available = await Promise.all(this.memory.runs.map(async ({ token }) => [token, await isAvailable(token)]))
    this.memory.forget(new Set(available.filter(([, yes]) => !yes).map(([token]) => token)))
    const { runs } = this.memory
    if (runs.length > 0) this.show(runs)
  }

  show(runs) {
    this.run = runs[0]
    this.empty = Boolean(this.run.report?.images.every((image) => image.objects.length === 0))
    this.body.hidden = this.memory.layout.folded === true
    this.line.hidden = true
    this.tabs.hidden = Object.keys(this.views).length < 2
    this.views.live?.show(this.run)
    if (this.run.report) this.views.result?.show(runs)
    this.open(this.run.report && this.views.result ? "result" : "live")
    this.fit()
  }

  open(name) {
    for (const tab of this.tabs.querySelectorAll("button")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.view === name))
    }
    this.body.replaceChildren(this.views[name].element)
  }

  widgetChanged(name) {
    if (name === "detector") this.weights.write()
    this.writeMore()
    const { live } = this.views
    if (!live?.run) return
    if (CHANGES_MASKS.includes(name) && !this.body.contains(live.element)) this.open("live")
    live.refresh()
  }

  /** What to try where no object is left to repair; `objects` are those that the masks' view knows. */
  help(objects) {
    const notice = this.helpFor(objects)
    if (notice) this.notices.show({ key: "help", ...notice })
    else this.notices.clear("help")
    this.fit()
  }

  helpFor(objects) {
    if (!this.run || objects.some((object) => object.selected)) return null
    const wanted = objects.filter((object) => object.place !== null)
    if (wanted.length > 0 && widgetNamed(this.node, "pick")?.value) {
      const text = phrase("{count} found, all left out by pick.", { count: wanted.length })
      return { text, actions: [{ text: phrase("Clear pick"), onclick: () => this.use({ pick: "" }) }] }
    }
    const text = objects.length
      ? phrase("{count} found, all left out: {reason}.", { count: objects.length, reason: objects[0].reason })
      : phrase("Nothing was found here. Lower the confidence, look for small objects, or try another detector.")
    return { text, actions: [...this.lowerConfidence(objects), ...this.lookCloser()] }
  }

  lowerConfidence(objects) {
    const now = widgetNamed(this.node, "confidence")?.value
    const best = Math.max(...objects.map((object) => object.score), LOW_CONFIDENCE)
    const confidence = Math.floor(100 * best) / 100
    if (now === undefined || confidence >= now) return []
    const onclick = () => this.use({ confidence }, objects.length === 0)
    return [{ text: phrase("Lower confidence to {confidence}", { confidence }), onclick }]
  }

  lookCloser() {
    if (widgetNamed(this.node, "scan")?.value !== "off") return []
    return [{ text: phrase("Look for small objects"), onclick: () => this.use({ scan: "2" }, true) }]
  }

  /** Sets widgets as the user would, and then queues the graph if `run`. */
  use(values, run = false) {
    for (const [name, value] of Object.entries(values)) setWidget(this.node, name, value)
    if (run) queue()
  }

  say(sentence) {
    if (sentence) this.notices.show({ key: "problem", text: sentence })
    else this.notices.clear("problem")
    this.fit()
  }
}

/** What a node's UI output says about its run; null if the server keeps nothing of it. */
export function runOf(output) {
  const run = output?.afterdetail?.[0]
  return run ? { ...run, notes: output.notes ?? [], report: output.report && readReport(output.report[0]) } : null
}

const firstWords = (live) =>
  live
    ? phrase("Run once to see what is found here.")
    : phrase("Run once to see here what was repaired.")
