import assert from "node:assert/strict"
import { test } from "node:test"
import { detectorOf, FACE_DETAILER, fromADetailer, fromImpact } from "../../web/js/migrate.mjs"

test("FaceDetailer's settings become After Detailer's", () => {
  const values = [512, true, 1024, 7, "fixed", 25, 6.5, "dpmpp_2m", "karras", 0.45, 5, true, true, 0.5, 10, 3]
  const named = Object.fromEntries(FACE_DETAILER.map((name, at) => [name, values[at]]))
  const { widgets, lost } = fromImpact({ ...named, cycle: 2, detector: "bbox/face_yolov8m.pt" })
  assert.deepEqual(widgets, {
    ...{ seed: 7, steps: 25, cfg: 6.5, sampler_name: "dpmpp_2m", scheduler: "karras", denoise: 0.45 },
    ...{ confidence: 0.5, mask_dilation: 10, mask_blur: 5, passes: 2, detector: "face_yolov8m" }
  })
  assert.deepEqual(lost, {})
})

test("what has no equivalent is named", () => {
  assert.deepEqual(fromImpact({ guide_size: 768, bbox_crop_factor: 3, drop_size: 40 }).lost, { guide_size: 768, drop_size: 40 })
})

test("adetailer's parameters become one set for each unit", () => {
  const text =
    'a woman\nSteps: 20, ADetailer model: face_yolov8n.pt, ADetailer prompt: "blue eyes, \\"sharp\\"", ADetailer confidence: 0.3, ' +
    "ADetailer dilate erode: 4, ADetailer mask blur: 4, ADetailer denoising strength: 0.4, ADetailer inpaint only masked: True, " +
    "ADetailer inpaint padding: 32, ADetailer model 2nd: hand_yolov8n.pt, ADetailer y offset 2nd: 5, ADetailer mask mode 2nd: Merge, " +
    "ADetailer ControlNet model 2nd: openpose, ADetailer version: 24.5.1"
  const [face, hand] = fromADetailer(text)
  assert.deepEqual(face.widgets, {
    ...{ detector: "face_yolov8n", confidence: 0.3, mask_dilation: 4, mask_blur: 4, denoise: 0.4, mask_padding: 32 }
  })
  assert.equal(face.prompt, 'blue eyes, "sharp"')
  assert.deepEqual(hand.widgets, { detector: "hand_yolov8n", y_offset: -5, union_masks: true })
  assert.deepEqual(hand.lost, { "ControlNet model": "openpose" })
  assert.deepEqual(fromADetailer("a face, Steps: 20"), [])
})

test("a setting that nobody knows is named, whatever it is called", () => {
  const [face] = fromADetailer("ADetailer model: face_yolov8n.pt, ADetailer constructor: 1")
  assert.deepEqual(face.lost, { constructor: "1" })
})

test("detectors are found by either name", () => {
  assert.equal(detectorOf("segm\\person_yolov8n-seg.pt"), "person_yolov8n-seg")
  assert.equal(detectorOf("mediapipe_face_mesh_eyes_only"), "eyes_mesh_mediapipe")
  assert.equal(detectorOf("mediapipe_face_full"), "face_full_mediapipe")
})
