"""The head around a face, from its key points."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors import registry
from afterdetail.detectors.head import MODELS, OUTLINE, head_of
from rig import by_eye
from rig.photos import photo

HEAD = Box(176, 60, 278, 176)  # of the astronaut, by eye: hairline, chin and where the ears lie under her hair


@pytest.mark.parametrize("points", MODELS)
@pytest.mark.parametrize("yaw", [-80, -30, 0, 50])
@pytest.mark.parametrize("roll", [0, 45, 180])
def test_a_turned_head_is_found_again_from_its_key_points(points, yaw, roll):
    turn = rotation(yaw, 1) @ rotation(roll, 2)
    project = [1.5, 0, 0], [0, 1.5, 0]  # scale 1.5, seen along z
    seen = MODELS[points] @ turn @ np.array(project).T + (400, 300)
    outline = OUTLINE @ turn @ np.array(project).T + (400, 300)
    head = head_of(seen.tolist())
    assert head.head == pytest.approx([*outline.min(0), *outline.max(0)], abs=1e-6)
    assert abs((head.roll + roll + 180) % 360 - 180) < 1e-6  # clockwise, from whatever side it is seen


def rotation(degrees: float, axis: int) -> np.ndarray:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    a, b = (i for i in range(3) if i != axis)
    matrix = np.eye(3)
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = cos, -sin, sin, cos
    return matrix


@pytest.mark.parametrize("name", ["face_auto", "face_full_mediapipe", "face_short_mediapipe", "face_mesh_mediapipe"])
@torch.no_grad()
def test_every_face_detector_sees_the_same_head(name):
    [[found]] = registry.find(name).open().detect(by_eye.tensor(photo("astronaut")), 0.5)
    assert found.head is not None
    assert max(abs(a - b) for a, b in zip(found.head, HEAD, strict=True)) <= 7
    assert found.head.y0 < found.box.y0 - 1  # the box alone cuts the forehead


@pytest.mark.parametrize(
    ("name", "looks"),
    [("image_longcat_text_to_image-1.webp", "right"), ("image-qwen_image_edit_2511_lora_inflation-2.webp", "left")],
)
@torch.no_grad()
def test_in_profile_the_head_reaches_behind_the_face(name, looks):
    [[found, *_]] = registry.find("face_auto").open().detect(by_eye.tensor(by_eye.picture(name)), 0.5)
    assert found.head is not None
    left, right = found.box.x0 - found.head.x0, found.head.x1 - found.box.x1
    behind, before = (left, right) if looks == "right" else (right, left)
    assert behind > found.box.width / 5 and before < 0


@torch.no_grad()
def test_eyes_have_no_head():
    [[eyes]] = registry.find("eyes_mesh_mediapipe").open().detect(by_eye.tensor(photo("astronaut")), 0.5)
    assert eyes.head is None
