/** The pack's routes. A refusal is an Error whose message is the server's sentence. */
import { api } from "../../../scripts/api.js"

/** The objects and the mask of a run under other widget values. */
export async function preview(token, image, widgets) {
  return (await post("/afterdetail/preview", { token, image, widgets })).json()
}

export function pictureUrl(token, side, image) {
  return api.apiURL(`/afterdetail/preview/${token}/${side}/${image}`)
}

/** Whether the server still has the snapshot of a run. */
export async function isAvailable(token) {
  const answer = await api.fetchApi(`/afterdetail/preview/${token}`)
  return answer.ok && (await answer.json()).available
}

export async function release(token) {
  await api.fetchApi(`/afterdetail/preview/${token}`, { method: "DELETE" })
}

/** [{name, prompt, negative_prompt}]: the two texts in every style. */
export async function styled(prompt, negativePrompt) {
  return (await post("/afterdetail/styles", { prompt, negative_prompt: negativePrompt })).json()
}

/** Detector -> what is known of the weights it lacks. */
export async function missingWeights() {
  return (await checked(await api.fetchApi("/afterdetail/weights"))).json()
}

/** Starts the download of a detector's weights. */
export async function download(detector) {
  await post(`/afterdetail/weights/${detector}`, {})
}

/** {done, total, ended, problem} of a download. */
export async function downloadState(detector) {
  return (await checked(await api.fetchApi(`/afterdetail/weights/${detector}`))).json()
}

export async function cancelDownload(detector) {
  await api.fetchApi(`/afterdetail/weights/${detector}`, { method: "DELETE" })
}

async function post(route, body) {
  return checked(
    await api.fetchApi(route, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body)
    })
  )
}

async function checked(answer) {
  if (!answer.ok) throw Object.assign(new Error(await answer.text()), { gone: answer.status === 410 })
  return answer
}
