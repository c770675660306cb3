"""ComfyUI's BOUNDING_BOX."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ...detailer.detection import Detection, Detections, Extent

UNNAMED = "object"  # the label where a node gives none


def bounding_boxes(detections: Detections) -> list[list[dict[str, Any]]]:
    """Per image, dicts of x, y, width, height, label and score."""
    return [
        [
            {
                "x": d.extent.x0,
                "y": d.extent.y0,
                "width": d.extent.x1 - d.extent.x0,
                "height": d.extent.y1 - d.extent.y0,
                "label": d.label,
                "score": d.score,
            }
            for d in found
        ]
        for found in detections.images
    ]


def from_bounding_boxes(bboxes: Any, width: int, height: int, count: int) -> Detections:
    """The boxes as objects of `count` images of one size. Those without a score get 1; equal scores keep their order.

    `bboxes` has one of the shapes that ComfyUI's nodes make: a dict, a list of dicts, or a list of such lists.
    """
    images, notes = [], []
    frames = _boxes_per_image(bboxes, count)
    for frame, boxes in enumerate(frames):
        where = f"of image {frame}" if count > 1 else "of the image"
        named = {f"Box {place} {where}": box for place, box in enumerate(boxes)}
        found = {name: _object_of(box, name, width, height) for name, box in named.items()}
        images.append(tuple(d for d in found.values() if d))
        notes += [f"{name} lies outside the {width}x{height} pixels: left out." for name, d in found.items() if not d]
    return Detections(width, height, tuple(images), "boxes").ranked().noting(*notes)


def _boxes_per_image(bboxes: Any, count: int) -> list[list[Any]]:
    """One list per image. ComfyUI's nodes do not agree on what a number of lists other than 1 or `count` means."""
    if isinstance(bboxes, dict):
        return [[bboxes]] * count
    if not isinstance(bboxes, list) or not all(isinstance(item, type(bboxes[0])) for item in bboxes):
        raise ValueError(
            f"The bboxes are {_short(bboxes)}: connect a box, a list of boxes, or one list of boxes per image."
        )
    frames = bboxes if bboxes and isinstance(bboxes[0], list) else [bboxes]
    if len(frames) == 1:
        return frames * count
    if len(frames) != count:
        raise ValueError(
            f"There are {len(frames)} lists of boxes for {count} images: give one list, or one list per image."
        )
    return frames


def _object_of(box: Any, name: str, width: int, height: int) -> Detection | None:
    """The object in one box dict; None if the box lies outside the image. `name` is the box's in error messages."""
    if not isinstance(box, dict):
        raise ValueError(f"{name} is {_short(box)}: give a dict with x, y, width and height.")
    x, y, across, down = (_number(box, key, name) for key in ("x", "y", "width", "height"))
    if across <= 0 or down <= 0:
        raise ValueError(f"{name} is {across:g} wide and {down:g} high: give a width and a height above 0.")
    score = _number(box, "score", name) if box.get("score") is not None else 1.0
    label = UNNAMED if box.get("label") is None else str(box["label"])
    return Detection.of_extent(Extent(x, y, x + across, y + down), score, label, width, height)


def _number(box: dict[str, Any], key: str, name: str) -> float:
    if key not in box:
        raise ValueError(f"{name} has no {key!r}, only {', '.join(map(repr, box))}: give x, y, width and height.")
    value = box[key]
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} has {key} {_short(value)}: give a finite number of pixels.")
    return float(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
