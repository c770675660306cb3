"""Detect Objects and Filter Detections."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.box import Box
from ..detailer.detection import Detections
from ..detailer.selection import Selection, select, union_mask
from ..detectors.inference import detect
from . import inputs, watching
from .adapters.boxes import bounding_boxes
from .image_checks import checked_image, restriction
from .notes import notes_ui
from .preflight import problems
from .sockets import CATEGORY, DetectionsSocket
from .watching import NodeRun
from .widgets import Options


class AfterDetailDetect(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailDetect",
            display_name="Detect Objects",
            category=CATEGORY,
            description="Finds faces, hands or people in every image of a batch.",
            search_aliases=["face detector", "adetailer", "bbox detector", "yolo", "mediapipe"],
            inputs=[
                inputs.image(),
                inputs.detector(),
                inputs.confidence(),
                *inputs.selection(),
                io.Mask.Input(
                    "only_inside",
                    optional=True,
                    tooltip="Keep only objects that lie at least half inside this mask. An empty mask, as Load "
                    "Image gives for a picture without transparency, is ignored.",
                ),
                inputs.scan(),
                inputs.download_missing(),
                inputs.pick(),
            ],
            outputs=[
                DetectionsSocket.Output(display_name="detections"),
                io.Mask.Output(display_name="mask", tooltip="All objects of each image in one mask."),
                io.BoundingBox.Output(
                    display_name="bboxes", tooltip="The boxes of each image, for ComfyUI's own nodes."
                ),
                io.Int.Output(display_name="count", tooltip="How many objects were found in all images."),
            ],
            has_intermediate_output=True,
        )

    @classmethod
    def validate_inputs(
        cls,
        detector: str | None = None,
        download_missing: bool | None = False,
        min_area: float | None = None,
        max_area: float | None = None,
        labels: str | None = None,
    ) -> bool | str:
        areas = {"min_area": min_area, "max_area": max_area}
        return problems(cls, detector=detector, download_missing=download_missing, labels=labels, **areas)

    @classmethod
    def execute(
        cls, image: torch.Tensor, detector: str, only_inside: torch.Tensor | None = None, **widgets: Any
    ) -> io.NodeOutput:
        options = Options(cls, widgets)
        inside, ignored = restriction("only_inside", only_inside, checked_image(image))
        detected = detect(detector, image, options.detecting(watching.lowest_confidence()))
        found = select(detected.noting(*ignored), options.selection(), inside)
        plane = Box.of_size(found.width, found.height)
        masks = torch.stack([union_mask(objects, plane) for objects in found.images])
        ui = watching.record(NodeRun(cls, options.values, detected, image, inside=inside)) | notes_ui(found.notes)
        return io.NodeOutput(found, masks.to(image.device), bounding_boxes(found), found.count, ui=ui)


class AfterDetailFilter(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailFilter",
            display_name="Filter Detections",
            category=CATEGORY,
            description="Keeps some of the detected objects and puts them in order.",
            search_aliases=["pick faces", "largest face", "SEGS filter"],
            inputs=[
                DetectionsSocket.Input("detections"),
                inputs.confidence(Selection.confidence),
                *inputs.selection(),
                inputs.pick(),
            ],
            outputs=[DetectionsSocket.Output(display_name="detections"), io.Int.Output(display_name="count")],
            has_intermediate_output=True,
        )

    @classmethod
    def validate_inputs(
        cls, pick: str | None = None, min_area: float | None = None, max_area: float | None = None
    ) -> bool | str:
        return problems(cls, pick=pick, min_area=min_area, max_area=max_area)

    @classmethod
    def execute(cls, detections: Detections, **widgets: Any) -> io.NodeOutput:
        options = Options(cls, widgets)
        selected = select(detections, options.selection())
        return io.NodeOutput(selected, selected.count, ui=notes_ui(selected.notes, detections.notes))
