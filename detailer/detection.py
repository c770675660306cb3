"""What a detector finds, before anything is decided about how to repair it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from .box import Box
from .mask import MaskPatch
from .threshold import Threshold


class Extent(NamedTuple):
    """A detector's own rectangle, in fractions of a pixel: x0, y0, x1, y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    def rounded(self) -> Box:
        """The nearest pixel box, at least one pixel wide and high."""
        x0, y0 = math.floor(self.x0 + 0.5), math.floor(self.y0 + 0.5)
        return Box(x0, y0, max(math.floor(self.x1 + 0.5), x0 + 1), max(math.floor(self.y1 + 0.5), y0 + 1))

    @property
    def area(self) -> float:
        """In pixels."""
        return max(self.x1 - self.x0, 0.0) * max(self.y1 - self.y0, 0.0)

    @property
    def long_side(self) -> float:
        """In pixels."""
        return max(self.x1 - self.x0, self.y1 - self.y0)

    @property
    def center(self) -> tuple[float, float]:
        """x, y"""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def intersection(self, other: Extent) -> Extent:
        """The common part; its `area` is 0 if there is none."""
        return Extent(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    def scaled(self, x: float, y: float) -> Extent:
        """The same in an image `x` times as wide and `y` times as high."""
        return Extent(self.x0 * x, self.y0 * y, self.x1 * x, self.y1 * y)

    def shifted(self, dx: float, dy: float) -> Extent:
        """Moved right and down, in pixels."""
        return Extent(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)


@dataclass(frozen=True, eq=False)
class Detection:
    """One object of one image.

    `box` lies inside the image and is what `mask` covers; without one the object is the whole box. `extent` is the
    detector's exact rectangle. `index` is the object's rank in its image when it was found; filters keep it, so an
    object's seed does not depend on which others are repaired. `number` is the one that pictures show, and that
    `pick`, `object_prompts` and `seeds` count by: the place in the order in which the objects were last sorted. None
    for an object that was left out before it got one. `head` is the rectangle of the head that a face belongs to, None
    where the detector does not know. `roll` is by how many degrees it is turned clockwise from upright, None where
    nobody has looked.
    """

    box: Box
    score: float
    label: str
    extent: Extent
    mask: MaskPatch | None = None
    index: int = 0
    number: int | None = None
    head: Extent | None = None
    roll: float | None = None

    @staticmethod
    def of_extent(extent: Extent, score: float, label: str, width: int, height: int) -> Detection | None:
        """A box detection clipped to a `width` x `height` image; None if nothing of it lies inside."""
        box = extent.rounded().intersection(Box.of_size(width, height))
        return Detection(box, score, label, extent) if box.width > 0 and box.height > 0 else None

    def scaled(self, x: float, y: float) -> Detection:
        """The object where the image is `x` times as wide and `y` times as high."""
        box = Extent(*self.box).scaled(x, y).rounded()
        mask = self.mask and self.mask.resized(box)
        head = self.head and self.head.scaled(x, y)
        return replace(self, box=box, extent=self.extent.scaled(x, y), mask=mask, head=head)

    def shifted(self, dx: int, dy: int) -> Detection:
        """The object where the image has `dx` more columns on the left, and `dy` more rows above."""
        head = self.head and self.head.shifted(dx, dy)
        mask = self.mask and self.mask.shifted(dx, dy)
        return replace(self, box=self.box.shifted(dx, dy), extent=self.extent.shifted(dx, dy), mask=mask, head=head)

    @property
    def patch(self) -> MaskPatch:
        """Its mask, the whole box where it has none."""
        return self.mask or MaskPatch.filled(self.box)


KINDS = {"left hand": "hand", "right hand": "hand"}
"""Labels that are also called by another one."""


def names_of(label: str) -> set[str]:
    """What an object with this label is called in lists of labels, in lower case."""
    name = label.casefold()
    return {name, KINDS.get(name, name)}


class LeftOut(NamedTuple):
    """An object that was found and is not to be repaired."""

    image_index: int
    detection: Detection
    reason: str


@dataclass(frozen=True, eq=False)
class Detections:
    """The detections of a batch of images of one size, most confident first in each image."""

    width: int
    height: int
    images: tuple[tuple[Detection, ...], ...]
    detector: str = ""
    threshold: Threshold = field(default_factory=Threshold)
    classes: tuple[str, ...] = ()
    """Every label that the detector knows, found or not; empty where it does not say."""
    nested: bool = False
    """Whether a higher threshold takes objects away and leaves all others exactly as they are."""
    left_out: tuple[LeftOut, ...] = ()
    """What filters and picks took away."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about how these came about: what was ignored, clipped or not found."""

    @property
    def count(self) -> int:
        """Objects in all images."""
        return sum(map(len, self.images))

    def with_images(self, images: Iterable[Iterable[Detection]]) -> Detections:
        """The same but for the objects, a list for each image."""
        return replace(self, images=tuple(map(tuple, images)))

    def scaled(self, factor: float) -> Detections:
        """The same objects in the images at `factor` times their size."""
        if factor == 1:
            return self
        width, height = round(self.width * factor), round(self.height * factor)
        x, y = width / self.width, height / self.height
        images = ([d.scaled(x, y) for d in found] for found in self.images)
        left_out = tuple(item._replace(detection=item.detection.scaled(x, y)) for item in self.left_out)
        return replace(self.with_images(images), width=width, height=height, left_out=left_out)

    def noting(self, *sentences: str) -> Detections:
        """The same with more to tell; a sentence that is there already is not said twice."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *sentences))))

    def found_in(self, image_index: int) -> list[Detection]:
        """The objects of an image, those that were left out last."""
        left_out = [item.detection for item in self.left_out if item.image_index == image_index]
        return [*self.images[image_index], *left_out]

    def numbers_in(self, image_index: int) -> int:
        """How many numbers the objects of an image take up, those of objects that were left out included."""
        return max((d.number + 1 for d in self.found_in(image_index) if d.number is not None), default=0)

    def numbers_before(self) -> list[int]:
        """For each image, how many numbers those before it take up; last, how many there are in all images."""
        return list(accumulate(map(self.numbers_in, range(len(self.images))), initial=0))

    def numbered(self) -> Detections:
        """Each object's `index` and `number` set to its place in its image."""
        return self.with_images([replace(d, index=i, number=i) for i, d in enumerate(found)] for found in self.images)

    def ranked(self) -> Detections:
        """Most confident first in each image, equals in the order they have, and numbered in that order."""
        return self.with_images(sorted(found, key=lambda d: -d.score) for found in self.images).numbered()
