"""Images with objects in known places, for tests of what happens to them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings

SIDE = 30
CELL = 96


def grid_image(count: int, seed: int = 0) -> torch.Tensor:
    """A smooth random picture with room for `count` objects in a row, [1, 96, 96 * count, 3]."""
    coarse = torch.rand(1, 3, 12, 12 * count, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, (CELL, CELL * count), mode="bicubic").clamp(0, 1).movedim(1, -1).contiguous()


def grid_objects(count: int, labels: Sequence[str] = ("face",)) -> Detections:
    """One 30 px box in the middle of each cell."""
    found = []
    for index in range(count):
        x, y = index * CELL + (CELL - SIDE) // 2, (CELL - SIDE) // 2
        box = Box(x, y, x + SIDE, y + SIDE)
        label = labels[index % len(labels)]
        found.append(Detection(box, 0.9 - index / 100, label, Extent(*map(float, box)), index=index, number=index))
    return Detections(CELL * count, CELL, (tuple(found),))


def grid_regions(detections: Detections, masks: MaskSettings | None = None) -> Regions:
    """Windows of 64 px: latents of 8 cells, so that sampling takes milliseconds."""
    return make_regions(detections, masks or MaskSettings(3, 2, 11), FitSettings("off", "sd15"))


def without(detections: Detections, index: int) -> Detections:
    """The same objects but one."""
    return detections.with_images([d for d in found if d.index != index] for found in detections.images)


def psnr(a: torch.Tensor, b: torch.Tensor) -> float:
    """Decibels, for values in 0..1."""
    return float(-10 * torch.log10(((a.float() - b.float()) ** 2).mean().clamp(min=1e-14)))


def cell(image: torch.Tensor, index: int) -> torch.Tensor:
    """What belongs to one object of a grid."""
    return image[:, :, index * CELL : (index + 1) * CELL]
