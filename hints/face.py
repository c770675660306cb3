"""The lines of a face, as CrucibleAI's ControlNetMediaPipeFace knows them.

Parts, colours, widths and order are those of its training pictures, described in its model card. The mesh that ships
with the pack has no irises, so the pupils are drawn in the middle of the eyes.
"""

from __future__ import annotations

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
LEFT_EYE_COLOR: Color = (10, 200, 180)
RIGHT_EYE_COLOR: Color = (180, 200, 10)
LEFT_BROW_COLOR: Color = (10, 220, 180)
RIGHT_BROW_COLOR: Color = (180, 220, 10)
LEFT_PUPIL_COLOR: Color = (10, 200, 250)
RIGHT_PUPIL_COLOR: Color = (250, 200, 10)
WIDTH, PUPIL_RADIUS = 2, 2


def face_mesh(points: np.ndarray) -> list[Stroke]:
    """The strokes of [468, 2] landmarks: oval, eyes, brows, lips, then the pupils."""
    return [
        _closed(points, FACE_OVAL, OVAL_COLOR),
        _closed(points, LEFT_EYE, LEFT_EYE_COLOR),
        *(line(points, edge, LEFT_BROW_COLOR) for edge in LEFT_BROW),
        _closed(points, RIGHT_EYE, RIGHT_EYE_COLOR),
        *(line(points, edge, RIGHT_BROW_COLOR) for edge in RIGHT_BROW),
        *_lips(points),
        *_pupils(points),
    ]


def lips_and_eyes(points: np.ndarray) -> list[Stroke]:
    """Of these strokes the parts that most often need repair."""
    eyes = [_closed(points, LEFT_EYE, LEFT_EYE_COLOR), _closed(points, RIGHT_EYE, RIGHT_EYE_COLOR)]
    return [*eyes, *_lips(points), *_pupils(points)]


def _lips(points: np.ndarray) -> list[Stroke]:
    """Their outer and inner edge."""
    return [_closed(points, ring, LIPS_COLOR) for ring in (OUTER_LIPS, INNER_LIPS)]


def _pupils(points: np.ndarray) -> list[Stroke]:
    """A square in the middle of each eye."""
    eyes = ((LEFT_EYE, LEFT_PUPIL_COLOR), (RIGHT_EYE, RIGHT_PUPIL_COLOR))
    middles = [(*points[list(eye)].mean(0), color) for eye, color in eyes]
    return [Dot(x, y, color, PUPIL_RADIUS, square=True) for x, y, color in middles]


def line(points: np.ndarray, contour: Contour, color: Color) -> Line:
    """An open line through landmarks."""
    return Line(points[list(contour)], color, WIDTH)


def _closed(points: np.ndarray, contour: Contour, color: Color) -> Line:
    """A line that ends where it begins."""
    return line(points, (*contour, contour[0]), color)
