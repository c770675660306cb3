"""Detections from Mask, Boxes and SEGS, and Detections to SEGS."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.detection import Detections
from . import inputs
from .adapters.boxes import from_bounding_boxes
from .adapters.masks import MaskCut, from_masks
from .adapters.segs import from_segs, to_segs
from .image_checks import checked_image, checked_size
from .notes import notes_ui
from .sockets import CATEGORY, DetectionsSocket


class AfterDetailFromMask(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailFromMask",
            display_name="Detections from Mask",
            category=CATEGORY,
            description="Makes objects of painted or computed masks, to be repaired like detected ones. Soft edges "
            "stay soft. Areas come top to bottom, whole masks in the order of the batch, all with score 1.",
            search_aliases=["mask to SEGS", "connected components", "split mask", "SAM"],
            inputs=[
                io.Mask.Input("mask", tooltip="One mask or a batch, painted, computed, soft, or a heat map."),
                io.Boolean.Input(
                    "split",
                    default=True,
                    optional=True,
                    tooltip="On: each connected area of a mask is an object; areas less than 4 px apart are one. "
                    "Off: each mask of the batch is one object, such as SAM's individual masks.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="What the masks belong to. One image: all masks are its objects. A batch: one mask for "
                    "all images, or one per image; any other number is an error, for nothing says which image a mask "
                    "belongs to. Not connected: each mask is that of an image of its own.",
                ),
                io.Float.Input(
                    "threshold",
                    default=MaskCut().threshold,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="The share of the mask's highest value from which on a pixel makes an object; its soft "
                    "edge stays soft. Higher separates areas that run into each other. 0: every pixel above 0, "
                    "the noise of a JPEG included.",
                ),
                io.Int.Input(
                    "min_area",
                    default=MaskCut().min_area,
                    min=0,
                    max=2**24,
                    optional=True,
                    tooltip="Leave out areas of fewer pixels than this: specks of the brush or of compression.",
                ),
            ],
            outputs=[DetectionsSocket.Output(display_name="detections")],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(cls, mask: torch.Tensor, image: torch.Tensor | None = None, **widgets: Any) -> io.NodeOutput:
        found = from_masks(mask, MaskCut(**widgets), image if image is None else checked_image(image))
        return io.NodeOutput(found, ui=notes_ui(found.notes))


class AfterDetailFromBoxes(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailFromBoxes",
            display_name="Detections from Boxes",
            category=CATEGORY,
            description="Makes objects of the boxes of ComfyUI's own detectors (RT-DETR, SAM3, MediaPipe, SDPose) or "
            "of boxes drawn by hand. The best score comes first; boxes without a score get 1.",
            search_aliases=["bbox to SEGS", "bounding box", "RT-DETR", "rtdetr", "SAM3", "SDPose"],
            inputs=[
                io.BoundingBox.Input(
                    "bboxes",
                    force_input=True,
                    tooltip="A box or a list of boxes counts for every image of the batch; lists of boxes count for "
                    "one image each. Labels and scores are kept.",
                ),
                inputs.image(),
            ],
            outputs=[DetectionsSocket.Output(display_name="detections")],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(cls, bboxes: Any, image: torch.Tensor) -> io.NodeOutput:
        count, height, width, _ = checked_image(image).shape
        found = from_bounding_boxes(bboxes, width, height, count)
        return io.NodeOutput(found, ui=notes_ui(found.notes))


class AfterDetailFromSEGS(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailFromSEGS",
            display_name="Detections from SEGS",
            category=CATEGORY,
            description="Makes objects of Impact Pack's SEGS, with their masks, labels and scores. "
            "The best score comes first.",
            search_aliases=["Impact Pack", "SEGS to detections"],
            inputs=[
                io.SEGS.Input(
                    "segs", tooltip="From any detector or filter of Impact Pack. Only masks, not its crops, are used."
                ),
                io.Image.Input(
                    "image", tooltip="The image the SEGS were made from. Every image of a batch gets the same objects."
                ),
            ],
            outputs=[DetectionsSocket.Output(display_name="detections")],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(cls, segs: Any, image: torch.Tensor) -> io.NodeOutput:
        count, height, width, _ = checked_image(image).shape
        found = from_segs(segs, width, height, count)
        return io.NodeOutput(found, ui=notes_ui(found.notes))


class AfterDetailToSEGS(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailToSEGS",
            display_name="Detections to SEGS",
            category=CATEGORY,
            description="Gives the objects of one image to Impact Pack's nodes. Put Rebatch Images with batch size 1 "
            "before the detector to do so for each image of a batch.",
            search_aliases=["Impact Pack", "detections to SEGS", "face detector SEGS"],
            inputs=[
                DetectionsSocket.Input("detections"),
                io.Image.Input("image", tooltip="The one image the objects were found in."),
                io.Float.Input(
                    "crop_factor",
                    default=3.0,
                    min=1.0,
                    max=100.0,
                    step=0.1,
                    optional=True,
                    tooltip="How much of the surroundings Impact Pack's nodes see: the crop is this many times as wide "
                    "and high as the object.",
                ),
            ],
            outputs=[io.SEGS.Output(display_name="segs")],
        )

    @classmethod
    def execute(cls, detections: Detections, image: torch.Tensor, crop_factor: float = 3.0) -> io.NodeOutput:
        checked_size(image, detections, "detections")
        return io.NodeOutput(to_segs(detections, image, crop_factor))
