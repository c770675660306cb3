"""Faces and their parts by MediaPipe's face mesh of 468 landmarks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ...detailer.detection import Detection
from ..head import Head, head_of
from ..weights import FOLDER
from .blaze import Proposal
from .face_boxes import full_range, short_range
from .face_contours import (
    FACE_OVAL,
    LEFT_EYE,
    MOUTH_CORNERS,
    NOSE,
    OUTER_LIPS,
    RIGHT_EYE,
    WHOLE,
    Contour,
    eyes_of,
)
from .landmarks import LandmarkNet, Shape
from .outlines import convex_hull, filled
from .rotated_crops import Roi

MARGIN = 1.5  # side of the crop over the long side of the face's box


@dataclass(frozen=True)
class Part:
    """What is cut out of a mesh: objects, each of one or more contours, filled as they run or as their convex hull.

    `of_head`: whether the head around it may be taken instead.
    """

    label: str
    objects: Sequence[Sequence[Contour]]
    convex: bool
    of_head: bool = False


FACE = Part("face", [[WHOLE]], convex=True, of_head=True)
BOTH_EYES = Part("eyes", [[RIGHT_EYE, LEFT_EYE]], convex=True)
EACH_EYE = Part("eye", [[RIGHT_EYE], [LEFT_EYE]], convex=True)
LIPS = Part("lips", [[OUTER_LIPS]], convex=False)
OVAL = Part("face oval", [[FACE_OVAL]], convex=False, of_head=True)


def face_landmarks() -> LandmarkNet:
    """MediaPipe's network for the 468 points of a face."""
    return LandmarkNet(FOLDER / "face_landmarks.safetensors", face_roi, presence_is_logit=True)


class FaceMesh:
    """The mesh of every face that one of the two detection networks proposes and the landmark network confirms."""

    def __init__(self):
        self.detectors = [full_range(), short_range()]
        self.landmarks = face_landmarks()

    def find(self, images: torch.Tensor, confidence: float) -> list[list[Shape]]:
        """The landmarks of each face of [B, H, W, 3] images, in image pixels, with the face's score."""
        frames = [frame for detector in self.detectors for frame in detector.propose(images, confidence)]
        return self.landmarks.find(images, [face for frame in frames for face in frame])


class FaceParts:
    """One part of every face, as a mask of its outline."""

    def __init__(self, part: Part):
        self.part = part
        self.mesh = FaceMesh()

    @property
    def names(self) -> tuple[str, ...]:
        """The part's name is its only label."""
        return (self.part.label,)

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The face detectors and the landmark network."""
        return [*(detector.net for detector in self.mesh.detectors), self.mesh.landmarks.net]

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """The part of every face of [B, H, W, 3] images (0..1) with score >= confidence, as masks."""
        height, width = images.shape[1:3]
        found = []
        for faces in self.mesh.find(images, confidence):
            pieces = [(face, self.outlines(face, contours)) for face in faces for contours in self.part.objects]
            drawn = [(face, filled(rings, face.score, self.part.label, width, height)) for face, rings in pieces]
            found.append([self.placed(detection, face) for face, detection in drawn if detection])
        return found

    def placed(self, part: Detection, face: Shape) -> Detection:
        """The part with the roll, and maybe the head, of the face that it belongs to."""
        head, roll = head_of_mesh(face)
        return replace(part, head=head if self.part.of_head else None, roll=roll)

    def outlines(self, face: Shape, contours: Sequence[Contour]) -> list[np.ndarray]:
        """The [N, 2] corners of each closed line around the part, in image pixels."""
        rings = [face.points[list(contour)] for contour in contours]
        return [convex_hull(ring) for ring in rings] if self.part.convex else rings


def head_of_mesh(face: Shape) -> Head:
    """The head of a face's 468 landmarks, by its eyes, nose and corners of the mouth."""
    return head_of([*eyes_of(face.points), *face.points[[NOSE, *MOUTH_CORNERS]]])


def face_roi(face: Proposal) -> Roi:
    """A square around the box, turned so that the eyes lie level."""
    return Roi(face.frame, *face.extent.center, face.extent.long_side * MARGIN, tilt(face.keypoints))


def tilt(points: Iterable[Iterable[float]]) -> float:
    """Of the line through a face's first two points x, y, its eyes: in radians clockwise, 0 in an upright face."""
    (right_x, right_y), (left_x, left_y), *_ = points
    return math.atan2(left_y - right_y, left_x - right_x)
