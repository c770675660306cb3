"""Detector for Impact Pack."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ..detailer.detection import Detections
from ..detectors.inference import Request, detect
from . import inputs
from .adapters.impact import ImpactDetector
from .image_checks import checked_image
from .preflight import problems
from .sockets import CATEGORY, BboxDetectorSocket, SegmDetectorSocket


class AfterDetailDetectorProvider(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailDetectorProvider",
            display_name="Detector for Impact Pack",
            category=CATEGORY,
            description="Lends one of this pack's detectors to the nodes of Impact Pack, such as FaceDetailer.",
            search_aliases=["UltralyticsDetectorProvider", "bbox detector", "segm detector", "FaceDetailer"],
            inputs=[
                inputs.detector(),
                io.Float.Input(
                    "confidence",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="The lowest threshold: a node of Impact Pack that asks for a lower one gets this one. "
                    "0 leaves it to those nodes. The detector's own lowest threshold applies besides.",
                ),
            ],
            outputs=[
                BboxDetectorSocket.Output(display_name="bbox_detector", tooltip="Objects as boxes."),
                SegmDetectorSocket.Output(
                    display_name="segm_detector", tooltip="Objects as outlines, or as boxes where a detector has none."
                ),
            ],
        )

    @classmethod
    def validate_inputs(cls, detector: str | None = None) -> bool | str:
        return problems(cls, detector=detector, download_missing=False)

    @classmethod
    def execute(cls, detector: str, confidence: float = 0.0) -> io.NodeOutput:
        def find(image: torch.Tensor, threshold: float) -> Detections:
            return detect(detector, checked_image(image), Request(max(threshold, confidence)))

        return io.NodeOutput(ImpactDetector(find, outlined=False), ImpactDetector(find, outlined=True))
