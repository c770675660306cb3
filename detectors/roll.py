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


class Sight(NamedTuple):
    """A landmark network, and the roll of what it sees in degrees."""

    look: Inside
    roll: Callable[[Shape], float]

    def told(self, image: torch.Tensor, detection: Detection) -> Shape:
        """What it sees of an [H, W, 3] image's object when it looks once more, as the object lies."""
        [found] = find_inside(self.look, image, [detection])
        return self.look.landmarks.shapes(image[None], [self.look.again(found.points)])[0]


class Rolls:
    """Looks at objects that others found."""

    def __init__(self):
        self.sights = {
            "face": Sight(FacesInside(), lambda shape: head_of_mesh(shape).roll),
            "hand": Sight(HandsInside(), lambda shape: roll_of(shape.points)),
        }

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """Of faces and of hands."""
        return [network for sight in self.sights.values() for network in sight.look.networks]

    def told(self, image: torch.Tensor, found: Sequence[Detection]) -> list[Detection]:
        """The objects of an [H, W, 3] image with their rolls; 0 for what is neither a face nor a hand."""
        return [replace(detection, roll=self._roll(image, detection)) for detection in found]

    def _roll(self, image: torch.Tensor, detection: Detection) -> float:
        names = names_of(detection.label)
        if detection.roll is not None and "face" not in names:
            return detection.roll  # hands and parts of faces have it from their landmarks
        sights = [sight for name, sight in self.sights.items() if name in names] or self.sights.values()
        seen = [(shape.presence, sight.roll(shape)) for sight in sights for shape in [sight.told(image, detection)]]
        presence, roll = max(seen)
        return roll if presence >= PRESENCE else detection.roll or 0.0
