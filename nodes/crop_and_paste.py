"""Crop Regions and Paste Regions: any other nodes may stand between them."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ..detailer.blend import color_matched
from ..detailer.crop import accumulate, cut, paste
from ..detailer.planes import copied, zeros
from ..detailer.region import Regions
from ..detailer.resampling import resized
from . import inputs
from .image_checks import at_size_of, checked_image
from .sockets import CATEGORY, RegionsSocket

NO_CROP = (64, 64)
"""Size of the grey picture that stands for no crop: graphs cannot pass an empty batch. Paste Regions ignores it."""


class AfterDetailCrop(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailCrop",
            display_name="Crop Regions",
            category=CATEGORY,
            description="Cuts every region out, as one batch of crops of equal size for any other nodes.",
            search_aliases=["crop and stitch", "crop faces", "inpaint crop"],
            inputs=[inputs.image(), RegionsSocket.Input("regions")],
            outputs=[
                io.Image.Output(
                    display_name="crops",
                    tooltip="All crops, at the size that suits most of them. Without a region: one small grey picture.",
                ),
                io.Mask.Output(display_name="masks", tooltip="The soft mask of each crop."),
                RegionsSocket.Output(display_name="regions", tooltip="For Paste Regions."),
                io.Image.Output(
                    display_name="crop list",
                    is_output_list=True,
                    tooltip="The same crops one by one, for nodes that take a batch for the frames of one clip, such "
                    "as those of video models. Rebatch Images makes them a batch again for Paste Regions.",
                ),
                io.Mask.Output(display_name="mask list", is_output_list=True, tooltip="The mask of each of them."),
            ],
        )

    @classmethod
    def execute(cls, image: torch.Tensor, regions: Regions) -> io.NodeOutput:
        pictures = at_size_of(checked_image(image), regions)
        if not regions.items:
            grey, nothing = zeros((1, *NO_CROP, 3), image.device) + 0.5, zeros((1, *NO_CROP), image.device)
            return io.NodeOutput(grey, nothing, regions, [grey], [nothing])
        regions = regions.alike()
        crops = [cut(pictures[region.image_index], region) for region in regions.items]
        masks = [resized(region.window_alpha[None, ..., None], region.sampled_at)[..., 0] for region in regions.items]
        masks = [mask.to(pictures.device) for mask in masks]  # nodes such as VAE Encode (for Inpainting) mix the two
        return io.NodeOutput(torch.cat(crops), torch.cat(masks), regions, crops, masks)


class AfterDetailPaste(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailPaste",
            display_name="Paste Regions",
            category=CATEGORY,
            description="Puts crops back where they were cut, blended by their soft masks.",
            search_aliases=["crop and stitch", "stitch", "uncrop", "inpaint stitch"],
            inputs=[
                inputs.image(),
                RegionsSocket.Input("regions"),
                io.Image.Input("crops", tooltip="One crop per region, in the same order. Another size is resized."),
                inputs.color_match(),
            ],
            outputs=[
                io.Image.Output(display_name="image"),
                io.Mask.Output(display_name="mask", tooltip="The share of each pixel that was replaced."),
            ],
        )

    @classmethod
    def execute(
        cls, image: torch.Tensor, regions: Regions, crops: torch.Tensor, color_match: float = 0.0
    ) -> io.NodeOutput:
        original = at_size_of(checked_image(image), regions)
        if not regions.items:
            return io.NodeOutput(original, zeros(original.shape[:3], original.device))
        if len(checked_image(crops)) != len(regions.items):
            raise ValueError(
                f"There are {len(crops)} crops for {len(regions.items)} regions: the nodes in between must give back "
                "one picture for each crop, in the same order. A video VAE takes a batch for the frames of one clip: "
                "give it the crop list, and put Rebatch Images before crops."
            )
        canvas, alpha = copied(original), zeros(original.shape[:3], original.device)
        for region, crop in zip(regions.items, crops, strict=True):
            index = region.image_index
            paste(canvas[index], color_matched(crop[None, ..., :3], original[index], region, color_match), region)
            accumulate(alpha[index], region)
        return io.NodeOutput(canvas, alpha)
