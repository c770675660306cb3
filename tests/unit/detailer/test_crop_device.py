"""Large crops are resized on the device that they go to next, and come out the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from afterdetail.detailer import crop, resampling
from afterdetail.detailer.box import Box, Size
from afterdetail.detailer.crop import cut, filled, paste, with_hole
from afterdetail.detailer.detail import detail
from afterdetail.detailer.detection import Detection, Detections, Extent
from afterdetail.detailer.region import Regions, make_regions
from afterdetail.detailer.resampling import on_device, resized
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import FitSettings, MaskSettings
from rig.pretend_device import pretended
from rig.stand_ins import Nothing

CUDA, CPU = torch.device("cuda"), torch.device("cpu")
on_a_gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device: run this where there is one"),
]


@pytest.mark.parametrize(
    ("device", "height", "width", "size", "expected"),
    [
        (CUDA, 300, 300, Size(1024, 1024), CUDA),
        (CUDA, 1024, 1024, Size(300, 300), CUDA),
        (CUDA, 511, 511, Size(300, 300), CPU),
        (CUDA, 1024, 1024, Size(1024, 1024), CPU),
        (torch.device("mps"), 1024, 1024, Size(300, 300), CPU),
        (CPU, 1024, 1024, Size(300, 300), CPU),
        (None, 1024, 1024, Size(300, 300), CPU),
    ],
)
def test_what_is_large_and_changes_its_size_goes_to_a_gpu(device, height, width, size, expected):
    pixels = torch.empty(1).expand(1, height, width, 3)
    assert resampling._best_place(device, pixels, size) == expected


def test_without_memory_there_the_pixels_stay_where_they_are(monkeypatch):
    """The device is torch's own without memory, since there may be no GPU."""
    monkeypatch.setattr(resampling, "_best_place", lambda *_: torch.device("meta"))
    tried = []

    def resize(pixels: torch.Tensor) -> torch.Tensor:
        tried.append(pixels.device.type)
        if pixels.is_meta:
            raise torch.cuda.OutOfMemoryError
        return resized(pixels, Size(20, 10))

    pixels = torch.rand(1, 40, 40, 3)
    assert torch.equal(on_device(CUDA, resize, pixels, Size(20, 10)), resized(pixels, Size(20, 10)))
    assert tried == ["meta", "cpu"]


def one_face(upright: bool) -> Regions:
    """Of 300 px and tilted, in a picture of 800, sampled at 1024."""
    box = Box(200, 300, 500, 600)
    found = Detection(box, 0.9, "face", Extent(*map(float, box)), roll=40.0)
    masks = MaskSettings(upright=upright)
    return make_regions(Detections(800, 800, ((found,),)), masks, FitSettings("1024x1024", "sd15"))


@pytest.mark.parametrize("upright", [False, True])
def test_crops_are_cut_and_pasted_on_the_device_of_the_vae(monkeypatch, upright):
    image, regions = torch.rand(1, 800, 800, 3), one_face(upright)
    plain = detail(image, regions, Nothing(), Seeds()).image
    asked = []

    def noted(device, resize, pixels, size):
        asked.append(device)
        return resize(pixels)

    monkeypatch.setattr(crop, "on_device", noted)
    assert torch.equal(detail(image, regions, Nothing(device=CUDA), Seeds()).image, plain)
    assert asked == [CUDA, CUDA]


@pytest.fixture(params=["pretended", pytest.param("real", marks=on_a_gpu)])
def gpu(request) -> Iterator[torch.device]:
    with pretended("cuda") if request.param == "pretended" else nullcontext(CUDA) as device:
        yield device


@pytest.mark.parametrize("upright", [False, True])
def test_a_gpu_makes_the_same_crop_and_patch(gpu, upright):
    region, image = one_face(upright).items[0], torch.rand(800, 800, 3)
    here, there = cut(image, region), cut(image, region, device=gpu)
    assert there.is_cuda and not here.is_cuda
    for make in (lambda values: values, partial(filled, region=region), partial(with_hole, region=region)):
        assert float((make(there).cpu() - make(here)).abs().max()) < 1e-5
    ours, theirs = image.clone(), image.clone()
    paste(ours, here, region)
    paste(theirs, here, region, gpu)
    outside = region.alpha.on(Box.of_size(800, 800)) == 0
    assert torch.equal(theirs[outside], image[outside])
    assert float((ours - image).abs().max()) > 0 and float((ours - theirs).abs().max()) < 1e-5
