"""Which way up faces and hands are, by the landmark networks: more exactly than detectors know it, if they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from ..detailer.detection import Detection, names_of
from .mediapipe.face_parts import head_of_mesh
from .mediapipe.hands import roll_of
from .mediapipe.inside import FacesInside, HandsInside, Inside, find_inside
from .mediapipe.landmarks import Shape

PRESENCE = 0.8
"""From which on a network sees its object in a box that may hold anything."""


class Estimator(NamedTuple):
    """A landmark network, and the roll in degrees of the shape that it finds."""

    landmarker: Inside
    roll: Callable[[Shape], float]

    def shape(self, image: torch.Tensor, detection: Detection) -> Shape:
        """The landmarks of an [H, W, 3] image's object, found once more in a crop turned as the object lies."""
        [found] = find_inside(self.landmarker, image, [detection])
        return self.landmarker.landmarks.shapes(image[None], [self.landmarker.again(found.points)])[0]


class Rolls:
    """Estimates the rolls of objects that any detector found."""

    def __init__(self):
        self.estimators = {
            "face": Estimator(FacesInside(), lambda shape: head_of_mesh(shape).roll),
            "hand": Estimator(HandsInside(), lambda shape: roll_of(shape.points)),
        }

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """Of faces and of hands."""
        return [network for one in self.estimators.values() for network in one.landmarker.networks]

    def estimated(self, image: torch.Tensor, found: Sequence[Detection]) -> list[Detection]:
        """The objects of an [H, W, 3] image with their rolls; 0 for what is neither a face nor a hand."""
        return [replace(detection, roll=self._roll(image, detection)) for detection in found]

    def _roll(self, image: torch.Tensor, detection: Detection) -> float:
        names = names_of(detection.label)
        if detection.roll is not None and "face" not in names:
            return detection.roll  # hands and parts of faces have it from their landmarks
        likely = [one for name, one in self.estimators.items() if name in names] or self.estimators.values()
        shapes = [(one, one.shape(image, detection)) for one in likely]
        presence, roll = max((shape.presence, one.roll(shape)) for one, shape in shapes)
        return roll if presence >= PRESENCE else detection.roll or 0.0
