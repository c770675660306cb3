"""Models that break on some objects: those keep their pixels, the others are done, and an interrupt is no failure."""

import json

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.seeds import Seeds
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr

BAD = 1
"""The object with a prompt of its own, by which the broken model below knows it."""


@pytest.fixture
def poisoned(sd15, inpainter):
    """Makes an inpainter whose network does `harm` to the objects that have the poisoned prompt."""

    def make(harm, **options):
        poison = sd15.prompt("poison")[0][0]

        def wrapper(apply_model, arguments):
            context = arguments["c"]["c_crossattn"]
            bad = torch.tensor([torch.allclose(item, poison[0, : item.shape[0]].to(item)) for item in context])
            out = apply_model(arguments["input"], arguments["timestep"], **arguments["c"])
            return harm(out, bad)

        model = sd15.model.clone()
        model.set_model_unet_function_wrapper(wrapper)
        prompts = ObjectPrompts.of(grid_objects(3), "\npoison")
        return inpainter(model=model, clip=sd15.clip, prompts=prompts, **options)

    return make


def nan(out, bad):
    out[bad] = torch.nan
    return out


def infinite(out, bad):
    out[bad] = torch.inf
    return out


def broken(out, bad):
    if bad.any():
        raise RuntimeError("this kernel is broken")
    return out


@pytest.mark.parametrize("harm", [nan, infinite, broken])
@pytest.mark.parametrize("batch_size", [0, 1, 2])
def test_only_the_broken_object_is_left(poisoned, inpainter, harm, batch_size):
    image, regions = grid_image(4), grid_regions(grid_objects(4))
    good = detail(image, regions, inpainter(), Seeds(2))
    done = detail(image, regions, poisoned(harm, batch_size=batch_size), Seeds(2))
    objects = json.loads(done.report.as_json())["images"][0]["objects"]
    assert [item["status"] for item in objects] == ["inpainted", "failed", "inpainted", "inpainted"]
    assert objects[BAD]["reason"] and torch.equal(cell(done.image, BAD), cell(image, BAD))
    assert not cell(done.alpha, BAD).any() and bool(torch.isfinite(done.image).all())
    for index in (0, 2, 3):
        assert psnr(cell(done.image, index), cell(good.image, index)) > 50


def test_out_of_memory_halves_the_batch(sd15, inpainter):
    from comfy.model_management import OOM_EXCEPTION

    tried: list[int] = []

    def wrapper(apply_model, arguments):
        objects = len(arguments["input"]) // 2
        tried.append(objects)
        if objects > 2:
            raise OOM_EXCEPTION("out of memory")
        return apply_model(arguments["input"], arguments["timestep"], **arguments["c"])

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    image, regions = grid_image(8), grid_regions(grid_objects(8))
    done = detail(image, regions, inpainter(model=model, steps=1), Seeds(2))
    assert done.report.counts("inpainted") == [8]
    assert tried == [8, 4, 2, 2, 4, 2, 2]
    assert psnr(done.image, detail(image, regions, inpainter(steps=1), Seeds(2)).image) > 50


def test_out_of_memory_for_a_single_object_is_its_failure(sd15, inpainter):
    from comfy.model_management import OOM_EXCEPTION

    def wrapper(apply_model, arguments):
        raise OOM_EXCEPTION("out of memory")

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    image = grid_image(2)
    done = detail(image, grid_regions(grid_objects(2)), inpainter(model=model), Seeds())
    assert done.image is image and done.report.counts("failed") == [2]


def test_an_interrupt_passes_through(sd15, inpainter):
    from comfy.model_management import InterruptProcessingException

    def wrapper(apply_model, arguments):
        raise InterruptProcessingException

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    with pytest.raises(InterruptProcessingException):
        detail(grid_image(2), grid_regions(grid_objects(2)), inpainter(model=model), Seeds())


def test_an_interrupt_ends_the_run_within_a_step(sd15, inpainter):
    from comfy.model_management import InterruptProcessingException, interrupt_current_processing

    calls: list[int] = []

    def wrapper(apply_model, arguments):
        calls.append(len(calls))
        if len(calls) == 3:
            interrupt_current_processing()
        return apply_model(arguments["input"], arguments["timestep"], **arguments["c"])

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(wrapper)
    with pytest.raises(InterruptProcessingException):
        detail(grid_image(2), grid_regions(grid_objects(2)), inpainter(model=model, steps=8, batch_size=1), Seeds())
    assert len(calls) == 3
