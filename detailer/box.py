"""Boxes and sizes in pixels: the geometry of the pack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Size(NamedTuple):
    """Pixels across and down."""

    width: int
    height: int

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Box(NamedTuple):
    """A half-open rectangle in image pixels: columns x0 <= x < x1, rows y0 <= y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @staticmethod
    def of_size(width: int, height: int) -> Box:
        """The box of a whole image or window, at the origin."""
        return Box(0, 0, width, height)

    @staticmethod
    def union(boxes: Iterable[Box]) -> Box:
        """The smallest box that holds all of `boxes`; ValueError if there are none."""
        x0, y0, x1, y1 = zip(*boxes, strict=True)
        return Box(min(x0), min(y0), max(x1), max(y1))

    @property
    def width(self) -> int:
        """In pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """In pixels."""
        return self.y1 - self.y0

    @property
    def area(self) -> int:
        """In pixels."""
        return max(self.width, 0) * max(self.height, 0)

    @property
    def size(self) -> Size:
        """Of a box that is not empty."""
        return Size(self.width, self.height)

    @property
    def center(self) -> tuple[float, float]:
        """x, y; between two pixels where a side is even."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns), to index the last two axes of an [..., H, W] tensor."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def shifted(self, dx: int, dy: int) -> Box:
        """Moved right and down by pixels."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def padded(self, px: int) -> Box:
        """Grown by pixels on every side; shrunk by negative ones. May leave the image."""
        return Box(self.x0 - px, self.y0 - px, self.x1 + px, self.y1 + px)

    def intersection(self, other: Box) -> Box:
        """The common part; its `area` is 0 if there is none."""
        return Box(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    def contains(self, other: Box) -> bool:
        """Whether all of another box lies inside."""
        return self.x0 <= other.x0 and self.y0 <= other.y0 and self.x1 >= other.x1 and self.y1 >= other.y1

    def relative_to(self, origin: Box) -> Box:
        """The same rectangle in the coordinates of a crop cut at `origin`."""
        return self.shifted(-origin.x0, -origin.y0)

    def grown_to(self, width: int, height: int) -> Box:
        """Centre kept (to half a pixel), sides lengthened to at least `width` and `height`."""
        dx, dy = max(width - self.width, 0), max(height - self.height, 0)
        return Box(self.x0 - dx // 2, self.y0 - dy // 2, self.x1 + dx - dx // 2, self.y1 + dy - dy // 2)

    def slid_inside(self, width: int, height: int) -> Box:
        """Moved into a `width` x `height` image at its full size; a side longer than the image's is cut to it."""
        w, h = min(self.width, width), min(self.height, height)
        x0, y0 = min(max(self.x0, 0), width - w), min(max(self.y0, 0), height - h)
        return Box(x0, y0, x0 + w, y0 + h)
