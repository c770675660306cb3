"""Windows of tilted objects: turned with them, and to the bit as ever where nothing is tilted."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import accumulate, cut, paste, to_crop
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.mask import MaskPatch
from afterdetail.detailer.region import Region, Regions, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.detailer.turn import Turned, box_around, turn_of
from afterdetail.detailer.view import View
from rig.judge import psnr
from rig.photos import face_patch

SIDE = 320
IMAGE = Box.of_size(SIDE, SIDE)
FITTING = FitSettings(base_model="sd15")
FACE = Box(110, 90, 190, 200)


def regions(roll: float | None, box: Box = FACE, mask: MaskPatch | None = None, **masks) -> Regions:
    face = Detection(box, 0.9, "face", Extent(*map(float, box)), mask, roll=roll)
    return make_regions(Detections(SIDE, SIDE, ((face,),)), MaskSettings(**{"upright": True, **masks}), FITTING)


def region(roll: float | None, **masks) -> Region:
    [made] = regions(roll, **masks).items
    return made


def ellipse(box: Box) -> MaskPatch:
    x, y = torch.linspace(-1, 1, box.width), torch.linspace(-1, 1, box.height)[:, None]
    return MaskPatch(box, (x**2 + y**2 <= 1).float())


def waves(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """[h, w, 3]: a picture that can be computed at any place, different in all directions."""
    planes = [0.5 + 0.4 * torch.sin(x / 9 + k) * torch.cos(y / 13 - 2 * k) for k in range(3)]
    return torch.stack(planes, -1).float()


def picture() -> torch.Tensor:
    places = torch.arange(SIDE, dtype=torch.float64) + 0.5
    return waves(places[None, :].expand(SIDE, SIDE), places[:, None].expand(SIDE, SIDE))


@pytest.mark.parametrize(
    ("roll", "turn"), [(None, 0), (0, 0), (9.9, 0), (-9.9, 0), (10, 10), (-10, -10), (190, -170), (355, 0), (-200, 160)]
)
def test_what_is_nearly_upright_is_not_turned(roll, turn):
    assert turn_of(roll) == turn


@pytest.mark.parametrize("roll", [None, 0.0, 9.5, -9.5, 360.0])
def test_below_ten_degrees_nothing_changes(roll):
    plain, upright = region(40.0, upright=False), region(roll)
    assert (upright.window, upright.padded, upright.sampled_at, upright.turn) == (
        (plain.window, plain.padded, plain.sampled_at, 0)
    )
    assert torch.equal(upright.alpha.values, plain.alpha.values)
    assert torch.equal(cut(picture(), upright), cut(picture(), plain))


@pytest.mark.parametrize("turn", range(-180, 180, 15))
def test_the_window_holds_the_mask_and_is_no_larger_than_it_need_be(turn):
    mask = ellipse(Box(40, 60, 121, 130))
    window = box_around(mask, turn)
    x, y = Turned(window, turn).grid_of(mask.box, Size(window.width, window.height))
    inside = (x >= 0.5) & (x <= window.width - 0.5) & (y >= 0.5) & (y <= window.height - 0.5)
    assert bool(inside[mask.values > 0].all())
    across = 2 * math.hypot(40.5 * math.cos(math.radians(turn)), 35 * math.sin(math.radians(turn)))
    assert window.width <= across + 4  # an ellipse's own width in that direction


@pytest.mark.parametrize("roll", [30, 45, 60, 90, 180, -100])
def test_a_tilted_object_is_shown_as_large_as_an_upright_one(roll):
    box = Box(110, 110, 210, 210)
    [upright], [tilted] = (regions(turn, box).items for turn in (0, roll))
    assert abs(tilted.padded.width - upright.padded.width) <= 2
    [outlined] = regions(roll, box, ellipse(box)).items
    assert abs(outlined.padded.width - upright.padded.width) <= 10  # dilated by a square, which has corners


@pytest.mark.parametrize("turn", [30.0, -75.0, 90.0, 180.0])
def test_a_crop_shows_the_turned_window(turn):
    made = region(turn)
    x, y = made.turned.grid(made.sampled_at)
    inside = (x > 4) & (x < SIDE - 4) & (y > 4) & (y < SIDE - 4)
    error = (cut(picture(), made)[0] - waves(x, y)).abs()[inside]
    assert made.turn == (turn + 180) % 360 - 180 and float(error.max()) < 2e-3


def kept_by_a_model_that_changes_nothing(roll: float) -> float:
    """A face whose window is turned by `roll` and enlarged twice, in dB."""
    photo = torch.from_numpy(np.asarray(face_patch("astronaut", 72)[0], np.float32) / 255)
    middle, box = Box.of_size(photo.shape[1], photo.shape[0]), Box.of_size(40, 48)
    box = box.shifted((middle.width - box.width) // 2, (middle.height - box.height) // 2)
    face = Detection(box, 0.9, "face", Extent(*map(float, box)), roll=roll)
    found = Detections(middle.width, middle.height, ((face,),))
    [made] = make_regions(found, MaskSettings(upright=True, mask_padding=8), FITTING).items
    made = replace(made, sampled_at=Size(2 * made.window.width, 2 * made.window.height))
    canvas = photo.clone()
    paste(canvas, cut(photo, made), made)
    return psnr(canvas, photo, box)


@pytest.mark.parametrize("roll", range(15, 360, 15))
def test_a_turned_window_keeps_a_face_as_well_as_an_upright_one(roll):
    """Half a decibel is allowed; with the kernel along the crop's rows it was 0.9 at 45 degrees."""
    assert kept_by_a_model_that_changes_nothing(roll) > kept_by_a_model_that_changes_nothing(0) - 0.1


