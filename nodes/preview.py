"""Preview Detections."""

from __future__ import annotations

import torch
from comfy_api.latest import io, ui

from ..detailer.detection import Detections
from ..detailer.region import Regions
from . import inputs
from .image_checks import checked_image, placed
from .overlay import draw_objects, draw_regions
from .sockets import CATEGORY, DetectionsSocket, RegionsSocket


class AfterDetailPreview(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailPreview",
            display_name="Preview Detections",
            category=CATEGORY,
            description="Draws boxes, scores, soft masks and crop windows over the image.",
            search_aliases=["show boxes", "SEGS preview", "draw bounding boxes"],
            inputs=[
                inputs.image(),
                DetectionsSocket.Input("detections", optional=True, tooltip="Draws boxes, masks, labels and scores."),
                RegionsSocket.Input(
                    "regions", optional=True, tooltip="Draws soft masks, crop windows and their sizes."
                ),
            ],
            outputs=[io.Image.Output(display_name="image")],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls, image: torch.Tensor, detections: Detections | None = None, regions: Regions | None = None
    ) -> io.NodeOutput:
        pictures, objects = placed(checked_image(image)[..., :3].float().cpu(), detections, regions)
        if regions is not None:
            pictures = draw_regions(pictures, regions)
        if objects is not None:
            pictures = draw_objects(pictures, objects, tint=regions is None)
        return io.NodeOutput(pictures.to(image.device), ui=ui.PreviewImage(pictures, cls=cls))
