"""The letterbox: into the network's input and back, exactly."""

from __future__ import annotations

import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detectors.yolo.letterbox import GREY, Letterbox
from hypothesis import given
from hypothesis import strategies as st

SIDES = st.integers(1, 4096)


@given(SIDES, SIDES)
def test_every_size_fits_the_network(width, height):
    box = Letterbox.of(width, height)
    assert max(box.scaled_width, box.scaled_height) == 640
    assert min(box.scaled_width, box.scaled_height) >= 1
    assert box.padded_width % 32 == 0 == box.padded_height % 32
    assert 0 <= box.padded_width - box.scaled_width < 32
    assert 0 <= box.left <= box.padded_width - box.scaled_width
    assert 0 <= box.top <= box.padded_height - box.scaled_height


@given(SIDES, SIDES)
def test_the_corners_come_back_exactly(width, height):
    box = Letterbox.of(width, height)
    whole = [box.left, box.top, box.left + box.scaled_width, box.top + box.scaled_height]
    back = box.boxes_in_image(torch.tensor([whole], dtype=torch.float32))
    torch.testing.assert_close(back, torch.tensor([[0.0, 0.0, width, height]]), rtol=1e-6, atol=1e-4)


def test_boxes_are_clipped_to_the_image():
    back = Letterbox.of(640, 320).boxes_in_image(torch.tensor([[-50.0, -50.0, 700.0, 700.0]]))
    assert back.tolist() == [[0, 0, 640, 320]]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 300), (300, 1), (640, 640), (641, 639), (1000, 20)])
def test_the_image_lies_in_grey(width, height):
    box = Letterbox.of(width, height)
    padded = box.apply(torch.ones(1, 3, height, width))
    assert padded.shape == (1, 3, box.padded_height, box.padded_width)
    inside = padded[:, :, box.top : box.top + box.scaled_height, box.left : box.left + box.scaled_width]
    torch.testing.assert_close(inside, torch.ones_like(inside))
    assert int((padded - GREY).abs().lt(1e-6).sum()) == padded.numel() - inside.numel()


def ramp(letterbox: Letterbox, edge_x: float, edge_y: float) -> torch.Tensor:
    """Logits at stride 4 that are positive exactly right of and below a point of the input, in pixels."""
    y = torch.arange(letterbox.padded_height // 4)[:, None] * 4 + 2 - edge_y
    x = torch.arange(letterbox.padded_width // 4) * 4 + 2 - edge_x
    return torch.minimum(x.expand(len(y), -1), y).float()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (500, 333), (333, 500), (1000, 701), (97, 61), (3000, 500)])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_masks_come_back_without_a_shift(width, height, share):
    letterbox = Letterbox.of(width, height)
    edge_x, edge_y = width * share, height * share
    logits = ramp(
        letterbox,
        letterbox.left + edge_x * letterbox.scaled_width / width,
        letterbox.top + edge_y * letterbox.scaled_height / height,
    )
    mask = letterbox.mask_in_box(logits, Box.of_size(width, height))
    centres_x, centres_y = torch.arange(width) + 0.5, torch.arange(height)[:, None] + 0.5
    wrong = mask != ((centres_x > edge_x) & (centres_y > edge_y))
    near = ((centres_x - edge_x).abs() < 0.01) | ((centres_y - edge_y).abs() < 0.01)
    # The corner of two ramps is bent within one cell of 4 input pixels; straight edges must be exact.
    cell_x, cell_y = 4 * width / letterbox.scaled_width, 4 * height / letterbox.scaled_height
    corner = ((centres_x - edge_x).abs() < cell_x) & ((centres_y - edge_y).abs() < cell_y)
    assert not (wrong & ~near & ~corner).any()


def test_a_mask_is_as_large_as_its_box():
    letterbox = Letterbox.of(640, 480)
    box = Box(100, 50, 117, 91)
    whole = letterbox.mask_in_box(ramp(letterbox, 110, 70 + letterbox.top), Box.of_size(640, 480))
    part = letterbox.mask_in_box(ramp(letterbox, 110, 70 + letterbox.top), box)
    assert part.shape == (41, 17)
    assert torch.equal(part, whole[box.slices])


def test_the_grey_does_not_eat_the_mask_at_the_edge():
    letterbox = Letterbox.of(640, 428)  # 10 px of grey above and below: not whole cells
    logits = torch.full((letterbox.padded_height // 4, letterbox.padded_width // 4), -9.0)
    logits[letterbox.top // 4 : -(-(letterbox.top + 428) // 4)] = 1.0  # every cell that touches the image
    assert letterbox.mask_in_box(logits, Box.of_size(640, 428)).all()
