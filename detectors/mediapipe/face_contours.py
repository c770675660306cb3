"""Which of the 468 landmarks of MediaPipe's face mesh lie on which line of a face; right and left are the person's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Contour = Sequence[int]

NOSE, MOUTH_CORNERS = 4, (61, 291)
WHOLE: Contour = range(468)
FACE_OVAL: Contour = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
RIGHT_EYE: Contour = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE: Contour = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW: Sequence[Contour] = ((46, 53, 52, 65, 55), (70, 63, 105, 66, 107))
LEFT_BROW: Sequence[Contour] = ((276, 283, 282, 295, 285), (300, 293, 334, 296, 336))
"""The lower and the upper edge of a brow, each from the temple to the nose: two open lines."""
OUTER_LIPS: Contour = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS: Contour = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)


def eyes_of(points: np.ndarray) -> np.ndarray:
    """[2, 2]: the middles x, y of the right and the left eye of [468, 2] landmarks."""
    return np.stack([points[list(eye)].mean(0) for eye in (RIGHT_EYE, LEFT_EYE)])
