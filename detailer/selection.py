"""Which of the detected objects are kept, and in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import torch

from .box import Box
from .detection import Detection, Detections, LeftOut, names_of
from .planes import zeros

SortBy = Literal["confidence", "area", "left to right", "top to bottom", "center"]
SORT_ORDERS: tuple[SortBy, ...] = get_args(SortBy)

NONE = "none"

INSIDE_SHARE = 0.5
"""An object counts as inside a mask if at least this share of it lies there."""


@dataclass(frozen=True)
class Selection:
    """What to keep. Objects are sorted first, so `max_num_detections` with "area" keeps the largest.

    `sort_by` None leaves the order as it is; `min_area` and `max_area` are shares of the image; `labels` a comma list
    of class names, empty for all; `pick` the objects' numbers, 0-based places in the sorted order, taken in the order
    they are written ("3, 0-1"), empty for all, NONE for none; `max_num_detections` 0 for all.
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

    @property
    def label_set(self) -> set[str]:
        """The names in `labels`, in lower case."""
        return {label.casefold() for label in listed(self.labels)}


def listed(text: str) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


class Considered(NamedTuple):
    """Whether an object is kept. Its number is what `pick` counts; one that was filtered out before has none."""

    detection: Detection
    reason: str | None
    """Why it is left out; None if it is kept."""


def select(detections: Detections, selection: Selection, inside: torch.Tensor | None = None) -> Detections:
    """The detections that `selection` keeps, in its order. `inside`: masks [B or 1, H, W] that objects must lie in.

    Those it leaves out stay listed, except for scores below the confidence: they count as not detected.
    """
    images = considered(detections, selection, inside)
    chosen = detections.with_images(
        [candidate.detection for candidate in candidates if candidate.reason is None] for candidates in images
    )
    left_out = [
        LeftOut(index, detection, reason)
        for index, candidates in enumerate(images)
        for detection, reason in candidates
        if reason is not None and detection.score >= selection.confidence
    ]
    before = detections.left_out if selection.sort_by is None else _without_numbers(detections.left_out)
    threshold = detections.threshold.at(max(detections.threshold.asked, selection.confidence))
    chosen = replace(chosen, threshold=threshold, left_out=(*before, *left_out))
    return chosen.noting(*_selection_notes(images, selection))


def considered(
    detections: Detections, selection: Selection, inside: torch.Tensor | None = None
) -> list[list[Considered]]:
    """Every object of each image, and why it is left out: first those kept, in their new order, then the others.

    Sorting numbers the objects anew; in an order that is left as it is they keep their numbers.
    """
    image = Box.of_size(detections.width, detections.height)
    picked = parse_pick(selection.pick)
    images = []
    for index, found in enumerate(detections.images):
        mask = None if inside is None else inside[index % len(inside)]
        candidates = [Considered(d, _unwanted(d, selection, image.area, mask)) for d in found]
        unwanted = [Considered(replace(d, number=None), reason) for d, reason in candidates if reason is not None]
        wanted = _in_order([d for d, reason in candidates if reason is None], selection.sort_by, image)
        images.append([*_picked(wanted, picked, selection.max_num_detections), *unwanted])
    return images


def _selection_notes(images: Sequence[Sequence[Considered]], selection: Selection) -> list[str]:
    """What the user should know of a selection that missed: labels, numbers and images with nothing in them."""
    notes = []
    found = [candidate.detection for candidates in images for candidate in candidates]
    missing = sorted(selection.label_set.difference(*(names_of(d.label) for d in found)))
    if missing and found:
        labels = ", ".join(sorted({d.label for d in found}))
        notes.append(f"No object has the label {', '.join(missing)}: found were {labels}.")
    numbers = [{v.detection.number for v in candidates if v.detection.number is not None} for candidates in images]
    known = set().union(*numbers)
    picked = parse_pick(selection.pick) or []
    strangers = [part for part in picked if known and not any(number in part for number in known)]
    if strangers:
        names = ", ".join(map(_range_text, strangers))
        notes.append(f"pick names {names}, and no object has that number: the numbers are {pick_text(known)}.")
    for index, (candidates, shown) in enumerate(zip(images, numbers, strict=True)):
        if selection.pick.strip() and shown and all(candidate.reason is not None for candidate in candidates):
            where = f" of image {index}" if len(images) > 1 else ""
            notes.append(f"pick {selection.pick.strip()!r} leaves out all {len(shown)} objects{where}.")
    return notes


def _without_numbers(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    return [item._replace(detection=replace(item.detection, number=None)) for item in left_out]


def _in_order(wanted: list[Detection], sort_by: SortBy | None, image: Box) -> list[Detection]:
    """Sorted, and numbered by that; with None in the order and by the numbers they have."""
    if sort_by is None and all(d.number is not None for d in wanted):
        return wanted
    if sort_by is not None:
        wanted = sorted(wanted, key=_sort_key(sort_by, image))
    return [replace(d, number=number) for number, d in enumerate(wanted)]


def _picked(wanted: Sequence[Detection], picked: list[range] | None, limit: int) -> list[Considered]:
    """Numbered objects by `pick` and by the limit."""
    order = wanted
    if picked is not None:
        order = [d for part in picked for d in sorted(wanted, key=lambda d: d.number or 0) if d.number in part]
        order = list(dict.fromkeys(order))
    within = order if limit == 0 else order[:limit]
    beyond = order[len(within) :]
    return [
        *(Considered(d, None) for d in within),
        *(Considered(d, f"beyond max_num_detections {limit}") for d in beyond),
        *(Considered(d, "left out by pick") for d in wanted if d not in order),
    ]


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


def pick_text(numbers: Iterable[int]) -> str:
    """Numbers as `parse_pick` reads them: "0, 2-4"."""
    runs: list[range] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1].stop:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return ", ".join(map(_range_text, runs))


def _range_text(numbers: range) -> str:
    return str(numbers.start) if len(numbers) == 1 else f"{numbers.start}-{numbers.stop - 1}"


def union_mask(found: Sequence[Detection], image: Box) -> torch.Tensor:
    """The masks of one image's objects joined by maximum: float [image.height, image.width]."""
    plane = zeros((image.height, image.width))
    for detection in found:
        view = plane[detection.box.slices]
        if detection.mask is None:
            view.fill_(1)
        else:
            torch.maximum(view, detection.mask.values.to(view), out=view)
    return plane


def _unwanted(detection: Detection, selection: Selection, image_area: int, inside: torch.Tensor | None) -> str | None:
    """Why the filters leave an object out; None if they do not."""
    labels = selection.label_set
    share = detection.box.area / image_area
    if detection.score < selection.confidence:
        return f"score {detection.score:.2f} is below confidence {selection.confidence:g}"
    if not selection.min_area <= share <= selection.max_area:
        return f"covers {share:.2%} of the image: outside min_area to max_area"
    if labels and labels.isdisjoint(names_of(detection.label)):
        return f"{detection.label} is not among the labels"
    if inside is not None and _share_inside(detection, inside) < INSIDE_SHARE:
        return "lies outside the mask only_inside"
    return None


def _share_inside(detection: Detection, mask: torch.Tensor) -> float:
    own = detection.patch.values
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