def test_quarters_are_those_of_whole_pixels():
    box = Box(100, 100, 180, 180)
    whole, quarter = (regions(roll, box).items[0] for roll in (0.0, 90.0))
    same = replace(quarter, window=whole.window, sampled_at=whole.window.size)
    exact = replace(whole, sampled_at=whole.window.size)
    assert torch.allclose(cut(picture(), same), cut(picture(), exact).rot90(1, (1, 2)), atol=1e-5)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("roll", [45.0, 100.0, 180.0])
def test_outside_the_mask_every_bit_is_kept(roll, channels):
    image = torch.rand(SIDE, SIDE, channels, generator=torch.Generator().manual_seed(1))
    image.view(-1)[::11] = -0.0
    made, canvas, coverage = region(roll), image.clone(), torch.zeros(SIDE, SIDE)
    paste(canvas, torch.rand(1, 512, 512, 3), made)
    accumulate(coverage, made)
    kept = coverage == 0
    assert torch.equal(canvas.view(torch.int32)[kept], image.view(torch.int32)[kept])
    assert torch.equal(coverage, region(0.0).alpha.on(IMAGE))  # the mask lies in the image's plane
    assert bool((canvas[..., :3] != image[..., :3]).any(-1)[coverage > 0.5].all())


@pytest.mark.parametrize("box", [Box(0, 0, 60, 70), Box(250, 200, 320, 320), Box(0, 0, 320, 320)])
def test_a_window_may_leave_the_image(box):
    [made] = regions(40.0, box).items
    crop = cut(picture(), made)
    assert bool(crop.isfinite().all()) and float(crop.min()) >= 0 and float(crop.max()) <= 1
    canvas = picture()
    paste(canvas, crop, made)
    assert float((canvas - picture()).abs().mean()) < 2e-3


def test_windows_of_tilted_objects_are_fitted_without_limits():
    made = regions(45.0, Box(0, 0, 90, 300)).items[0]
    window, size = made.window.size, made.sampled_at
    assert abs(window.width / window.height - size.width / size.height) < 0.02
    [again] = regions(45.0).with_size(Size(512, 768)).items
    assert abs(again.window.width / again.window.height - 512 / 768) < 0.02 and again.turn == 45


def test_the_alpha_in_the_window_is_that_of_the_image():
    made = region(30.0, mask_blur=0, mask_dilation=0)
    x, y = made.turned.grid(made.window.size)
    deep = (x > FACE.x0 + 2) & (x < FACE.x1 - 2) & (y > FACE.y0 + 2) & (y < FACE.y1 - 2)
    far = (x < FACE.x0 - 2) | (x > FACE.x1 + 2) | (y < FACE.y0 - 2) | (y > FACE.y1 + 2)
    assert bool((made.window_alpha[deep] > 0.9999).all()) and bool((made.window_alpha[far] == 0).all())


def test_hints_and_masks_are_cut_as_the_picture_is():
    made = region(50.0)
    hint = picture().movedim(-1, 0)[None]
    seen = View(made, IMAGE, 8).planes(hint)[0].movedim(0, -1)
    assert seen.shape == (made.sampled_at.height, made.sampled_at.width, 3)
    assert float((seen - cut(picture(), made)[0]).abs().mean()) < 5e-3
    latent = hint[..., ::8, ::8]
    cells = View(made, IMAGE, 8).planes(latent)
    assert cells.shape[-2:] == (made.sampled_at.height // 8, made.sampled_at.width // 8)
    assert float((cells[0, :, 20:-20, 20:-20].mean() - cut(picture(), made).mean()).abs()) < 0.05


@pytest.mark.parametrize("roll", [0.0, 50.0, 180.0])
def test_a_point_lies_in_the_crop_where_it_is_seen(roll):
    made, image = region(roll), torch.zeros(SIDE, SIDE, 3)
    image[120:123, 150:153] = 1
    [[x, y]] = to_crop(np.array([[151.0, 121.0]]), made)
    seen = cut(image, made)[0, ..., 0]
    rows, columns = (torch.arange(side).float() for side in seen.shape)
    row, column = (float((seen.sum(1 - axis) * at).sum() / seen.sum()) for axis, at in enumerate((rows, columns)))
    assert math.hypot(column - x, row - y) < 0.5


def test_areas_are_placed_where_they_lie_in_the_turned_window():
    upside_down = region(180.0)
    cells = View(upside_down, IMAGE, 8).cells
    middle = (upside_down.window.x0 + upside_down.window.x1) / 2
    left = View(upside_down, IMAGE, 8).placed((0, 0, middle, SIDE))
    assert left is not None and abs(left.x0 - cells.width / 2) <= 1 and left.x1 == cells.width


def test_objects_that_share_a_window_are_not_turned():
    made = regions(45.0, union_masks=True)
    assert [item.turn for item in made.items] == [0]
    assert made.detections.notes == ("upright has no effect with union_masks or invert: objects share one window.",)
