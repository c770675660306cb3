"""A detector that Impact Pack's nodes can call: its BBOX_DETECTOR and SEGM_DETECTOR."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from ...detailer.box import Box
from ...detailer.detection import Detection, Detections
from ...detailer.mask import MaskPatch, dilate, union
from .segs import Segs, checked_single, crop_region, seg_of


class ImpactDetector:
    """`find` detects objects in images at a threshold; `outlined` gives their masks instead of their boxes.

    Names and order of the arguments below are Impact Pack's, whose nodes pass all of them by position.
    """

    def __init__(self, find: Callable[[torch.Tensor, float], Detections], outlined: bool):
        self.find = find
        self.outlined = outlined

    def detect(
        self,
        image: torch.Tensor,
        threshold: float,
        dilation: int,
        crop_factor: float,
        drop_size: int = 1,
        detailer_hook: Any = None,
    ) -> Segs:
        """The objects more than `drop_size` px wide and high, masks dilated. The hook may move crops and edit SEGS."""
        _, height, width, _ = image.shape
        pixels = image[..., :3].float()
        items = []
        for found, mask in self._objects(image, threshold, dilation):
            if min(found.box.width, found.box.height) <= max(drop_size, 1):
                continue
            region = crop_region(found.box, crop_factor, width, height)
            if detailer_hook is not None:
                moved = detailer_hook.post_crop_region(width, height, list(found.box), list(region))
                region = Box(*map(int, moved))
            items.append(seg_of(found, mask, region, pixels))
        segs = (height, width), items
        if detailer_hook is not None and hasattr(detailer_hook, "post_detection"):
            return detailer_hook.post_detection(segs)
        return segs

    def detect_combined(self, image: torch.Tensor, threshold: float, dilation: int) -> torch.Tensor:
        """All dilated masks in one: float [H, W]."""
        canvas = Box.of_size(image.shape[2], image.shape[1])
        masks = [mask for _, mask in self._objects(image, threshold, dilation)]
        return union(masks).on(canvas).clone() if masks else torch.zeros(canvas.height, canvas.width)

    def setAux(self, x: Any) -> None:
        """Impact Pack names here what to look for; these detectors look for one thing only."""

    def _objects(self, image: torch.Tensor, threshold: float, dilation: int) -> Iterator[tuple[Detection, MaskPatch]]:
        checked_single(len(image))
        canvas = Box.of_size(image.shape[2], image.shape[1])
        (objects,) = self.find(image, threshold).images
        for found in objects:
            mask = found.patch if self.outlined else MaskPatch.filled(found.box)
            yield found, dilate(mask, canvas, dilation)
