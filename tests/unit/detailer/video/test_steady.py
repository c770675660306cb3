"""Windows that keep still: on a made clip whose detector trembles by a few pixels."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.family import FAMILIES
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.resolution import ModelSizes
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.detailer.video.steady import RADIUS, steadied
from afterdetail.detailer.video.tracker import track_numbers
from rig.clips import Actor, Clip, clip

SIZES = ModelSizes(FAMILIES["sd15"], 8)


def path(frame: int) -> tuple[float, float]:
    return 120 + 4 * frame, 130 + 20 * math.sin(frame / 6)


def moving(frames: int = 40) -> Clip:
    return clip(frames, [Actor("astronaut", path)], jitter=3)


def steady(made: Clip) -> tuple[Regions, Regions]:
    raw = make_regions(made.detections, MaskSettings(), FitSettings()).refitted(SIZES)
    return raw, steadied(raw, track_numbers(made.detections, made.images), made.images).refitted(SIZES)


def offsets(regions: Regions, made: Clip, which: str) -> np.ndarray:
    """[frames, 2]: where on the face the middles of windows or masks lie, in pixels."""
    boxes = [item.window if which == "window" else item.alpha.box for item in regions.items]
    centers = [((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in boxes]
    return np.array(centers) - [made.true_boxes[item.image_index][0][:2] for item in regions.items]


def trembling(regions: Regions, made: Clip, which: str) -> float:
    """The spread of the frame-to-frame steps of windows or masks, less the face's own."""
    return float(np.diff(offsets(regions, made, which), axis=0).std())


@pytest.mark.parametrize("which", ["window", "alpha"])
def test_windows_and_masks_tremble_a_seventh_of_what_the_detector_does(which):
    made = moving()
    raw, smooth = steady(made)
    assert trembling(smooth, made, which) <= 0.15 * trembling(raw, made, which)
    assert np.ptp(offsets(smooth, made, which), axis=0).max() < 5  # smoothed over time alone they lag in the curves


@pytest.mark.parametrize("which", ["window", "alpha"])
def test_without_pixels_to_tell_by_they_tremble_a_third(which):
    made = moving()._replace(images=torch.full((40, 320, 480, 3), 0.5))
    raw, smooth = steady(made)
    assert trembling(smooth, made, which) <= 0.3 * trembling(raw, made, which)


def test_a_track_has_one_size_and_holds_every_mask():
    raw, smooth = steady(moving())
    assert len({(item.window.width, item.window.height) for item in smooth.items}) == 1
    assert len({item.sampled_at for item in smooth.items}) == 1
    assert len({(item.window.width, item.window.height) for item in raw.items}) > 1
    for item in smooth.items:
        assert Box.union([item.window, item.alpha.box]) == item.window
        assert item.window.intersection(smooth.image) == item.window


def test_the_mask_covers_the_face_as_well_as_the_detector_does():
    made = moving()
    raw, smooth = (
        min(float(item.alpha.on(face).mean()) for item, (face,) in zip(regions.items, made.true_boxes, strict=True))
        for regions in steady(made)
    )
    assert smooth >= raw


def test_a_frame_depends_only_on_those_near_it():
    """Cut off far away, a clip's masks stay the same, so frames can be done in parts that overlap."""
    long, short = moving(40), moving(40 - RADIUS)
    whole, part = steady(long)[1], steady(short)[1]
    for a, b in list(zip(whole.items, part.items, strict=False))[: 40 - 2 * RADIUS]:
        assert a.alpha.box == b.alpha.box and torch.equal(a.alpha.values, b.alpha.values)


def test_the_turn_of_a_track_neither_trembles_nor_jumps_where_a_frame_is_nearly_upright():
    made = moving()
    rolls = [12 + 4 * (-1) ** frame for frame in range(40)]  # every other frame alone would not be turned
    images = [[replace(face, roll=roll)] for [face], roll in zip(made.detections.images, rolls, strict=True)]
    found = made.detections.with_images(images)
    raw = make_regions(found, MaskSettings(upright=True), FitSettings())
    smooth = steadied(raw, track_numbers(found, made.images), made.images).refitted(SIZES)
    assert {item.turn for item in raw.items} == {0, 16}
    assert all(abs(item.turn - 12) < 1.5 for item in smooth.items)
    assert len({(item.window.width, item.window.height) for item in smooth.items}) == 1
    for item in smooth.items:
        x, y = item.turned.grid_of(item.alpha.box, item.window.size)
        inside = (x > 0) & (x < item.window.width) & (y > 0) & (y < item.window.height)
        assert bool(inside[item.alpha.values > 0].all())
