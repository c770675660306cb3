/** The form of a workflow in ComfyUI's App mode, in plain words of the page's language. */
import { app } from "../../../scripts/app.js"
import { widgetNamed } from "./node.mjs"
import { phrase } from "./words.mjs"

/** Node -> widget -> what a person who has never seen a graph calls it. */
const labels = () => ({
  LoadImage: { image: phrase("Picture") },
  CheckpointLoaderSimple: { ckpt_name: phrase("Checkpoint") },
  CLIPTextEncode: { text: phrase("What it should look like") },
  AfterDetailStylePreset: { prompt: phrase("What it should look like") },
  AfterDetail: { detector: phrase("What to fix"), denoise: phrase("Strength"), afterdetail_panel: phrase("Before and after") },
  AfterDetailInpaint: { denoise: phrase("Strength"), afterdetail_panel: phrase("Before and after") }
})

/** Names the widgets that the form of one of this pack's own workflows asks for; others keep their names. */
export function labelForm() {
  const { extra, nodes } = app.rootGraph ?? app.graph
  if (!extra?.afterdetail?.form) return
  for (const [id, name] of extra.linearData?.inputs ?? []) {
    const node = nodes.find((item) => String(item.id) === String(id).split(":").at(-1))
    const item = node && widgetNamed(node, name)
    const label = labels()[node?.type]?.[name]
    if (!item || !label) continue
    item.label = label
    const socket = node.inputs?.find((input) => input.widget?.name === name)
    if (socket) socket.label = label
  }
}
