"""Any detector on the picture turned by quarters as well, for objects that lie or stand on their head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from ..detailer.box import Box
from ..detailer.detection import Detection, Extent
from ..detailer.mask import MaskPatch
from .detector import Detector
from .scan import Hit, joined

QUARTER = 90


@dataclass(frozen=True)
class Turner:
    """A detector that looks at every picture in all four turns."""

    detector: Detector

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """Those of the detector; turned pictures need no others."""
        return self.detector.networks

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Detections of [B, H, W, 3] images in image pixels, each object once, best first."""
        height, width = images.shape[1:3]
        hits: list[list[Hit]] = [[] for _ in images]
        for turns in range(4):
            for found, detections in zip(
                hits, self.detector.detect(images.rot90(turns, (1, 2)), confidence), strict=True
            ):
                back = [_turned_back(detection, turns, height, width) for detection in detections]
                found += [Hit(detection, Box.of_size(width, height), turns) for detection in back]
        return [joined(found, lambda hit: True) for found in hits]


def _turned_back(detection: Detection, turns: int, height: int, width: int) -> Detection:
    """An object of a `height` x `width` image that was turned left `turns` times, where it lies in the image."""

    def back(extent: Extent) -> Extent:
        return extent_back(extent, turns, height, width)

    box = back(Extent(*map(float, detection.box))).rounded()
    mask = detection.mask and MaskPatch(box, detection.mask.values.rot90(-turns))
    head = detection.head and back(detection.head)
    roll = None if detection.roll is None else detection.roll + QUARTER * turns
    return replace(detection, box=box, extent=back(detection.extent), mask=mask, head=head, roll=roll)


def extent_back(extent: Extent, turns: int, height: int, width: int) -> Extent:
    """A rectangle of a `height` x `width` image that was turned left `turns` times, where it lies in the image."""
    (ax, ay), (bx, by) = (
        point_back(x, y, turns, height, width) for x, y in ((extent.x0, extent.y0), (extent.x1, extent.y1))
    )
    return Extent(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


def point_back(x: float, y: float, turns: int, height: int, width: int) -> tuple[float, float]:
    """The same of a point."""
    for turn in reversed(range(turns)):
        x, y = (width if turn % 2 == 0 else height) - y, x
    return x, y
