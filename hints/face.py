"""The lines of a face, as CrucibleAI's ControlNetMediaPipeFace knows them.

Parts, colours, widths and order are those of its training pictures, described in its model card. The mesh that ships
with the pack has no irises, so the pupils are drawn in the middle of the eyes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..detectors.mediapipe.face_contours import (
    FACE_OVAL,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    Contour,
)
from .strokes import Color, Dot, Line, Stroke

OVAL_COLOR: Color = (10, 200, 10)
LIPS_COLOR: Color = (10, 180, 10)
WIDTH, PUPIL_RADIUS = 2, 2


class Side(NamedTuple):
    """One half of a face."""

    eye: Contour
    brow: Sequence[Contour]
    eye_color: Color
    brow_color: Color
    pupil_color: Color


SIDES = (
    Side(LEFT_EYE, LEFT_BROW, (10, 200, 180), (10, 220, 180), (10, 200, 250)),
    Side(RIGHT_EYE, RIGHT_BROW, (180, 200, 10), (180, 220, 10), (250, 200, 10)),
)


def face_mesh(points: np.ndarray) -> list[Stroke]:
    """The strokes of [468, 2] landmarks: oval, eyes, brows, lips, then the pupils."""
    strokes: list[Stroke] = [_closed(points, FACE_OVAL, OVAL_COLOR)]
    for side in SIDES:
        strokes.append(_closed(points, side.eye, side.eye_color))
        strokes += [_line(points, edge, side.brow_color) for edge in side.brow]
    return [*strokes, *_lips(points), *_pupils(points)]


def lips_and_eyes(points: np.ndarray) -> list[Stroke]:
    """Of these strokes the parts that most often need repair."""
    eyes = [_closed(points, side.eye, side.eye_color) for side in SIDES]
    return [*eyes, *_lips(points), *_pupils(points)]


def _lips(points: np.ndarray) -> list[Stroke]:
    """Their outer and inner edge."""
    return [_closed(points, ring, LIPS_COLOR) for ring in (OUTER_LIPS, INNER_LIPS)]


def _pupils(points: np.ndarray) -> list[Stroke]:
    """A square in the middle of each eye."""
    middles = [(*points[list(side.eye)].mean(0), side.pupil_color) for side in SIDES]
    return [Dot(x, y, color, PUPIL_RADIUS, square=True) for x, y, color in middles]


def _line(points: np.ndarray, contour: Contour, color: Color) -> Line:
    """An open line through landmarks."""
    return Line(points[list(contour)], color, WIDTH)


def _closed(points: np.ndarray, contour: Contour, color: Color) -> Line:
    """A line that ends where it begins."""
    return _line(points, (*contour, contour[0]), color)
