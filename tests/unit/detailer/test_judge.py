"""The judge's table of tests, on pictures and sights made by hand: each fault fails its own test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.judge import Observation, Observer, Verdict, judge
from afterdetail.detailer.region import Region, make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings

BOX = Box(60, 50, 140, 150)
POINTS = np.random.default_rng(0).uniform((70, 60), (130, 140), (21, 2))
GOOD = Observation(0.8, Extent(*map(float, BOX)), 0.9, POINTS, unit=40.0, fingers=5)


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    """A smooth random picture with some grain, [200, 200, 3]."""
    random = torch.Generator().manual_seed(3)
    coarse = F.interpolate(torch.rand(1, 3, 25, 25, generator=random), (200, 200), mode="bicubic")
    fine = 0.05 * torch.rand(1, 3, 200, 200, generator=random)
    return (0.2 + 0.6 * coarse + fine).clamp(0.02, 0.98)[0].movedim(0, -1).contiguous()


def region(label: str = "face", masks: MaskSettings | None = None) -> Region:
    found = Detection(BOX, 0.9, label, Extent(*map(float, BOX)))
    [made] = make_regions(Detections(200, 200, ((found,),)), masks or MaskSettings(), FitSettings("off", "sd15")).items
    return made


@pytest.fixture
def on(image) -> Callable[..., Verdict]:
    """The verdict on a picture that takes the place of `image` where the mask is."""

    def verdict(picture: torch.Tensor, observer: Observer | None = None, **options) -> Verdict:
        where = region(**options)
        rows, columns = where.window.slices
        return judge(image, picture[rows, columns][None], where, observer)

    return verdict


def failed(verdict: Verdict) -> set[str]:
    return {outcome.test.name for outcome in verdict.failed}


def test_the_very_picture_passes_every_test(on, image):
    verdict = on(image)
    assert not verdict.failed
    assert {"shift", "likeness", "colour", "ring", "sharpness", "blown"} == set(verdict.as_json())


def blurred(image):
    return F.avg_pool2d(F.pad(image.movedim(-1, 0)[None], (7,) * 4, mode="reflect"), 15, 1)[0].movedim(0, -1)


SPOILED = {
    "shift": lambda image: image.roll((12, 0), (0, 1)),
    "likeness": lambda image: image.flip(0),
    "colour": lambda image: (image + torch.tensor([0.15, 0, 0])).clamp(0, 1),
    "sharpness": blurred,
    "blown": lambda image: torch.zeros_like(image),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_picture_fails_its_test(on, image, name):
    assert name in failed(on(SPOILED[name](image)))


def test_a_rim_of_another_colour_is_seen_where_the_middle_has_its_own(on, image):
    tinted = image + torch.tensor([0.0, 0.12, 0.0])
    tinted[BOX.padded(-3).slices] = image[BOX.padded(-3).slices]
    assert failed(on(tinted.clamp(0, 1))) == {"ring"}
    assert "ring" not in on(tinted.clamp(0, 1), masks=MaskSettings(mask_blur=0)).as_json()


WORSE = {
    "score": GOOD._replace(score=0.3, extent=GOOD.extent),
    "size": GOOD._replace(extent=Extent(60.0, 50.0, 100.0, 100.0)),
    "presence": GOOD._replace(presence=0.1),
    "landmarks": GOOD._replace(points=POINTS + 10),
    "fingers": GOOD._replace(fingers=4),
}


@pytest.mark.parametrize("name", WORSE)
def test_what_the_networks_see_less_well_fails(on, image, name):
    assert failed(on(image, lambda pictures, detection: [GOOD, WORSE[name]])) == {name}
    assert not failed(on(image, lambda pictures, detection: [WORSE[name], GOOD])) - {"size", "landmarks"}


def test_an_object_that_no_network_knows_is_judged_by_its_pixels(on, image):
    verdict = on(image, lambda pictures, detection: None, label="chair")
    assert "score" not in verdict.as_json() and not verdict.failed


def test_the_networks_are_shown_the_place_before_and_after_and_where_the_object_is_in_it(on, image):
    shown = []

    def observer(pictures, detection):
        shown.append((pictures, detection))

    on(1 - image, observer)
    [(pictures, detection)] = shown
    offset = BOX.x0 - detection.box.x0, BOX.y0 - detection.box.y0
    height, width = pictures.shape[1:3]
    original = image[offset[1] : offset[1] + height, offset[0] : offset[0] + width]
    assert torch.equal(pictures[0], original)
    inside = detection.box.padded(-12).slices
    assert torch.allclose(pictures[1][inside], 1 - original[inside], atol=1e-6)
    outside = torch.ones(height, width, dtype=torch.bool)
    outside[detection.box.padded(30).intersection(Box.of_size(width, height)).slices] = False
    assert torch.equal(pictures[1][outside], original[outside])


def test_an_object_that_an_inverted_mask_spares_is_not_looked_at(on, image):
    looked = []
    on(image, lambda pictures, detection: looked.append(detection), masks=MaskSettings(invert=True))
    assert not looked


def test_the_reason_names_what_is_wrong_with_its_number_and_limit(on, image):
    reason = on(image, lambda pictures, detection: [GOOD, GOOD._replace(fingers=3)]).reason
    assert reason == "the repair was worse: fingers are missing (fingers 2.00, at most 0)"


def test_the_original_stays_as_it_is(on, image):
    before = image.clone()
    on(1 - image)
    assert torch.equal(image, before)
