"""The head that a face belongs to, and which way up it is, by the direction in which its key points lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..detailer.detection import Detection, Extent

# An average adult head in mm: x to the person's left, y down, z backwards from the middle between the pupils.
EYES = [(-31.5, 0, 0), (31.5, 0, 0)]  # the person's right one first, as everywhere here
NOSE = (0, 42, -30)
MOUTH, MOUTH_CORNERS = (0, 70, -14), [(-25, 70, -6), (25, 70, -6)]
EAR_CANALS = [(-72, 18, 80), (72, 18, 80)]
HAIRLINE = [(0, -65, 5), (-55, -50, 35), (55, -50, 35)]
CHIN = (0, 115, -2)
EARS = [(side * x, y, z) for side in (-1, 1) for x, y, z in ((78, -15, 95), (75, 48, 85))]

OUTLINE = np.array([*HAIRLINE, CHIN, *EARS])
MODELS = {
    5: np.array([*EYES, NOSE, *MOUTH_CORNERS]),  # CenterFace
    6: np.array([*EYES, NOSE, MOUTH, *EAR_CANALS]),  # MediaPipe's detectors
}


def face(
    extent: Extent, keypoints: Sequence[Sequence[float]], score: float, width: int, height: int
) -> Detection | None:
    """A face's box clipped to a `width` x `height` image, with its head; None if nothing of it lies inside."""
    found = Detection.of_extent(extent, score, "face", width, height)
    return found and replace(found, **head_of(keypoints)._asdict())


class Head(NamedTuple):
    """From the hairline to the chin and from ear to ear; and by how many degrees it is turned clockwise."""

    head: Extent
    roll: float


def head_of(keypoints: Sequence[Sequence[float]]) -> Head:
    """The head of a face with 5 or 6 key points x, y in pixels.

    The key points are fitted by a turned model under scaled orthographic projection: the nearest one to the least
    squares affine projection (Tomasi and Kanade 1992, section 3). Hair above the hairline has no part in it.
    """
    points = np.array(keypoints, dtype=float)
    model = MODELS[len(points)]
    affine = np.linalg.lstsq(model - model.mean(0), points - points.mean(0), rcond=None)[0]  # [3, 2]
    left, scales, right = np.linalg.svd(affine, full_matrices=False)
    axes = left @ right  # the head's own three in the picture, [3, 2]
    outline = (OUTLINE - model.mean(0)) @ axes * scales.mean() + points.mean(0)
    x, y = axes[1]  # down the face: also seen in profile, where the eyes are one behind the other
    return Head(Extent(*outline.min(0).tolist(), *outline.max(0).tolist()), math.degrees(math.atan2(-x, y)))
