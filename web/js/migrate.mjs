/** Other detailers' settings as those of After Detailer. Pure: no page is needed. See docs/migrating.md. */

const SAMPLING = [
  ...["guide_size", "guide_size_for", "max_size", "seed", "control_after_generate", "steps", "cfg", "sampler_name"],
  ...["scheduler", "denoise", "feather", "noise_mask", "force_inpaint"]
]
const DETECTING = [
  ...["bbox_threshold", "bbox_dilation", "bbox_crop_factor", "sam_detection_hint", "sam_dilation", "sam_threshold"],
  ...["sam_bbox_expansion", "sam_mask_hint_threshold", "sam_mask_hint_use_negative", "drop_size"]
]
const REPAIRING = ["wildcard", "cycle", "inpaint_model", "noise_mask_feather"]
/** The widgets of two of Impact Pack's nodes, in the order in which workflows save them. */
export const FACE_DETAILER = [...SAMPLING, ...DETECTING, ...REPAIRING]
export const DETAILER_FOR_EACH = [...SAMPLING, ...REPAIRING]

const SAME = ["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"]
/** Impact Pack's name -> ours, where the number means the same. */
const IMPACT = { bbox_threshold: "confidence", bbox_dilation: "mask_dilation", feather: "mask_blur", cycle: "passes" }
/** What Impact Pack has and this pack does otherwise: said if it is not what Impact Pack begins with. */
const NO_EQUIVALENT = {
  guide_size: 512,
  max_size: 1024,
  bbox_crop_factor: 3,
  drop_size: 10,
  sam_dilation: 0,
  sam_threshold: 0.93,
  sam_bbox_expansion: 0,
  noise_mask_feather: 20
}

/** {widgets, lost}: values for After Detailer, and the settings (name -> value) that have no equivalent. */
export function fromImpact(values) {
  const widgets = {}
  for (const name of SAME) if (values[name] !== undefined) widgets[name] = values[name]
  for (const [theirs, ours] of Object.entries(IMPACT)) if (values[theirs] !== undefined) widgets[ours] = values[theirs]
  if (values.inpaint_model) widgets.inpaint_model = true
  if (values.wildcard) widgets.object_prompts = values.wildcard
  if (values.detector) widgets.detector = detectorOf(values.detector)
  const lost = {}
  for (const [name, usual] of Object.entries(NO_EQUIVALENT)) {
    if (values[name] !== undefined && values[name] !== usual) lost[name] = values[name]
  }
  return { widgets, lost }
}

/** adetailer's name -> ours, and how its text becomes our value. */
const ADETAILER = {
  model: ["detector", detectorOf],
  confidence: ["confidence", Number],
  "dilate erode": ["mask_dilation", Number],
  "dilate/erode": ["mask_dilation", Number],
  "mask blur": ["mask_blur", Number],
  "denoising strength": ["denoise", Number],
  "inpaint padding": ["mask_padding", Number],
  "x offset": ["x_offset", Number],
  "y offset": ["y_offset", (text) => -Number(text)],
  "mask only top k largest": ["max_num_detections", Number],
  "mask only top k": ["max_num_detections", Number],
  steps: ["steps", Number],
  "CFG scale": ["cfg", Number],
  "noise multiplier": ["noise_multiplier", Number]
}
/** Said by others of adetailer's settings, or without effect. */
const SILENT = ["version", "inpaint only masked", "use separate steps", "use separate CFG scale", "use separate noise multiplier"]

/** One {widgets, lost, prompt, negative} for each of adetailer's units in the parameters of a picture; [] without any. */
export function fromADetailer(text) {
  const units = new Map()
  const pairs = text.matchAll(/ADetailer ([^:,"]+?)(?: (2nd|3rd|\d+th))?: ("(?:[^"\\]|\\.)*"|[^,\n]*)/g)
  for (const [, name, unit = "1st", raw] of pairs) {
    if (!units.has(unit)) units.set(unit, { widgets: {}, lost: {}, prompt: "", negative: "" })
    const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw.trim()
    read(units.get(unit), name, value)
  }
  return [...units.values()].filter((unit) => unit.widgets.detector)
}

function read(unit, name, value) {
  if (Object.hasOwn(ADETAILER, name)) {
    const [ours, valueOf] = ADETAILER[name]
    unit.widgets[ours] = valueOf(value)
  } else if (name === "prompt") unit.prompt = value
  else if (name === "negative prompt") unit.negative = value
  else if (name === "mask mode" || name === "mask merge/invert" || name === "mask merge invert") {
    if (value.includes("Merge")) unit.widgets.union_masks = true
    if (value.includes("Invert")) unit.widgets.invert = true
  } else if (!SILENT.includes(name)) unit.lost[name] = value
}

/** "bbox/face_yolov8n.pt" and "face_yolov8n.pt" -> the detector of that name; mediapipe's names are ours turned round. */
export function detectorOf(name) {
  const plain = name.replace(/^.*[\\/]/, "").replace(/\.(pt|safetensors|onnx)$/, "")
  const turned = /^mediapipe_(face_full|face_short|face_mesh)(?:_eyes_only)?$/.exec(plain)
  if (plain === "mediapipe_face_mesh_eyes_only") return "eyes_mesh_mediapipe"
  return turned ? `${turned[1]}_mediapipe` : plain
}
