"""Mask Regions."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ..detailer.crop import accumulate
from ..detailer.detection import Detections
from ..detailer.planes import zeros
from ..detailer.region import Regions, make_regions
from ..detailer.report import DetailReport
from ..detailer.selection import select
from ..detailer.settings import FitSettings, MaskSettings
from ..detectors.inference import with_rolls
from . import inputs, watching
from .image_checks import checked_size
from .notes import notes_ui
from .preflight import problems
from .sockets import CATEGORY, DetectionsSocket, RegionsSocket
from .watching import NodeRun
from .widgets import Options


class AfterDetailRegions(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailRegions",
            display_name="Mask Regions",
            category=CATEGORY,
            description="Gives every detected object a soft mask, and the window of the image it is repaired in.",
            search_aliases=["crop region", "mask dilation", "mask blur", "inpaint padding"],
            inputs=[
                inputs.image(),
                DetectionsSocket.Input("detections"),
                *inputs.masks(),
                inputs.resolution(),
                inputs.base_model(),
                *inputs.placement(),
                inputs.upscale(),
                inputs.pick(),
                *inputs.coverage(),
            ],
            outputs=[
                RegionsSocket.Output(display_name="regions"),
                io.Mask.Output(display_name="mask", tooltip="The soft masks of each image together."),
            ],
            has_intermediate_output=True,
        )

    @classmethod
    def validate_inputs(cls, resolution: str | None = None, pick: str | None = None) -> bool | str:
        return problems(cls, resolution=resolution, pick=pick)

    @classmethod
    def execute(cls, image: torch.Tensor, detections: Detections, **widgets: Any) -> io.NodeOutput:
        checked_size(image, detections, "detections")
        options = Options(cls, widgets)
        detections = with_rolls(image, detections) if options["upright"] else detections
        selected = select(detections, options.selection())
        masks, fitting = options.settings(MaskSettings), options.settings(FitSettings)
        regions = make_regions(selected, masks, fitting, options["upscale"])
        ui = watching.record(NodeRun(cls, options.values, detections, image))
        ui |= notes_ui(DetailReport.of(regions).notes, detections.notes)
        return io.NodeOutput(regions, combined_alpha(regions).to(image.device), ui=ui)


def combined_alpha(regions: Regions) -> torch.Tensor:
    """[B, H, W]: the share of each pixel that pasting all regions would replace."""
    alpha = zeros((len(regions.detections.images), regions.image.height, regions.image.width))
    for region in regions.items:
        accumulate(alpha[region.image_index], region)
    return alpha
