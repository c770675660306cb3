"""Which of the detected objects are kept, and in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import torch

from .box import Box
from .detection import Detection, Detections
from .mask import MaskPatch

SortBy = Literal["confidence", "area", "left to right", "top to bottom", "center"]
SORT_ORDERS: tuple[SortBy, ...] = get_args(SortBy)

NONE = "none"

INSIDE_SHARE = 0.5
"""An object counts as inside a mask if at least this share of it lies there."""


@dataclass(frozen=True)
class Selection:
    """What to keep. Objects are sorted first, so `max_num_detections` with "area" keeps the largest.

    `sort_by` None leaves the order as it is; `min_area` and `max_area` are shares of the image; `labels` a comma list
    of class names, empty for all; `pick` 0-based places in the sorted order, taken in the order they are written
    ("3, 0-1"), empty for all, NONE for none; `max_num_detections` 0 for all.
    """

    confidence: float = 0.0
    max_num_detections: int = 0
    sort_by: SortBy | None = "confidence"
    min_area: float = 0.0
    max_area: float = 1.0
    labels: str = ""
    pick: str = ""

    def __post_init__(self) -> None:
        if self.sort_by not in (None, *SORT_ORDERS):
            raise ValueError(f"sort_by is {self.sort_by!r}: use one of {', '.join(SORT_ORDERS)}.")
        if self.max_num_detections < 0:
            raise ValueError(f"max_num_detections is {self.max_num_detections}: use 0 for all, or a number above it.")
        if self.min_area > self.max_area:
            raise ValueError(f"min_area {self.min_area} is above max_area {self.max_area}: no object can be both.")


class Verdict(NamedTuple):
    """Whether an object is kept. `place` is what `pick` counts; None for one that was filtered out before."""

    detection: Detection
    place: int | None
    reason: str | None
    """Why it is left out; None if it is kept."""


def select(detections: Detections, selection: Selection, inside: torch.Tensor | None = None) -> Detections:
    """The detections that `selection` keeps, in its order. `inside`: masks [B or 1, H, W] that objects must lie in."""
    kept = detections.with_images(
        [verdict.detection for verdict in verdicts if verdict.reason is None]
        for verdicts in judged(detections, selection, inside)
    )
    threshold = detections.threshold
    return replace(kept, threshold=threshold.at(max(threshold.asked, selection.confidence)))


def judged(detections: Detections, selection: Selection, inside: torch.Tensor | None = None) -> list[list[Verdict]]:
    """A verdict on every object of each image: first those kept, in their new order, then those left out."""
    image = Box.of_size(detections.width, detections.height)
    picked = parse_pick(selection.pick)
    images = []
    for index, found in enumerate(detections.images):
        mask = None if inside is None else inside[index % len(inside)]
        unwanted = [Verdict(d, None, _unwanted(d, selection, image.area, mask)) for d in found]
        wanted = [verdict.detection for verdict in unwanted if verdict.reason is None]
        if selection.sort_by is not None:
            wanted.sort(key=_sort_key(selection.sort_by, image))
        in_order = _picked(wanted, picked, selection.max_num_detections)
        images.append([*in_order, *(verdict for verdict in unwanted if verdict.reason is not None)])
    return images


def _picked(wanted: Sequence[Detection], picked: list[range] | None, limit: int) -> list[Verdict]:
    """The verdicts on sorted objects."""
    count = len(wanted)
    named = [range(count)] if picked is None else [range(part.start, min(part.stop, count)) for part in picked]
    order = list(dict.fromkeys(place for part in named for place in part))
    kept = len(order) if limit == 0 else limit
    reasons = {place: None if i < kept else f"beyond max_num_detections {limit}" for i, place in enumerate(order)}
    order += [place for place in range(count) if place not in reasons]
    return [Verdict(wanted[place], place, reasons.get(place, "left out by pick")) for place in order]


def parse_pick(text: str) -> list[range] | None:
    """The places named by "0, 2-4", nothing by NONE; None for an empty text, which means all of them."""
    if not text.strip():
        return None
    if text.strip().casefold() == NONE:
        return []
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


def _unwanted(detection: Detection, selection: Selection, image_area: int, inside: torch.Tensor | None) -> str | None:
    """Why the filters leave an object out; None if they do not."""
    labels = {label.strip().casefold() for label in selection.labels.split(",") if label.strip()}
    share = detection.box.area / image_area
    if detection.score < selection.confidence:
        return f"score {detection.score:.2f} is below confidence {selection.confidence:g}"
    if not selection.min_area <= share <= selection.max_area:
        return f"covers {share:.2%} of the image: outside min_area to max_area"
    if labels and detection.label.casefold() not in labels:
        return f"{detection.label} is not among the labels"
    if inside is not None and _share_inside(detection, inside) < INSIDE_SHARE:
        return "lies outside the mask only_inside"
    return None


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
