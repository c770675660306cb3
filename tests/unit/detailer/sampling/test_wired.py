"""Conditionings and models as people wire them: limited, patched, broken, mismatched."""

import copy
import json

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.seeds import Seeds
from rig import nano
from rig.nano import counting
from rig.scenes import CELL, cell, grid_image, grid_objects, grid_regions, psnr

COUNT = 4


def run(inpainter, **options):
    image = grid_image(COUNT)
    return detail(image, grid_regions(grid_objects(COUNT)), inpainter(**options), Seeds(9))


def limited(conditioning, **limits):
    return [[tensor, {**options, **limits}] for tensor, options in conditioning]


def masked(first: int, last: int) -> torch.Tensor:
    """A MASK over the whole grid, 1 over these of its cells."""
    mask = torch.zeros(1, CELL, CELL * COUNT)
    mask[..., first * CELL : (last + 1) * CELL] = 1
    return mask


@pytest.mark.parametrize("kind", ["masks", "areas", "steps"])
def test_a_prompt_of_an_object_has_no_limits_of_the_wired_entries(inpainter, sd15, kind):
    """The wired prompt is made of two halves; an object's own line is meant for the whole object, all the time."""
    limits = {
        "masks": [{"mask": masked(0, 1), "mask_strength": 1.0}, {"mask": masked(2, 3), "mask_strength": 1.0}],
        "areas": [{"area": ("percentage", 1.0, 0.5, 0.0, x), "strength": 0.5} for x in (0.0, 0.5)],
        "steps": [{"start_percent": 0.0, "end_percent": 0.3}, {"start_percent": 0.3, "end_percent": 1.0}],
    }[kind]
    halves = [entry for limit in limits for entry in limited(sd15.prompt("a face"), **limit)]
    options = {
        "clip": sd15.clip,
        "prompts": ObjectPrompts.of(grid_objects(COUNT), "\n" * (COUNT - 1) + "a green lizard"),
    }
    plain, composite = run(inpainter, **options), run(inpainter, positive=halves, **options)
    assert psnr(cell(composite.image, COUNT - 1), cell(plain.image, COUNT - 1)) > 60


def test_an_object_without_a_prompt_keeps_its_pixels(inpainter, sd15):
    done = run(inpainter, positive=limited(sd15.prompt("a face"), mask=masked(0, 1), mask_strength=1.0))
    objects = json.loads(done.report.as_json())["images"][0]["objects"]
    assert [item["status"] for item in objects] == ["inpainted", "inpainted", "skipped", "skipped"]
    assert "lie elsewhere" in objects[2]["reason"]
    assert torch.equal(done.image[:, :, 2 * CELL :], grid_image(COUNT)[:, :, 2 * CELL :])


def test_the_bounds_of_a_mask_do_not_depend_on_the_other_objects(inpainter, sd15):
    mask = torch.zeros(1, CELL, CELL * COUNT)
    for index in range(COUNT):
        left = index * CELL + 24 + 6 * index
        mask[:, 30:70, left : left + 24] = 1
    bounded = limited(sd15.prompt("a green lizard"), mask=mask, mask_strength=1.0, set_area_to_bounds=True)
    positive = [*sd15.prompt("a face"), *bounded]
    together, alone = (run(inpainter, positive=positive, batch_size=size).image for size in (COUNT, 1))
    assert psnr(together, alone) > 60


def test_a_conditioning_that_cannot_be_cut_fails_its_objects_and_not_the_node(inpainter, sd15):
    done = run(inpainter, positive=limited(sd15.prompt("a face"), gligen=("position", None, [("a", "broken")])))
    assert done.report.counts("failed") == [COUNT] and torch.equal(done.image, grid_image(COUNT))


def test_patches_that_draw_from_the_global_generator(inpainter, sd15):
    """The same in every run, and whoever comes first. Stands for ToMe and HyperTile, whose layers nano-sd15 lacks."""

    def draws(apply_model, arguments):
        out = apply_model(arguments["input"], arguments["timestep"], **arguments["c"])
        return out * (0.5 + torch.rand(1))

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(draws)
    first = run(inpainter, model=model)
    torch.rand(1)
    before = torch.get_rng_state()
    again, alone = run(inpainter, model=model), run(inpainter, model=model, batch_size=1)
    assert psnr(first.image, run(inpainter).image) < 60, "the patch does something"
    assert torch.equal(again.image, first.image) and psnr(alone.image, first.image) > 60
    assert torch.equal(torch.get_rng_state(), before)


def test_patches_that_look_at_a_whole_batch_see_one_object(inpainter, sd15):
    from comfy_extras.nodes_easycache import LazyCacheNode

    calls: list[int] = []
    patched = LazyCacheNode.execute(
        sd15.model, reuse_threshold=0.2, start_percent=0.0, end_percent=1.0, verbose=False
    ).args[0]
    run(inpainter, model=counting(patched, calls), steps=2)
    assert max(calls) <= 2, "prompt and negative prompt of one object"


def test_a_vae_of_another_family_is_refused(inpainter, sd15):
    other = copy.copy(sd15.vae)
    other.latent_channels = 16
    with pytest.raises(ValueError, match=r"The VAE makes 16-channel picture latents and the model \(SD15\) samples 4"):
        inpainter(models=sd15._replace(vae=other))


def test_a_refiner_of_another_latent_space_is_refused(inpainter):
    from afterdetail.detailer.sampling import Refiner

    refiner = nano.load("nano-refiner")
    wired = Refiner(refiner.model, refiner.prompt("a face"), refiner.prompt("blurry"))
    with pytest.raises(ValueError, match="refiner_model samples SDXL latents and the model SD15 latents"):
        inpainter(refiner=wired)


def test_a_schedule_without_noise_levels_is_said_to_be_one(inpainter):
    """kl_optimal divides by the number of steps after the first: that is no fault of the VAE's precision."""
    done = run(inpainter, scheduler="kl_optimal", steps=1, denoise=1.0)
    assert done.report.counts("failed") == [COUNT]
    assert "kl_optimal has no noise levels for steps 1" in done.report.as_json()
