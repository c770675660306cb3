"""An object's repair does not depend on which others are repaired, nor on how many go through the model at once."""

import json

import pytest
from afterdetail.detailer.detail import detail
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.seeds import Seeds
from rig.nano import counting
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_sde", "lcm", "ddpm"])
def test_the_seed_in_the_report_reproduces_the_object(inpainter, sampler):
    image, found = grid_image(4), grid_objects(4)
    done = detail(image, grid_regions(found), inpainter(sampler_name=sampler), Seeds(5))
    third = json.loads(done.report.as_json())["images"][0]["objects"][2]
    alone = found.with_images([[found.images[0][2]]])
    again = detail(image, grid_regions(alone), inpainter(sampler_name=sampler), Seeds(0, (0, 0, third["seed"])))
    assert psnr(cell(done.image, 2), cell(again.image, 2)) > 50


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde"])
def test_a_single_object_gets_what_comfyuis_ksampler_gives(sd15, inpainter, sampler):
    """Own noise streams are ComfyUI's own for that seed, not another kind of noise."""
    import comfy.sample
    from afterdetail.detailer.crop import cut, latent_mask

    image, regions = grid_image(1), grid_regions(grid_objects(1))
    made = inpainter(sampler_name=sampler)
    region = regions.refitted(ModelSizes(SD15, 8)).items[0]
    latent = made.encode(cut(image[0], region))
    expected = comfy.sample.sample(
        sd15.model,
        comfy.sample.prepare_noise(latent, 77),
        made.settings.steps,
        made.settings.cfg,
        sampler,
        made.settings.scheduler,
        made.positive,
        made.negative,
        latent,
        denoise=made.settings.denoise,
        noise_mask=latent_mask(region, latent),
        disable_pbar=True,
        seed=77,
    )
    patch = made.decode(expected)
    done = detail(image, regions, made, Seeds(77))
    rows, columns = region.members[0].box.padded(-6).slices
    window_rows, window_columns = region.members[0].box.padded(-6).relative_to(region.window).slices
    assert psnr(done.image[0, rows, columns], patch[0, window_rows, window_columns]) > 60


def test_all_objects_of_a_size_go_through_the_model_together(sd15, inpainter):
    calls: list[int] = []
    image, found = grid_image(6), grid_objects(6)
    model = counting(sd15.model, calls)
    detail(image, grid_regions(found), inpainter(model=model, batch_size=0, steps=3), Seeds())
    assert calls == [12] * 3, "six objects, each with its positive and negative, in each of three steps"
    calls.clear()
    detail(image, grid_regions(found), inpainter(model=model, batch_size=4, steps=1), Seeds())
    assert calls == [8, 4]


def test_union_is_one_sample(sd15, inpainter):
    from afterdetail.detailer.settings import MaskSettings

    calls: list[int] = []
    model = counting(sd15.model, calls)
    regions = grid_regions(grid_objects(3), MaskSettings(union_masks=True))
    done = detail(grid_image(3), regions, inpainter(model=model, steps=2), Seeds())
    assert calls == [2, 2] and done.report.counts("inpainted") == [3]
