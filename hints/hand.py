"""The joints of a hand, as OpenPose ControlNets know them.

Order of the bones, hues, and sizes at 512 px are those in which the hands of their training pictures were drawn (Zhang
et al., "Adding Conditional Control to Text-to-Image Diffusion Models", 2023, whose annotator follows pytorch-openpose).
"""

from __future__ import annotations

import colorsys
from itertools import pairwise

import numpy as np

from .strokes import Color, Dot, Line, Stroke

FINGERS = [(0, *range(root, root + 4)) for root in range(1, 21, 4)]
"""Joints of each finger, from the wrist to the tip."""
BONES = [bone for finger in FINGERS for bone in pairwise(finger)]
BONE_WIDTH, JOINT_RADIUS = 2, 4
JOINT: Color = (0, 0, 255)


def hand_pose(joints: np.ndarray) -> list[Stroke]:
    """The strokes of [21, 2] joints: every bone in its own hue, then all joints over them."""
    bones = [Line(joints[list(bone)], _hue(place), BONE_WIDTH) for place, bone in enumerate(BONES)]
    return [*bones, *(Dot(x, y, JOINT, JOINT_RADIUS) for x, y in joints)]


def _hue(bone: int) -> Color:
    """The hues of the 20 bones go once around the colour wheel, from the thumb to the little finger."""
    red, green, blue = colorsys.hsv_to_rgb(bone / len(BONES), 1, 1)
    return int(red * 255), int(green * 255), int(blue * 255)
