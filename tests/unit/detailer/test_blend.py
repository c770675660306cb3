"""How a patch is fitted to its surroundings: casts and ramps go, grain comes, and nothing happens by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from afterdetail.detailer.blend import color_matched, grain, membrane, seamless, with_grain
from afterdetail.detailer.box import Box
from afterdetail.detailer.crop import paste
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.region import Region, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from skimage import data
from skimage.color import rgb2lab


def region_of(box: Box, width: int, height: int) -> Region:
    found = Detections(width, height, ((Detection(box, 0.9, "face", Extent(*map(float, box))),),))
    return make_regions(found, MaskSettings(), FitSettings("off")).refitted(ModelSizes(SD15, 8)).items[0]


PHOTO = torch.from_numpy(np.asarray(data.astronaut(), np.float32) / 255)
FACE = region_of(Box(170, 60, 280, 200), 512, 512)


def crop(region: Region) -> torch.Tensor:
    return PHOTO[region.window.slices][None]


def shift_in_the_rim(pasted: torch.Tensor, region: Region) -> float:
    """The mean colour difference, in CIE Lab, of the band in which patch and picture are mixed."""
    alpha = region.window_alpha
    band = ((alpha > 0.02) & (alpha < 0.98)).numpy()
    before, after = (rgb2lab(picture[region.window.slices].numpy())[band] for picture in (PHOTO, pasted))
    return float(np.linalg.norm(after - before, axis=1).mean())


def ramp(region: Region, levels: float) -> torch.Tensor:
    height, width = region.window.height, region.window.width
    return torch.linspace(-levels, levels, width).view(1, 1, width, 1).expand(1, height, width, 3) / 255


CASTS = {
    "cast": torch.tensor([8.0, -8.0, 8.0]) / 255,
    "ramp": ramp(FACE, 26),
    "cast and ramp": ramp(FACE, 12) + 8 / 255,
}


@pytest.mark.parametrize("name", CASTS)
def test_a_cast_and_a_ramp_leave_no_rim(name):
    patch = (crop(FACE) + CASTS[name]).clamp(0, 1)
    plain, blended = PHOTO.clone(), PHOTO.clone()
    paste(plain, patch, FACE)
    paste(blended, seamless(patch, PHOTO, FACE), FACE)
    assert shift_in_the_rim(blended, FACE) < 1
    assert shift_in_the_rim(plain, FACE) > 1.2
    outside = FACE.alpha.on(Box.of_size(512, 512)) == 0
    assert torch.equal(blended[outside], PHOTO[outside])


def test_the_middle_keeps_its_own_colours():
    """A patch that agrees with its surroundings around the mask is left as it is, whatever is new inside."""
    patch = torch.where(FACE.window_alpha[None, ..., None] > 0.5, 0.9, crop(FACE))
    assert float((seamless(patch, PHOTO, FACE) - patch).abs().max()) < 1e-5


def test_the_membrane_solves_its_equation():
    """Against a dense solution on a grid that is small enough for one."""
    side, screening = 24, 9.0
    known = torch.ones(side, side, dtype=torch.bool)
    known[6:18, 5:20] = False
    values = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(3))
    matrix = torch.zeros(side * side, side * side, dtype=torch.float64)
    right = torch.zeros(side * side, dtype=torch.float64)
    for y in range(side):
        for x in range(side):
            cell = y * side + x
            matrix[cell, cell] = 1.0 if known[y, x] else 4 + 1 / screening**2
            if known[y, x]:
                right[cell] = values[0, 0, y, x]
                continue
            for beside in (cell - 1, cell + 1, cell - side, cell + side):
                matrix[cell, beside] = -1.0
    wanted = torch.linalg.solve(matrix, right).view(side, side)
    assert float((membrane(values, known, screening)[0, 0] - wanted).abs().max()) < 2e-3


def test_a_window_that_is_all_mask_stays_as_it_is():
    region = region_of(Box(0, 0, 64, 64), 64, 64)
    patch = torch.rand(1, 64, 64, 3)
    assert seamless(patch, torch.rand(64, 64, 3), region) is patch
    assert with_grain(patch, torch.rand(64, 64, 3), region, 1.0, 7) is patch


def test_grain_of_the_surroundings_comes_into_a_smooth_patch():
    noise = torch.randn(PHOTO.shape[:2], generator=torch.Generator().manual_seed(1))[..., None] * 0.04
    flat = torch.full_like(PHOTO, 0.5)
    grainy, patch = flat + noise, flat[FACE.window.slices][None]
    inside = FACE.window_alpha > 0
    wanted = grain(grainy[FACE.window.slices], inside)
    assert grain(patch[0], inside) == 0
    assert grain(with_grain(patch, grainy, FACE, 1.0, 7)[0], inside) == pytest.approx(wanted, rel=0.1)
    assert grain(with_grain(patch, grainy, FACE, 0.5, 7)[0], inside) == pytest.approx(wanted / 2, rel=0.1)


def test_grain_is_drawn_from_the_seed_and_only_where_it_lacks():
    noise = torch.randn(PHOTO.shape[:2], generator=torch.Generator().manual_seed(1))[..., None] * 0.04
    grainy, patch = 0.5 + noise.expand(PHOTO.shape), torch.full_like(crop(FACE), 0.5)
    first, again, other = (with_grain(patch, grainy, FACE, 1.0, seed) for seed in (7, 7, 8))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert with_grain(patch, torch.full_like(PHOTO, 0.5), FACE, 1.0, 7) is patch
    assert with_grain(patch, grainy, FACE, 0.0, 7) is patch


def test_color_match_takes_mean_and_spread_from_around_the_mask():
    image = torch.rand(100, 100, 3, generator=torch.Generator().manual_seed(2))
    region = region_of(Box(40, 40, 60, 60), 100, 100)
    region = replace(region, window=Box(8, 8, 92, 92))
    patch = (image[region.window.slices][None] * 0.6 + 0.1).clone()
    assert float((color_matched(patch, image, region, 1.0) - image[region.window.slices][None]).abs().max()) < 0.02
    assert color_matched(patch, image, region, 0.0) is patch


HDR = PHOTO * 3


@pytest.mark.parametrize(
    "fitted",
    [
        lambda patch: color_matched(patch * 0.9, HDR, FACE, 1.0),
        lambda patch: seamless(patch - 0.1, HDR, FACE),
        lambda patch: with_grain(patch, HDR + 0.1 * torch.randn(HDR.shape), FACE, 1.0, 1),
    ],
    ids=["color_matched", "seamless", "with_grain"],
)
def test_pixels_above_one_are_not_cut_off(fitted):
    patch = HDR[FACE.window.slices][None]
    assert float(fitted(patch).max()) > 2.5
    plain = PHOTO[FACE.window.slices][None]
    assert float(color_matched(plain * 1.1, PHOTO, FACE, 1.0).max()) <= 1.1
