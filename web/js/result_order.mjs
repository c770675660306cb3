/** In which order an app's result area hears of its pictures.
 *
 * It shows the one that it heard of last. A detailer runs before its picture is saved, but of one whose result was kept
 * from before, ComfyUI tells only after all that ran: what the others have is held back until then.
 */
import { app } from "../../../scripts/app.js"
import { api } from "../../../scripts/api.js"

/** ComfyUI's events of which one ends a run. */
export const RUN_ENDS = ["execution_success", "execution_error", "execution_interrupted"]

/** isDetailer: whether a node makes the picture of before and after. */
export function orderResults(isDetailer) {
  const waitingFor = new Set()
  const held = []
  const on = (event, hear) => api.addEventListener(event, hear, { capture: true }) // before all others, the page's too

  function release() {
    waitingFor.clear()
    for (const detail of held.splice(0)) api.dispatchEvent(new CustomEvent("executed", { detail }))
  }

  on("execution_cached", ({ detail }) => {
    for (const id of shownIds()) {
      if (detail.nodes.includes(id) && isDetailer(app.rootGraph.getNodeById(id))) waitingFor.add(id)
    }
  })
  on("executed", (event) => {
    const id = String(event.detail.display_node ?? event.detail.node)
    if (waitingFor.delete(id)) {
      if (!waitingFor.size) queueMicrotask(release) // once the others have heard of this one
    } else if (waitingFor.size && shownIds().includes(id)) {
      event.stopImmediatePropagation()
      held.push(event.detail)
    }
  })
  for (const end of RUN_ENDS) on(end, release)
}

const shownIds = () => (app.rootGraph.extra?.linearData?.outputs ?? []).map(String)
