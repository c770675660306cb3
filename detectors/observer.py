"""A second look at one object, to compare it before and after its repair: small networks of its kind, on the CPU.

Objects are known by what they are called, whoever found them: a face in a box of another pack is a face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

from ..detailer.detection import Detection, names_of
from ..detailer.judge import Observation
from .mediapipe.blaze import BlazeDetector, Proposal
from .mediapipe.face_boxes import short_range
from .mediapipe.face_parts import BOTH_EYES, FACE, LEFT_EYE, MARGIN, OVAL, RIGHT_EYE, face_landmarks, face_roi
from .mediapipe.hands import Hands, hand_roi
from .mediapipe.inside import roi_around
from .mediapipe.landmarks import LandmarkNet, Shape, shared
from .mediapipe.rotated_crops import Roi

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
        return _observations(pictures, detection, *_face_networks(), MARGIN, face_roi, _face)
    if "hand" in names:
        return _observations(pictures, detection, *_hand_networks(), HAND_AROUND, hand_roi, _hand)
    return None


@cache
def _face_networks() -> tuple[BlazeDetector, LandmarkNet]:
    return short_range(), face_landmarks()


@cache
def _hand_networks() -> tuple[BlazeDetector, LandmarkNet]:
    hands = Hands(outlined=False)
    return hands.palms, hands.landmarks


def _observations(
    pictures: torch.Tensor,
    detection: Detection,
    detector: BlazeDetector,
    landmarks: LandmarkNet,
    around: float,
    turned: Callable[[Proposal], Roi],
    described: Callable[[Proposal | None, Shape], Observation],
) -> list[Observation]:
    """The landmark network is shown one and the same square of all pictures: the one of the surest proposal."""
    found = [_nearest(proposals, detection) for proposals in detector.propose(pictures, PROPOSED)]
    surest = max((one for one in found if one), key=lambda one: one.score, default=None)
    roi = turned(surest) if surest and surest.score >= TURNED_BY else roi_around(detection.box, around, roll=0)
    shapes = landmarks.shapes(pictures, [roi._replace(frame=frame) for frame in range(len(pictures))])
    return [described(proposal, shape) for proposal, shape in zip(found, shapes, strict=True)]


def _nearest(proposals: Sequence[Proposal], detection: Detection) -> Proposal | None:
    """The surest that lies where the object is."""
    here = (one for one in proposals if shared(one.extent, detection.extent) > HERE)
    return max(here, key=lambda one: one.score, default=None)


def _face(proposal: Proposal | None, mesh: Shape) -> Observation:
    eyes = [mesh.points[list(eye)].mean(0) for eye in (RIGHT_EYE, LEFT_EYE)]
    score, extent = (proposal.score, proposal.extent) if proposal else (0.0, None)
    return Observation(score, extent, mesh.presence, mesh.points, _length(*eyes))


def _hand(palm: Proposal | None, hand: Shape) -> Observation:
    unit = _length(hand.points[WRIST], hand.points[MIDDLE_KNUCKLE])
    score, extent = (palm.score, palm.extent) if palm else (0.0, None)
    return Observation(score, extent, hand.presence, hand.points, unit, fingers_apart(hand.points, unit))


def fingers_apart(points: np.ndarray, palm: float) -> int:
    """How many of a hand's fingers are long enough and end by themselves; [21, 2] landmarks, `palm` in pixels."""
    bones = points[FINGERS]  # [5, 4, 2]
    lengths = np.linalg.norm(np.diff(bones, axis=1), axis=-1).sum(1)
    tips = bones[:, -1]
    between = np.linalg.norm(tips[:, None] - tips, axis=-1) + np.diag([np.inf] * len(tips))
    return int(((lengths >= SHORTEST_FINGER * palm) & (between.min(1) >= APART * palm)).sum())


def _length(a: np.ndarray, b: np.ndarray) -> float:
    return max(float(np.linalg.norm(a - b)), 1e-3)
