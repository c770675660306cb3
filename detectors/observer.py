"""A second look at one object, to compare it before and after its repair: small networks of its kind, on the CPU.

Objects are known by what they are called, whoever found them: a face in a box of another pack is a face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch

from ..detailer.detection import Detection, names_of
from ..detailer.judge import Observation
from .mediapipe.blaze import BlazeDetector, Proposal
from .mediapipe.face_boxes import short_range
from .mediapipe.face_contours import eyes_of
from .mediapipe.face_parts import BOTH_EYES, FACE, MARGIN, OVAL, face_landmarks
from .mediapipe.hands import Hands
from .mediapipe.inside import roi_around
from .mediapipe.landmarks import LandmarkNet, shared

FACE_LABELS = frozenset(part.label for part in (FACE, OVAL, BOTH_EYES))
"""Objects that a face can be found around in a square of a few of their sides."""

PROPOSED = 0.1
"""Score from which on a detector has seen something."""
TURNED_BY = 0.3
"""Score from which on its key points say which way the object is turned."""
HAND_AROUND = 1.2
"""Side of the square that shows a hand over the long side of its box; a face's is MARGIN."""
HERE = 0.5
"""Share of the smaller of two extents that lies in the other one where both are of one object."""

WRIST, MIDDLE_KNUCKLE = 0, 9
FINGERS = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18, 19, 20]])
SHORTEST_FINGER, APART = 0.35, 0.12
"""In lengths of the palm: what a finger's bones sum up to at least, and how far its tip is from all others."""


def observe(pictures: torch.Tensor, detection: Detection) -> list[Observation] | None:
    """A `judge.Observer` with the networks that ship with the pack: faces, with their eyes or oval, and hands."""
    names = names_of(detection.label)
    if names & FACE_LABELS:
        return _observations(pictures, detection, _of_faces())
    return _observations(pictures, detection, _of_hands()) if "hand" in names else None


class _Networks(NamedTuple):
    """Those for objects of one kind."""

    detector: BlazeDetector
    landmarks: LandmarkNet
    around: float
    """Side of the square that shows an object which the detector does not see, over the long side of its box."""
    measured: Callable[[np.ndarray], tuple[float, int | None]]
    """From landmarks to an Observation's `unit` and `fingers`."""


@cache
def _of_faces() -> _Networks:
    return _Networks(short_range(), face_landmarks(), MARGIN, lambda points: (_length(*eyes_of(points)), None))


@cache
def _of_hands() -> _Networks:
    hands = Hands(outlined=False)
    return _Networks(hands.palms, hands.landmarks, HAND_AROUND, _hand)


def _observations(pictures: torch.Tensor, detection: Detection, networks: _Networks) -> list[Observation]:
    """The landmark network is shown one and the same square of all pictures: the one of the surest proposal."""
    detector, landmarks, around, measured = networks
    found = [_nearest(proposals, detection) for proposals in detector.propose(pictures, PROPOSED)]
    surest = max((one for one in found if one), key=lambda one: one.score, default=None)
    roi = landmarks.roi(surest) if surest and surest.score >= TURNED_BY else roi_around(detection.box, around, roll=0)
    shapes = landmarks.shapes(pictures, [roi._replace(frame=frame) for frame in range(len(pictures))])
    seen = [(one.score, one.extent) if one else (0.0, None) for one in found]
    return [
        Observation(*found_at, shape.presence, shape.points, *measured(shape.points))
        for found_at, shape in zip(seen, shapes, strict=True)
    ]


def _nearest(proposals: Sequence[Proposal], detection: Detection) -> Proposal | None:
    """The surest that lies where the object is."""
    here = (one for one in proposals if shared(one.extent, detection.extent) > HERE)
    return max(here, key=lambda one: one.score, default=None)


def _hand(points: np.ndarray) -> tuple[float, int]:
    palm = _length(points[WRIST], points[MIDDLE_KNUCKLE])
    return palm, fingers_apart(points, palm)


def fingers_apart(points: np.ndarray, palm: float) -> int:
    """How many of a hand's fingers are long enough and end by themselves; [21, 2] landmarks, `palm` in pixels."""
    bones = points[FINGERS]  # [5, 4, 2]
    lengths = np.linalg.norm(np.diff(bones, axis=1), axis=-1).sum(1)
    tips = bones[:, -1]
    between = np.linalg.norm(tips[:, None] - tips, axis=-1) + np.diag([np.inf] * len(tips))
    return int(((lengths >= SHORTEST_FINGER * palm) & (between.min(1) >= APART * palm)).sum())


def _length(a: np.ndarray, b: np.ndarray) -> float:
    return max(float(np.linalg.norm(a - b)), 1e-3)
