"""Hands by MediaPipe's palm detector and its 21 hand landmarks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ...detailer.detection import KINDS, Detection
from ..weights import FOLDER
from .blaze import AnchorGrid, BlazeDetector, Proposal
from .landmarks import LandmarkNet, Shape
from .outlines import convex_hull, filled
from .rotated_crops import Roi

WRIST, MIDDLE_KNUCKLE = 0, 2  # key points of a palm
PALM = [0, 5, 9, 13, 17]  # landmarks: the wrist and the four knuckles
MARGIN = 2.6  # side of the crop over the long side of the palm's box
SHIFT = 0.5  # from the middle of the palm towards the fingers, in heights of its box
SURE_SIDE = 0.8
FLESH = 0.15  # a finger's half width, over the length of the palm


def hand_landmarks() -> LandmarkNet:
    """The network of the 21 joints: the wrist, then each finger from its root to its tip, the thumb first."""
    return LandmarkNet(FOLDER / "hand_landmarks.safetensors", hand_roi, presence_is_logit=False, handed=True)


class Hands:
    """Every hand whose palm is detected and which the landmark network confirms; as a box, or as an outline."""

    names = ("hand", *KINDS)

    def __init__(self, outlined: bool):
        grids = [AnchorGrid(24, 2), AnchorGrid(12, 6)]
        self.palms = BlazeDetector(FOLDER / "palm_detector.safetensors", grids, span=1)
        self.landmarks = hand_landmarks()
        self.outlined = outlined

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The palm detector and the landmark network."""
        return [self.palms.net, self.landmarks.net]

    def find(self, images: torch.Tensor, confidence: float) -> list[list[Shape]]:
        """The 21 landmarks of each hand of [B, H, W, 3] images, in image pixels, with its score."""
        frames = self.palms.propose(images, confidence)
        return self.landmarks.find(images, [palm for frame in frames for palm in frame])

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Hands of [B, H, W, 3] images (0..1) with score >= confidence, as boxes or outlines."""
        height, width = images.shape[1:3]
        found = []
        for hands in self.find(images, confidence):
            drawn = [(hand, filled([skin(hand)], hand.score, _label(hand), width, height)) for hand in hands]
            masked = [replace(detection, roll=roll_of(hand.points)) for hand, detection in drawn if detection]
            found.append(masked if self.outlined else [replace(detection, mask=None) for detection in masked])
        return found


def _label(hand: Shape) -> str:
    """Which hand of its person it is, as far as the network is sure of it."""
    if hand.right >= SURE_SIDE:
        return "right hand"
    return "left hand" if hand.right <= 1 - SURE_SIDE else "hand"


def roll_of(points: np.ndarray) -> float:
    """By how many degrees a hand of [21, 2] landmarks is turned clockwise from one whose fingers point up."""
    (wrist_x, wrist_y), (knuckle_x, knuckle_y) = points[[PALM[0], PALM[2]]]
    return math.degrees(math.atan2(knuckle_x - wrist_x, wrist_y - knuckle_y))


def hand_roi(palm: Proposal) -> Roi:
    """A square around palm and fingers, turned so that the fingers point up."""
    wrist, knuckle = palm.keypoints[WRIST], palm.keypoints[MIDDLE_KNUCKLE]
    angle = math.atan2(knuckle[1] - wrist[1], knuckle[0] - wrist[0]) + math.pi / 2
    shift = SHIFT * (palm.extent.y1 - palm.extent.y0)
    x, y = palm.extent.center
    x, y = x + shift * math.sin(angle), y - shift * math.cos(angle)
    return Roi(palm.frame, x, y, palm.extent.long_side * MARGIN, angle)


def skin(hand: Shape) -> np.ndarray:
    """[M, 2] corners of the convex hull of the hand: its landmarks lie inside the joints, not on the skin."""
    palm = hand.points[PALM]
    radius = FLESH * np.linalg.norm(palm[:, None] - palm, axis=-1).max()
    turn = np.linspace(0, 2 * math.pi, 16, endpoint=False)
    circle = radius * np.stack([np.cos(turn), np.sin(turn)], -1)
    return convex_hull((hand.points[:, None] + circle).reshape(-1, 2))
