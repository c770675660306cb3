"""Windows that are turned with a tilted object, so that it stands upright in its crop."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch

from .box import Box, Size
from .mask import MaskPatch

LEAST_TURN = 10
"""Degrees below which an object counts as upright: its window stays as it is, to the bit."""


def turn_of(roll: float | None) -> float:
    """By how much the window of an object is turned that lies `roll` degrees clockwise: 0 if little or not known."""
    turn = 0.0 if roll is None else (roll + 180) % 360 - 180
    return turn if abs(turn) >= LEAST_TURN else 0.0


def box_around(mask: MaskPatch, turn: float) -> Box:
    """The smallest window that holds all pixels of a mask above 0 once it is turned about its middle by degrees."""
    if turn == 0:
        return mask.box
    above = mask.values.cpu() > 0
    rows = above.any(1).nonzero()[:, 0]
    first, last = above.byte().argmax(1)[rows], above.shape[1] - above.byte().flip(1).argmax(1)[rows]
    x = torch.cat([first, first, last, last]).double() - mask.box.width / 2
    y = torch.cat([rows, rows + 1, rows, rows + 1]).double() - mask.box.height / 2
    upright, tilted = Turned(Box(0, 0, 0, 0), -turn), Turned(Box(0, 0, 0, 0), turn)
    u, v = upright.out(x, y)
    (left, right), (top, bottom) = u.aminmax(), v.aminmax()
    width, height = (math.ceil(float(side) + ROUNDING) for side in (right - left, bottom - top))
    x, y = tilted.out(float(left + right) / 2, float(top + bottom) / 2)
    x0 = round(mask.box.x0 + (mask.box.width - width) / 2 + x)
    y0 = round(mask.box.y0 + (mask.box.height - height) / 2 + y)
    return Box(x0, y0, x0 + width, y0 + height)


def padded_around(mask: MaskPatch, turn: float, padding: int) -> Box:
    """`box_around` with `padding` px of surroundings on each side.

    The corners of a box hold no object. Where turning makes them stand out they are surroundings themselves, counted
    from the ellipse in the box: else a tilted object would be shown smaller than an upright one.
    """
    box = box_around(mask, turn)
    if turn == 0:
        return box.padded(padding)
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    across, down = (math.ceil(math.hypot(mask.box.width * a, mask.box.height * b)) for a, b in ((cos, sin), (sin, cos)))
    return box.grown_to(min(across, box.width) + 2 * padding, min(down, box.height) + 2 * padding)


ROUNDING = 1.5
"""Pixels that a window is larger for lying on whole pixels: up to half a one off along both axes."""


class Turned(NamedTuple):
    """A window of the image that is turned clockwise about its middle by `degrees`."""

    window: Box
    degrees: float

    @property
    def corners(self) -> list[tuple[float, float]]:
        """In pixels of the image, clockwise from what is the upper left of the crop."""
        x, y = self.window.width / 2, self.window.height / 2
        return [self.out(u, v) for u, v in ((-x, -y), (x, -y), (x, y), (-x, y))]

    @property
    def bounds(self) -> Box:
        """The smallest box of the image that holds it. May leave the image."""
        x, y = zip(*self.corners, strict=True)
        return Box(math.floor(min(x)), math.floor(min(y)), math.ceil(max(x)), math.ceil(max(y)))

    def grid(self, size: Size) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the middles of the pixels of its crop at `size` lie in the image: x, y, float64 [height, width]."""
        u = ((torch.arange(size.width, dtype=torch.float64) + 0.5) / size.width - 0.5) * self.window.width
        v = ((torch.arange(size.height, dtype=torch.float64) + 0.5) / size.height - 0.5) * self.window.height
        return self.out(u[None, :], v[:, None])

    def grid_of(self, box: Box, size: Size) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the middles of the image's pixels in `box` lie in its crop at `size`: x, y, float64 [height, width]."""
        x = torch.arange(box.x0, box.x1, dtype=torch.float64)[None, :] + 0.5
        y = torch.arange(box.y0, box.y1, dtype=torch.float64)[:, None] + 0.5
        u, v = self.within(x, y)
        return u * (size.width / self.window.width), v * (size.height / self.window.height)

    def within(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Points of the image, numbers or tensors, counted from the upper left of its crop, in pixels of the image."""
        cos, sin = self._direction
        x, y = x - (self.window.x0 + self.window.x1) / 2, y - (self.window.y0 + self.window.y1) / 2
        return x * cos + y * sin + self.window.width / 2, y * cos - x * sin + self.window.height / 2

    def out(self, u: Any, v: Any) -> tuple[Any, Any]:
        """Points in the image, by their distance from the middle along its own sides."""
        cos, sin = self._direction
        x, y = self.window.center
        return x + u * cos - v * sin, y + u * sin + v * cos

    @property
    def _direction(self) -> tuple[float, float]:
        radians = math.radians(self.degrees)
        return math.cos(radians), math.sin(radians)
