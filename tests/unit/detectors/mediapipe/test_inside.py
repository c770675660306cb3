"""Landmarks of what lies in a box: of hands and faces in any turn, and of broken ones."""

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detectors.mediapipe.face_contours import LEFT_EYE, OUTER_LIPS, RIGHT_EYE
from afterdetail.detectors.mediapipe.hands_auto import HandsAuto
from afterdetail.detectors.mediapipe.inside import FacesInside, HandsInside, find_inside
from PIL import Image
from references.pictures import TEMPLATES, template
from rig.comfyui import ROOT
from rig.photos import FACES, photo

HAND = Box(104, 125, 191, 220)
"""Of the picture "monocle", and of the same with that hand broken."""


@pytest.fixture(scope="module")
def hands():
    return HandsInside()


@pytest.fixture(scope="module")
def faces():
    return FacesInside()


def boxed(*boxes: Box, roll: float | None = None) -> list[Detection]:
    return [Detection(box, 1.0, "object", Extent(*map(float, box)), roll=roll) for box in boxes]


def pixels(picture) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).float() / 255


def turned(picture: Image.Image, box: Box, degrees: int) -> tuple[torch.Tensor, Box, np.ndarray]:
    """The picture turned clockwise about its centre, the box around the turned box, and the turn of points."""
    size = np.array(picture.size)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[cos, sin], [-sin, cos]])
    corners = np.array([(x, y) for x in (box.x0, box.x1) for y in (box.y0, box.y1)])
    moved = (corners - size / 2) @ matrix + size / 2
    image = pixels(picture.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)))
    return image, Box(*np.rint([*moved.min(0), *moved.max(0)]).astype(int).tolist()), matrix


@torch.no_grad()
def test_the_joints_are_those_that_the_detector_saw(hands):
    image = pixels(template(TEMPLATES["open_hands"]))
    detector = HandsAuto(outlined=False)
    [found] = detector.detect(image[None], 0.3)
    [shapes] = detector.find(image[None], 0.3)
    for own, seen in zip(find_inside(hands, image, found), shapes, strict=True):
        size = np.ptp(seen.points, axis=0).max()
        assert np.abs(own.points - seen.points).mean() < 0.05 * size
        assert own.presence > 0.9


@pytest.mark.parametrize("degrees", [45, 90, 135, 180, 270])
@pytest.mark.parametrize("told", [False, True])
@torch.no_grad()
def test_a_turned_hand_has_the_same_joints(hands, degrees, told):
    """Whether its detector says how it is turned or not."""
    upright = photo("monocle").convert("RGB")
    [straight] = find_inside(hands, pixels(upright), boxed(HAND))
    image, box, matrix = turned(upright, HAND, degrees)
    [shape] = find_inside(hands, image, boxed(box, roll=degrees if told else None))
    expected = (straight.points - np.array(upright.size) / 2) @ matrix + np.array(upright.size) / 2
    assert np.linalg.norm(shape.points - expected, axis=1).mean() < 0.1 * max(HAND.width, HAND.height)


@torch.no_grad()
def test_a_broken_hand_still_has_the_joints_it_had(hands):
    whole, broken = photo("monocle"), Image.open(ROOT / "workflows" / "pictures" / "afterdetail-hand.jpg")
    seen = [find_inside(hands, pixels(picture.convert("RGB")), boxed(HAND))[0].points for picture in (whole, broken)]
    assert seen[1].shape == (21, 2)
    assert np.linalg.norm(seen[1] - seen[0], axis=1).mean() < 0.1 * max(HAND.width, HAND.height)


@torch.no_grad()
def test_noise_has_21_joints_within_reach_and_a_face_is_no_hand(hands):
    noise = torch.rand(300, 300, 3, generator=torch.Generator().manual_seed(0))
    astronaut = pixels(photo("astronaut").convert("RGB"))
    [nothing] = find_inside(hands, noise, boxed(Box(100, 100, 200, 200)))
    [face] = find_inside(hands, astronaut, boxed(Box(*FACES["astronaut"])))
    assert nothing.points.shape == (21, 2) and (np.abs(nothing.points - 150) < 150).all()
    assert nothing.presence < 0.5 and face.presence < 0.5


@pytest.mark.parametrize("degrees", range(0, 360, 45))
@torch.no_grad()
def test_a_turned_face_has_the_same_lines(faces, degrees):
    upright, box = photo("astronaut").convert("RGB"), Box(*FACES["astronaut"])
    [straight] = find_inside(faces, pixels(upright), boxed(box))
    image, turned_box, matrix = turned(upright, box, degrees)
    [shape] = find_inside(faces, image, boxed(turned_box))
    expected = (straight.points - np.array(upright.size) / 2) @ matrix + np.array(upright.size) / 2
    for part in (LEFT_EYE, RIGHT_EYE, OUTER_LIPS):
        off = np.linalg.norm(shape.points[list(part)] - expected[list(part)], axis=1).mean()
        assert off < 0.05 * max(box.width, box.height)


def test_no_box_is_nothing(hands):
    assert find_inside(hands, torch.zeros(10, 10, 3), []) == []


@torch.no_grad()
def test_boxes_at_the_border_and_of_a_pixel_are_taken(hands, faces):
    image = torch.rand(40, 60, 3, generator=torch.Generator().manual_seed(0))
    for look in (hands, faces):
        found = find_inside(look, image, boxed(Box(0, 0, 1, 1), Box(59, 39, 60, 40), Box(0, 0, 60, 40)))
        assert all(np.isfinite(shape.points).all() for shape in found) and len(found) == 3
