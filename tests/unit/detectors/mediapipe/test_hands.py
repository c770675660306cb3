import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors import registry
from afterdetail.detectors.mediapipe.hands import skin
from afterdetail.detectors.mediapipe.landmarks import Shape
from references.pictures import TEMPLATES, template

HANDS = [Box(43, 158, 97, 228), Box(315, 163, 369, 228)]  # of the picture, by eye


@pytest.fixture(scope="module")
def picture():
    return torch.from_numpy(template(TEMPLATES["open_hands"]).copy()).float()[None] / 255


@pytest.mark.parametrize("name", ["hand_mediapipe", "hand_mesh_mediapipe"])
def test_both_hands_are_found(picture, name):
    [hands] = registry.find(name).open().detect(picture, 0.5)
    for hand, seen in zip(sorted(hands, key=lambda hand: hand.box.x0), HANDS, strict=True):
        assert max(abs(a - b) for a, b in zip(hand.box, seen, strict=True)) <= 8
        assert hand.label == "hand" and hand.score >= 0.5


def test_box_and_outline_are_of_the_same_hands(picture):
    [boxes] = registry.find("hand_mediapipe").open().detect(picture, 0.5)
    [outlines] = registry.find("hand_mesh_mediapipe").open().detect(picture, 0.5)
    assert [hand.box for hand in boxes] == [hand.box for hand in outlines]
    assert all(hand.mask is None for hand in boxes)
    for hand in outlines:
        assert hand.mask is not None and hand.mask.shape == (hand.box.height, hand.box.width)
        assert 0.3 < hand.mask.mean() < 0.95


def test_skin_lies_around_the_landmarks():
    points = np.random.default_rng(0).uniform(50, 150, (21, 2))
    outline = skin(Shape(points, 0.9))
    assert (outline.min(0) < points.min(0)).all() and (outline.max(0) > points.max(0)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 4000)])
def test_any_size_is_taken(size):
    assert registry.find("hand_mediapipe").open().detect(torch.zeros(2, *size, 3), 0.3) == [[], []]
