"""The figures and the reference ways of `make bench ARGS=quality`, on a picture that needs no model."""

import pytest
import torch
from afterdetail.detailer.box import Box
from quality_figures import Figures, Measure
from quality_scenes import Scene, broken
from reference_ways import dense_feather, fixed_square
from rig.judge import Judge
from rig.photos import FACES, pixels

FACE = Box(*FACES["astronaut"])


@pytest.fixture(scope="module")
def scene() -> Scene:
    unbroken = torch.from_numpy(pixels("astronaut").copy()).float()[None] / 255
    return Scene(unbroken, broken(unbroken, FACE, seed=1), FACE)


@pytest.fixture(scope="module")
def measure(scene) -> Measure:
    return Measure(Judge(), scene)


@pytest.fixture(scope="module")
def alpha() -> torch.Tensor:
    plane = torch.zeros(512, 512)
    plane[FACE.padded(4).slices], plane[FACE.slices] = 0.5, 1.0
    return plane


def test_the_unbroken_picture_is_without_fault(measure, scene, alpha):
    figures: Figures = measure(scene.unbroken, alpha)
    assert figures.psnr > 90
    assert figures.ssim == pytest.approx(1)
    assert figures.landmarks == 0
    assert (figures.seam, figures.grain, figures.found) == (1, 1, 1)
    assert figures.lab == 0


def test_a_broken_picture_is_told_from_it(measure, scene, alpha):
    figures: Figures = measure(scene.broken, alpha)
    assert figures.psnr < 30
    assert figures.landmarks > 0
    assert figures.outside == 0


def test_a_changed_pixel_outside_is_counted(measure, scene, alpha):
    touched = scene.broken.clone()
    touched[0, 5, 5, 0] += 0.1
    assert measure(touched, alpha).outside == 1


def test_another_colour_at_the_border_is_seen(measure, scene, alpha):
    tinted = scene.unbroken.clone()
    tinted[0, ..., 0] += 0.05 * (alpha > 0)
    assert measure(tinted, alpha).lab > 1


@pytest.mark.parametrize("way", [dense_feather, fixed_square])
def test_a_reference_way_changes_nothing_beyond_its_feather(scene, way):
    image, share = way(scene.broken, FACE, lambda crop, mask: 1 - crop)
    assert torch.equal(image[0][share == 0], scene.broken[0][share == 0])
    assert (image[0][share == 1] != scene.broken[0][share == 1]).any()
