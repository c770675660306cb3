"""The second look, on photos: what kinds it knows, and that it sees what was done to them."""

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Extent
from afterdetail.detailer.judge import Observation
from afterdetail.detectors.observer import fingers_apart, observe
from references.pictures import TEMPLATES, template
from rig.photos import FACES, pixels

HAND = Box(43, 158, 97, 228)


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.copy()).float()[None] / 255


def detection(box: Box, label: str) -> Detection:
    return Detection(box, 0.9, label, Extent(*map(float, box)))


def near(picture: torch.Tensor, box: Box, label: str) -> tuple[torch.Tensor, Detection]:
    """The picture twice, then with the object painted grey: [3, H, W, 3]; and where the object is."""
    side = round(2.5 * max(box.width, box.height))
    window = box.grown_to(side, side).slid_inside(picture.shape[2], picture.shape[1])
    rows, columns = window.slices
    three = picture[:, rows, columns].repeat(3, 1, 1, 1)
    three[2][box.padded(4).relative_to(window).slices] = 0.5
    return three, detection(box, label).shifted(-window.x0, -window.y0)


def seen_in(pictures: torch.Tensor, where: Detection) -> list[Observation]:
    found = observe(pictures, where)
    assert found is not None
    return found


@pytest.mark.parametrize("label", ["face", "face oval"])
def test_a_face_is_seen_and_its_loss_too(label):
    seen, again, gone = seen_in(*near(tensor(pixels("astronaut")), Box(*FACES["astronaut"]), label))
    assert seen.score > 0.8 and seen.presence > 0.9 and len(seen.points) == 468
    assert again.score == pytest.approx(seen.score) and np.allclose(again.points, seen.points, atol=0.1)
    assert gone.score < 0.3 and gone.presence < 0.3
    assert seen.fingers is None


@pytest.mark.parametrize("label", ["hand", "right hand"])
def test_a_hand_is_seen_with_five_fingers(label):
    seen, _, gone = seen_in(*near(tensor(template(TEMPLATES["open_hands"])), HAND, label))
    assert seen.presence > 0.9 and len(seen.points) == 21 and seen.fingers == 5
    assert gone.presence < 0.5


def test_a_hand_without_its_fingers_is_seen_less_well():
    pictures, hand = near(tensor(template(TEMPLATES["open_hands"])), HAND, "hand")
    box = hand.box
    pictures[2] = pictures[0]
    pictures[2][Box(box.x0, box.y0, box.x1, box.y0 + box.height // 2).slices] = 0.5
    seen, _, cut = seen_in(pictures, hand)
    assert cut.score < seen.score - 0.15


def test_a_finger_that_is_too_short_or_grown_together_with_another_is_not_counted():
    seen, *_ = seen_in(*near(tensor(template(TEMPLATES["open_hands"])), HAND, "hand"))
    short, joined = seen.points.copy(), seen.points.copy()
    short[18:21] = short[17]  # the little finger ends at its knuckle
    joined[12] = joined[8]  # index and middle finger end in one place
    assert fingers_apart(seen.points, seen.unit) == 5
    assert fingers_apart(short, seen.unit) == 4
    assert fingers_apart(joined, seen.unit) == 3


def test_of_other_objects_nothing_is_known():
    assert observe(torch.zeros(2, 50, 50, 3), detection(Box(10, 10, 40, 40), "chair")) is None
