"""Face boxes by the two face detection networks of MediaPipe."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...detailer.detection import Detection
from ..head import face
from ..weights import FOLDER
from .blaze import AnchorGrid, BlazeDetector


def short_range() -> BlazeDetector:
    """For faces that fill at least about an eighth of the long side; also upside down."""
    return BlazeDetector(FOLDER / "face_detector_short.safetensors", [AnchorGrid(16, 2), AnchorGrid(8, 6)], span=2)


def full_range() -> BlazeDetector:
    """For faces down to about a twentieth of the long side; upright or lying."""
    return BlazeDetector(FOLDER / "face_detector_full.safetensors", [AnchorGrid(48, 1)], span=2)


class FaceBoxes:
    """The boxes of one face detection network."""

    names = ("face",)

    def __init__(self, blaze: BlazeDetector):
        self.blaze = blaze

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The one network."""
        return [self.blaze.net]

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Boxes of [B, H, W, 3] images (0..1) with score >= confidence, best first."""
        height, width = images.shape[1:3]
        return [
            [detection for one in faces if (detection := face(one.extent, one.keypoints, one.score, width, height))]
            for faces in self.blaze.propose(images, confidence)
        ]
