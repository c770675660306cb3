"""Lines and dots on black, hard-edged as in the pictures that ControlNets were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw

from ..detailer.box import Size

TRAINED_AT = 512
"""The short side, in pixels, of the pictures in which a stroke has its own size; in others it grows with it."""

Color = tuple[int, int, int]


class Line(NamedTuple):
    """Through [N, 2] points x, y in pixel indices; `width` in pixels at TRAINED_AT."""

    points: np.ndarray
    color: Color
    width: int


class Dot(NamedTuple):
    """A disc of 2 `radius` + 1 pixels at TRAINED_AT, or the square around it."""

    x: float
    y: float
    color: Color
    radius: int
    square: bool = False


Stroke = Line | Dot


class Canvas:
    """A black picture that strokes are drawn on, one over the other."""

    def __init__(self, size: Size):
        self.picture = Image.new("RGB", (size.width, size.height))

    def draw(self, strokes: Iterable[Stroke], unit: float) -> None:
        """Draw them in their order, `unit` times as large as at TRAINED_AT and never thinner than a pixel."""
        pen = ImageDraw.Draw(self.picture)
        for stroke in strokes:
            match stroke:
                case Line(points, color, width):
                    pen.line(_pixels(points), color, max(round(width * unit), 1), joint="curve")
                case Dot(x, y, color, radius, square):
                    reach = max(round(radius * unit), 1)
                    [(x, y)] = _pixels([(x, y)])
                    box = (x - reach, y - reach, x + reach, y + reach)
                    (pen.rectangle if square else pen.ellipse)(box, color)

    @property
    def image(self) -> torch.Tensor:
        """[H, W, 3] in 0..1."""
        return torch.from_numpy(np.asarray(self.picture, dtype=np.float32) / 255)


def unit_of(size: Size) -> float:
    """How large strokes are in a picture of this size, over those at TRAINED_AT."""
    return min(size) / TRAINED_AT


def _pixels(points: np.ndarray | Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in np.rint(points)]
