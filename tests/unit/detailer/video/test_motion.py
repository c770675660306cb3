"""How far a face moves, by its pixels: against the way that it was moved."""

import math
from itertools import pairwise

import pytest
import torch
from afterdetail.detailer.video.motion import motions
from rig.clips import Actor, Clip, clip

FRAMES = 10


def path(frame: int) -> tuple[float, float]:
    return 120 + 4 * frame, 100 + 20 * math.sin(frame / 3)


def known(made: Clip) -> list[tuple[int, int]]:
    """The steps from each frame to the next."""
    corners = [box[:2] for [box] in made.true_boxes]
    return [(x - before[0], y - before[1]) for before, (x, y) in pairwise(corners)]


def seen(made: Clip, images: torch.Tensor) -> list[tuple[float, float] | None]:
    """The same, by boxes that tremble."""
    first, *others = motions(images, range(len(images)), [face.box for [face] in made.detections.images])
    assert first is None
    return others


@pytest.mark.parametrize("height", [44, 96, 230])
@pytest.mark.parametrize("noise", [0, 0.1])
def test_a_motion_is_known_to_a_fraction_of_a_pixel(height, noise):
    made = clip(FRAMES, [Actor("astronaut", path, height)], jitter=2.5)
    grain = torch.randn(made.images.shape, generator=torch.Generator().manual_seed(1))
    for told, step in zip(seen(made, made.images + noise * grain), known(made), strict=True):
        assert told is not None and math.dist(told, step) < (0.5 if noise else 0.1)


def test_of_two_people_none_is_the_other_moved():
    one, other = (clip(FRAMES, [Actor(name, path, 96)]) for name in ("portrait", "garden"))
    images = one.images.clone()
    images[1::2] = other.images[1::2]
    assert seen(one, images) == [None] * (FRAMES - 1)


def test_what_has_no_pixels_to_tell_by_has_no_motion():
    made = clip(FRAMES, [Actor("astronaut", path, 96)])
    assert seen(made, torch.full_like(made.images, 0.5)) == [None] * (FRAMES - 1)
