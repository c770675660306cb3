"""The types of sockets that ComfyUI has no name for: this pack's own, and Impact Pack's."""

from comfy_api.latest import io

DetectionsSocket = io.Custom("AFTERDETAIL_DETECTIONS")
RegionsSocket = io.Custom("AFTERDETAIL_REGIONS")
SafetySocket = io.Custom("AFTERDETAIL_SAFETY")
BboxDetectorSocket = io.Custom("BBOX_DETECTOR")
SegmDetectorSocket = io.Custom("SEGM_DETECTOR")

CATEGORY = "afterdetail"
