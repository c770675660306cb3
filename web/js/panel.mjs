/** The element on a node: its live view, its result, its progress, and what there is to say. */
import { element } from "./dom.mjs"
import { LiveView } from "./live_view.mjs"
import { hideCoreProgress, keyOf, makeRoom, place, savedRecord, saveRecord, watchWidgets } from "./node.mjs"
import { Progress } from "./progress.mjs"
import { ResultView } from "./result_view.mjs"
import { isAvailable } from "./server.mjs"
import { phrase } from "./words.mjs"

const NAME = "afterdetail_panel"
const EMPTY_HEIGHT = 48
const FULL_HEIGHT = { live: 380, result: 470 }
const WIDTH = 340
const PROGRESS_HEIGHT = 84

export class Panel {
  constructor(node, { live, result }) {
    this.node = node
    this.tokens = new Set()
    this.progress = new Progress()
    this.message = element("p", { className: "ad-message", role: "status", textContent: firstWords(live) })
    this.views = {}
    if (live) this.views.live = new LiveView(node, (sentence) => this.say(sentence))
    if (result) this.views.result = new ResultView()
    this.tabs = element("div", { className: "ad-tabs", role: "group", hidden: true, aria: { label: phrase("View") } })
    this.tabs.append(...Object.keys(this.views).map((name) => this.tabFor(name)))
    this.body = element("div", { className: "ad-body", hidden: true })
    this.element = element("div", { className: "ad-panel" }, this.progress.element, this.message, this.tabs, this.body)
    watchWidgets(node, () => this.widgetChanged())
    node.onDrawBackground = () => {} // where ComfyUI draws the live picture, in the classic renderer
    this.full = result ? FULL_HEIGHT.result : FULL_HEIGHT.live
    place(node, NAME, this.element, () => this.height)
  }

  get height() {
    return (this.body.hidden ? EMPTY_HEIGHT : this.full) + (this.progress.element.hidden ? 0 : PROGRESS_HEIGHT)
  }

  tabFor(name) {
    const text = name === "live" ? phrase("Masks") : phrase("Result")
    const tab = element("button", { type: "button", textContent: text, onclick: () => this.open(name) })
    tab.dataset.view = name
    return tab
  }

  /** Which objects are sampled, and how far: {label, first, last, count, step, steps}. */
  progressed(step) {
    const first = this.progress.element.hidden
    this.progress.say(step)
    if (first) makeRoom(this.node, WIDTH, this.element)
    hideCoreProgress(this.node)
  }

  /** The node has run; its UI output says where the server keeps what it saw. */
  executed(output) {
    this.progress.stop()
    const run = output?.afterdetail?.[0]
    if (!run) return
    const report = output.report && readReport(output.report[0])
    this.show({ run, report: report && sized(report, run) })
    saveRecord(this.node, this.record)
  }

  /** What the last run left before the page was loaded anew. */
  async restore() {
    const record = savedRecord(this.node)
    if (record && (await isAvailable(record.run.token))) this.show(record)
  }

  show(record) {
    this.record = record
    this.key = keyOf(this.node)
    this.tokens.add(record.run.token)
    this.say(null)
    const first = this.body.hidden
    this.body.hidden = false
    this.tabs.hidden = Object.keys(this.views).length < 2
    this.views.live?.show(record.run)
    if (record.report) this.views.result?.show(record.run, record.report)
    this.open(record.report && this.views.result ? "result" : "live")
    if (first) makeRoom(this.node, WIDTH, this.element)
  }

  open(name) {
    for (const tab of this.tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.view === name))
    this.body.replaceChildren(this.views[name].element)
  }

  widgetChanged() {
    const { live } = this.views
    if (!live?.run) return
    if (!this.body.contains(live.element)) this.open("live")
    live.refresh()
  }

  say(sentence) {
    this.message.hidden = !sentence
    this.message.textContent = sentence ?? ""
  }
}

const firstWords = (live) =>
  live
    ? phrase("Run once to see what is found here. After that, the widgets show their effect at once.")
    : phrase("Run once to see here what was repaired.")

/** Seeds as text: JSON.parse would round those beyond 2^53. */
function readReport(json) {
  return JSON.parse(json.replace(/"seed": (\d+)/g, '"seed": "$1"'))
}

/** The report with each image's size. */
function sized(report, { width, height }) {
  return { ...report, images: report.images.map((image) => ({ ...image, width, height })) }
}
