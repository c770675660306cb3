"""Which of the landmarks that were found in boxes are worth drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from ..detailer.box import Size
from ..detailer.detection import Detection, Detections
from ..detailer.region import Regions
from .structure import Figure, stroke_unit

PRESENCE = 0.5
"""How sure the network has to be of an object that goes by another name, and is without a note."""


class Landmarks(Protocol):
    """What a landmark network saw in a box: [L, 2] x, y in pixels of the image, and how sure it is, 0..1."""

    @property
    def points(self) -> np.ndarray:
        """[L, 2] x, y in pixels of the image."""
        ...

    @property
    def presence(self) -> float:
        """0..1"""
        ...


class Figures(NamedTuple):
    """What is to be drawn of each image, and sentences about what is not, or may be wrong."""

    images: list[list[Figure]]
    notes: list[str]


def figures_of(
    objects: Detections, landmarks: Sequence[Sequence[Landmarks]], what: str, regions: Regions | None
) -> Figures:
    """The figures of `objects`, by the `landmarks` of each; `what` is "hand" or "face".

    An object that the detector calls so is drawn in any case, since a broken one is what needs a guide.
    """
    size, figures, notes = Size(objects.width, objects.height), [], []
    for index, (found, shapes) in enumerate(zip(objects.images, landmarks, strict=True)):
        figures.append([])
        for detection, shape in zip(found, shapes, strict=True):
            called = what in detection.label.casefold()
            if called or shape.presence >= PRESENCE:
                figures[index].append(Figure(shape.points, stroke_unit(detection, index, regions, size)))
            if shape.presence < PRESENCE:
                notes.append(_doubt(detection, index, shape.presence, what, called))
    return Figures(figures, notes)


def _doubt(detection: Detection, image_index: int, presence: float, what: str, drawn: bool) -> str:
    number = detection.index if detection.number is None else detection.number
    where = f"Object {number} ({detection.label}) of image {image_index}"
    if drawn:
        return f"{where}: the {what} network is not sure of a {what} there ({presence:.2f}): look at what was drawn."
    return f"{where} shows no {what}, so nothing was drawn of it: detect {what}s for this kind of hint."
