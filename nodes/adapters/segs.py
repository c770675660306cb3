"""Impact Pack's SEGS: ((height, width), [SEG, ...]), the objects of one image."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from ...detailer.box import Box
from ...detailer.detection import Detection, Detections, Extent
from ...detailer.mask import MaskPatch
from .masks import unless_full


class SEG(NamedTuple):
    """The fields of Impact Pack's SEG, which its nodes read by name. Boxes are x0, y0, x1, y1 in pixels.

    `cropped_image` [1, h, w, 3] and `cropped_mask` [h, w] have the size of `crop_region`.
    """

    cropped_image: torch.Tensor | None
    cropped_mask: np.ndarray
    confidence: float
    crop_region: list[int]
    bbox: list[int]
    label: str
    control_net_wrapper: Any = None


Segs = tuple[tuple[int, int], list[SEG]]


def to_segs(detections: Detections, image: torch.Tensor, crop_factor: float) -> Segs:
    """The objects of the one image they were found in; each crop is `crop_factor` times the object's box."""
    checked_single(len(image))
    width, height, pixels = detections.width, detections.height, image[..., :3].float()
    items = [
        seg_of(found, found.patch, crop_region(found.box, crop_factor, width, height), pixels)
        for found in detections.images[0]
    ]
    return (height, width), items


def from_segs(segs: Any, width: int, height: int, count: int) -> Detections:
    """The objects of SEGS in each of `count` images. Boxes grow to hold what a mask has outside its bbox."""
    (segs_height, segs_width), items = segs
    if (segs_width, segs_height) != (width, height):
        raise ValueError(
            f"The SEGS were made for an image of {segs_width}x{segs_height} and this one is {width}x{height}: "
            "connect the image that they were made from."
        )
    found = [_object_of(seg, place, Box.of_size(width, height)) for place, seg in enumerate(items)]
    outside = [f"SEG {i} lies outside the {width}x{height} pixels: left out." for i, d in enumerate(found) if not d]
    inside = tuple(d for d in found if d)
    return Detections(width, height, (inside,) * count, "SEGS").ranked().noting(*outside)


def checked_single(count: int) -> None:
    """ValueError for a batch, which SEGS have no place for."""
    if count != 1:
        raise ValueError(
            f"SEGS hold the objects of one image, and this is a batch of {count}: put Rebatch Images with batch size 1 "
            "before the detector, so that each image runs by itself."
        )


def crop_region(box: Box, factor: float, width: int, height: int) -> Box:
    """The box at `factor` times its size, slid into the image."""
    return box.grown_to(round(box.width * factor), round(box.height * factor)).slid_inside(width, height)


def seg_of(detection: Detection, mask: MaskPatch, region: Box, image: torch.Tensor) -> SEG:
    """One object in Impact Pack's form, its crop cut from the [1, H, W, C] image."""
    rows, columns = region.slices
    return SEG(
        cropped_image=image[:, rows, columns].clone(),
        cropped_mask=mask.on(region).float().cpu().clone().numpy(),
        confidence=detection.score,
        crop_region=list(region),
        bbox=list(detection.box),
        label=detection.label,
    )


def _object_of(seg: Any, place: int, image: Box) -> Detection | None:
    """The object that a SEG of Impact Pack or of any pack with the same fields describes; None if it is outside."""
    mask = _patch_of(seg, place)
    support = mask.trimmed()
    extent = Extent(*map(float, seg.bbox))
    parts = [extent.rounded().intersection(image), *([support.box.intersection(image)] if support else [])]
    parts = [part for part in parts if part.width > 0 and part.height > 0]
    if not parts:
        return None
    box = Box.union(parts)
    return Detection(box, float(seg.confidence), str(seg.label), extent, unless_full(MaskPatch(box, mask.on(box))))


def _patch_of(seg: Any, place: int) -> MaskPatch:
    """The SEG's mask where it lies in the image."""
    mask = torch.as_tensor(seg.cropped_mask).float().cpu().clamp(0, 1)
    region = Box(*map(int, seg.crop_region))
    while mask.ndim > 2 and len(mask) == 1:
        mask = mask[0]
    if mask.shape != (region.height, region.width):
        raise ValueError(
            f"The mask of SEG {place} has shape {list(mask.shape)} and its crop region is {region.size}: "
            "check the node that the SEGS come from."
        )
    return MaskPatch(region, mask)
