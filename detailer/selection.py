"""Which of the detected objects are kept, and in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from .box import Box
from .detection import Detection, Detections
from .mask import MaskPatch

SortBy = Literal["confidence", "area", "left to right", "top to bottom", "center"]
SORT_ORDERS: tuple[SortBy, ...] = get_args(SortBy)

INSIDE_SHARE = 0.5
"""An object counts as inside a mask if at least this share of it lies there."""


@dataclass(frozen=True)
class Selection:
    """What to keep. Objects are sorted first, so `max_num_detections` with "area" keeps the largest.

    `min_area` and `max_area` are shares of the image; `labels` a comma list of class names, empty for all; `pick`
    0-based places in the sorted order ("0, 2-4"), empty for all; `max_num_detections` 0 for all.
    """

    confidence: float = 0.0
    max_num_detections: int = 0
    sort_by: SortBy = "confidence"
    min_area: float = 0.0
    max_area: float = 1.0
    labels: str = ""
    pick: str = ""

    def __post_init__(self) -> None:
        if self.sort_by not in SORT_ORDERS:
            raise ValueError(f"sort_by is {self.sort_by!r}: use one of {', '.join(SORT_ORDERS)}.")
        if self.max_num_detections < 0:
            raise ValueError(f"max_num_detections is {self.max_num_detections}: use 0 for all, or a number above it.")
        if self.min_area > self.max_area:
            raise ValueError(f"min_area {self.min_area} is above max_area {self.max_area}: no object can be both.")


def select(detections: Detections, selection: Selection, inside: torch.Tensor | None = None) -> Detections:
    """The detections that `selection` keeps, in its order. `inside`: masks [B or 1, H, W] that objects must lie in."""
    image = Box.of_size(detections.width, detections.height)
    picked = parse_pick(selection.pick)
    images = []
    for index, found in enumerate(detections.images):
        kept = [d for d in found if _wanted(d, selection, image.area)]
        if inside is not None:
            mask = inside[index % len(inside)]
            kept = [d for d in kept if _share_inside(d, mask) >= INSIDE_SHARE]
        kept.sort(key=_sort_key(selection.sort_by, image))
        if picked is not None:
            kept = [d for place, d in enumerate(kept) if any(place in places for places in picked)]
        images.append(kept[: selection.max_num_detections or None])
    return detections.with_images(images)


def parse_pick(text: str) -> list[range] | None:
    """The places named by "0, 2-4"; None for an empty text, which means all of them."""
    if not text.strip():
        return None
    picked = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if not match:
            raise ValueError(f"pick is {text!r}: write places and ranges from 0 on, such as 0, 2-4.")
        first, last = int(match[1]), int(match[2] or match[1])
        picked.append(range(first, last + 1))
    return picked


def union_mask(found: Sequence[Detection], image: Box) -> torch.Tensor:
    """The masks of one image's objects joined by maximum: float [image.height, image.width]."""
    plane = torch.zeros(image.height, image.width)
    for detection in found:
        view = plane[detection.box.slices]
        if detection.mask is None:
            view.fill_(1)
        else:
            torch.maximum(view, detection.mask.to(view), out=view)
    return plane


def _wanted(detection: Detection, selection: Selection, image_area: int) -> bool:
    labels = {label.strip().casefold() for label in selection.labels.split(",") if label.strip()}
    share = detection.box.area / image_area
    return (
        detection.score >= selection.confidence
        and selection.min_area <= share <= selection.max_area
        and (not labels or detection.label.casefold() in labels)
    )


def _share_inside(detection: Detection, mask: torch.Tensor) -> float:
    own = MaskPatch.filled(detection.box).values if detection.mask is None else detection.mask
    overlap = own.to(mask.device) * (mask[detection.box.slices] > 0.5)
    return float(overlap.sum() / own.sum().clamp(min=1e-9))


def _sort_key(sort_by: SortBy, image: Box) -> Callable[[Detection], float]:
    def distance_to_center(d: Detection) -> float:
        return math.hypot(d.box.x0 + d.box.x1 - image.width, d.box.y0 + d.box.y1 - image.height)

    keys: dict[SortBy, Callable[[Detection], float]] = {
        "confidence": lambda d: -d.score,
        "area": lambda d: -d.box.area,
        "left to right": lambda d: d.box.x0 + d.box.x1,
        "top to bottom": lambda d: d.box.y0 + d.box.y1,
        "center": distance_to_center,
    }
    return keys[sort_by]
