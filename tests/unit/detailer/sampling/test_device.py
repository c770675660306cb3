"""The engine with ComfyUI's models on a GPU, a pretended one: nothing of two devices may meet in one operation."""

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple
from unittest import mock

import pytest
import torch
from afterdetail.detailer.detail import Checks, Detailed, detail
from afterdetail.detailer.detection import Detections
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.region import Regions
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import KeepSettings, MaskSettings, PaintSettings
from afterdetail.detectors.observer import observe
from rig import nano
from rig.comfy_on_device import comfy_on_device
from rig.nano import Nano
from rig.scenes import CELL, grid_image, grid_objects, grid_regions

NOISY = ("dpmpp_2m_sde_gpu", "dpmpp_sde", "er_sde", "euler_ancestral", "lcm", "sa_solver", "seeds_2")
"""Samplers that draw noise on their way, each in its own fashion."""


class Gpu(NamedTuple):
    device: torch.device
    models: Nano


def limited(models, **limits):
    return [[tensor, {**options, **limits}] for tensor, options in models.prompt("a face")]


def refined(models):
    from afterdetail.detailer.sampling import Refiner

    return Refiner(models.model, models.prompt("a hand"), models.prompt("blurry"))


def scheduled(models):
    from afterdetail.detailer.sampling import Custom

    return Custom(sigmas=torch.tensor([6.0, 2.0, 0.7, 0.0]))


CASES: dict[str, Callable[..., dict]] = {
    "plain": lambda models: {},
    "one by one": lambda models: {"batch_size": 1, "passes": 2},
    "fill": lambda models: {"paint": PaintSettings(fill="fill", inpaint_model=True)},
    "latent noise": lambda models: {"paint": PaintSettings(fill="latent noise")},
    "latent nothing": lambda models: {"paint": PaintSettings(fill="latent nothing")},
    "differential": lambda models: {"paint": PaintSettings(differential=True, reference="crop")},
    "blended": lambda models: {"paint": PaintSettings(color_match=1.0, blend="seamless", grain=1.0)},
    "sigmas": lambda models: {"custom": scheduled(models), "passes": 2},
    "refiner": lambda models: {"refiner": refined(models), "high_noise_frac": 0.5},
    "mask": lambda models: {"positive": limited(models, mask=torch.ones(1, 96, 192), mask_strength=1.0)},
    "area": lambda models: {"positive": limited(models, area=("percentage", 1.0, 1.0, 0.0, 0.0), strength=1.0)},
    "prompts": lambda models: {"clip": models.clip, "prompts": ObjectPrompts.of(grid_objects(2), "a hand")},
}


def repaired(inpainter, models, image=None, masks=None, checks=None, **options) -> Detailed:
    """Two objects by the `models` that are given; all of them have to come out."""
    regions = grid_regions(grid_objects(2), masks)
    done = detail(grid_image(2) if image is None else image, regions, inpainter(models, **options), Seeds(9), checks)
    objects = json.loads(done.report.as_json())["images"][0]["objects"]
    assert {item["status"] for item in objects} <= {"inpainted", "rejected"}, objects
    return done


@pytest.fixture(scope="module")
def by_cpu(inpainter, sd15) -> dict[str, torch.Tensor]:
    """What comes out without a GPU."""
    with torch.inference_mode():
        return {case: repaired(inpainter, sd15, **options(sd15)).image for case, options in CASES.items()}


@pytest.fixture(scope="module")
def ordinary(by_cpu) -> Iterator[Gpu]:
    """ComfyUI as most people run it: models on the GPU, images and latents between nodes on the CPU."""
    with comfy_on_device() as device:
        yield Gpu(device, nano.opened())


@pytest.fixture(scope="module")
def gpu_only(by_cpu) -> Iterator[Gpu]:
    """ComfyUI with --gpu-only: images and latents stay on the GPU."""
    with comfy_on_device(gpu_only=True) as device:
        yield Gpu(device, nano.opened())


@pytest.mark.parametrize("case", CASES)
def test_models_on_a_gpu_paint_what_they_paint_on_a_cpu(ordinary, inpainter, by_cpu, case):
    done = repaired(inpainter, ordinary.models, **CASES[case](ordinary.models))
    assert not done.image.is_cuda and float((done.image - by_cpu[case]).abs().max()) < 1e-4


@pytest.mark.parametrize("sampler", NOISY)
def test_samplers_draw_noise_where_they_need_it(ordinary, inpainter, sampler):
    """A wired schedule comes on the CPU. On a GPU most samplers draw there, so the numbers are others than on a CPU."""
    repaired(inpainter, ordinary.models, sampler_name=sampler, custom=scheduled(ordinary.models))


def test_an_image_of_another_pack_may_lie_on_the_gpu(ordinary, inpainter, by_cpu):
    image = grid_image(2).to(ordinary.device)
    done = repaired(inpainter, ordinary.models, image, **CASES["blended"](ordinary.models))
    assert done.image.is_cuda and float((done.image.cpu() - by_cpu["blended"]).abs().max()) < 1e-4


@pytest.mark.parametrize("case", CASES)
def test_everything_stays_on_the_gpu(gpu_only, inpainter, by_cpu, case):
    done = repaired(inpainter, gpu_only.models, grid_image(2).to(gpu_only.device), **CASES[case](gpu_only.models))
    assert done.image.is_cuda and done.alpha.is_cuda
    assert float((done.image.cpu() - by_cpu[case]).abs().max()) < 1e-4


def test_an_image_of_another_pack_may_lie_on_the_cpu(gpu_only, inpainter, by_cpu):
    done = repaired(inpainter, gpu_only.models, **CASES["blended"](gpu_only.models))
    assert not done.image.is_cuda and float((done.image - by_cpu["blended"]).abs().max()) < 1e-4


@pytest.mark.parametrize("masks", [MaskSettings(union_masks=True), MaskSettings(invert=True)])
def test_joined_masks_and_the_judge(gpu_only, inpainter, masks):
    checks = Checks(keep=KeepSettings("if better", 1), observer=observe)
    repaired(inpainter, gpu_only.models, grid_image(2).to(gpu_only.device), masks, checks)


def clip(count: int = 3) -> tuple[torch.Tensor, Regions]:
    """Frames in which one object goes to the right, and its regions."""
    frames = torch.cat([grid_image(1).roll(4 * frame, 2) for frame in range(count)])
    one = grid_objects(1).images[0][0]
    moving = Detections(CELL, CELL, tuple((one.shifted(4 * frame, 0),) for frame in range(count)))
    return frames, grid_regions(moving, MaskSettings(3, 2, 11, upright=True))


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_an_object_of_a_clip_is_followed(inpainter, kind):
    """Its frames on the GPU, and Apple's has not all functions of torch."""
    frames, regions = clip()
    with comfy_on_device(kind, gpu_only=True) as device:
        models = nano.opened()
        positive = limited(models, mask=torch.ones(1, CELL, CELL, device=device), mask_strength=1.0)
        options = CASES["blended"](models) | {"positive": positive}
        done = detail(frames.to(device), regions, inpainter(models, **options), Seeds(9, tracked=True))
    assert done.report.counts("inpainted") == [1, 1, 1]
    assert done.image.device == device


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_generator_of_the_gpu_is_left_as_it_was(kind):
    """Else a node that draws without a seed would draw the same after every detailer."""
    from afterdetail.detailer.sampling.noise import own_global_noise

    with comfy_on_device(kind) as device, mock.patch(f"torch.{kind}.set_rng_state") as restore:
        with own_global_noise(7):
            restore.assert_not_called()
        restore.assert_called_once_with(mock.ANY, device)
