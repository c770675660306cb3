"""The landmarks of whatever lies in a box that any detector drew, however broken or turned it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from ...detailer.box import Box
from ...detailer.detection import Detection, Extent
from .blaze import BlazeDetector
from .face_boxes import full_range, short_range
from .face_contours import eyes_of
from .face_parts import MARGIN, face_landmarks, tilt
from .hands import hand_landmarks
from .hands_auto import second_roi
from .landmarks import LandmarkNet, Shape
from .outlines import extent_of
from .rotated_crops import Roi, crop

TURNS = 8
"""The landmark networks know objects that are turned by less than half of an eighth."""
AROUND = 1.6
"""Side of the crop over the long side of the box."""
AGAIN = 2
"""How often the network looks again, at the crop that the landmarks found so far suggest."""
FACE_AROUND, FACE_SIDE = 2.0, 128
"""The same for the face detectors, and the side in pixels at which they are shown it."""
SURE_TURN = 0.6
"""Product of both face detectors' scores from which on a face is taken for turned."""
NOISE = 0.05


class Inside(Protocol):
    """A landmark network that is told where to look, instead of a detector that would miss what is broken."""

    landmarks: LandmarkNet

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """All that look."""
        ...

    def first(self, image: torch.Tensor, found: Detection) -> list[Roi]:
        """The crops of an [H, W, 3] image for a first look at an object; the best of them counts."""
        ...

    def again(self, points: np.ndarray) -> Roi:
        """The crop for a better look at landmarks [L, 2]."""
        ...


class HandsInside:
    """The 21 joints of a hand. Its network tells hands from others in any turn, so it is shown them all."""

    def __init__(self):
        self.landmarks = hand_landmarks()

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The one network."""
        return [self.landmarks.net]

    def first(self, image: torch.Tensor, found: Detection) -> list[Roi]:
        """In all turns, or as its detector says."""
        return _turned_rois(found.box, AROUND) if found.roll is None else [roi_around(found.box, AROUND, found.roll)]

    def again(self, points: np.ndarray) -> Roi:
        """As the fingers point."""
        return second_roi(points)


class FacesInside:
    """The 468 points of a face. The face detectors say how it is turned, since its network sees one in any turn."""

    def __init__(self):
        self.landmarks = face_landmarks()
        self.detectors = [short_range(), full_range()]

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The landmark network, and the two that know which way is up."""
        return [self.landmarks.net, *(detector.net for detector in self.detectors)]

    def first(self, image: torch.Tensor, found: Detection) -> list[Roi]:
        """In the turn in which both face detectors are sure of one; upright if they never are, as of few drawn faces.

        Its detector's key points would be less exact.
        """
        views = crop(image[None], _turned_rois(found.box, FACE_AROUND), FACE_SIDE, black=True).movedim(1, -1)
        scores = [_upright_scores(detector, views) for detector in self.detectors]
        sure = [short * full for short, full in zip(*scores, strict=True)]
        turn = sure.index(max(sure)) if max(sure) >= SURE_TURN else 0
        return [_turned_rois(found.box, AROUND)[turn]]

    def again(self, points: np.ndarray) -> Roi:
        """As the eyes lie."""
        extent = extent_of([points])
        return Roi(0, *extent.center, MARGIN * extent.long_side, tilt(eyes_of(points)))


def find_inside(landmarker: Inside, image: torch.Tensor, objects: Sequence[Detection]) -> list[Shape]:
    """The landmarks of what each object's box holds in an [H, W, 3] image: plausible ones where there is none, too.

    `presence` tells these apart.
    """
    boxes = [found.box for found in objects]
    rois = [landmarker.first(image, found) for found in objects]
    shapes = iter(landmarker.landmarks.shapes(image[None], [roi for own in rois for roi in own]))
    pairs = zip(rois, boxes, strict=True)
    best = [max([next(shapes) for _ in own], key=lambda shape: _fit(shape, box)) for own, box in pairs]
    for _ in range(AGAIN):
        closer = landmarker.landmarks.shapes(image[None], [landmarker.again(shape.points) for shape in best])
        pairs = zip(best, closer, boxes, strict=True)
        best = [max(pair, key=lambda shape: _fit(shape, box)) for *pair, box in pairs]
    return best


def _turned_rois(box: Box, around: float) -> list[Roi]:
    """Squares about a box in all turns; upright first."""
    return [roi_around(box, around, turn * 360 / TURNS) for turn in range(TURNS)]


def roi_around(box: Box, around: float, roll: float) -> Roi:
    """A square about a box, `around` times its long side, turned clockwise by `roll` degrees."""
    side = around * max(box.width, box.height)
    return Roi(0, *box.center, side, math.radians(roll))


def _upright_scores(detector: BlazeDetector, views: torch.Tensor) -> list[float]:
    """The best score of a face in each [N, S, S, 3] view, less where its eyes do not lie level."""
    return [
        max((face.score * max(math.cos(tilt(face.keypoints)), 0) for face in faces), default=0)
        for faces in detector.propose(views, NOISE)
    ]


def _fit(shape: Shape, box: Box) -> float:
    """How sure the network is, times how well the landmarks fill the box (intersection over union)."""
    return shape.presence * _overlap(shape.extent, Extent(*map(float, box)))


def _overlap(a: Extent, b: Extent) -> float:
    """Intersection over union."""
    common = a.intersection(b).area
    return common / max(a.area + b.area - common, 1e-9)
