"""A SAMPLER, SIGMAS and a GUIDER of ComfyUI's nodes for custom sampling, in place of names and numbers."""

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import SampleSettings
from rig.nano import counting
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr, without

COUNT = 3
LONG = "a face with " + ", ".join(f"detail number {i}" for i in range(60))


@pytest.fixture
def run(inpainter):
    from afterdetail.detailer.sampling import Custom

    def repaired(found=None, custom=None, **options):
        made = inpainter(custom=Custom(**(custom or {})), **options)
        objects = grid_objects(COUNT) if found is None else found
        done = detail(grid_image(COUNT), grid_regions(objects), made, Seeds(9))
        assert done.report.counts("inpainted") == [objects.count], done.report.notes
        return done

    return repaired


@pytest.mark.parametrize("name", ["euler", "euler_ancestral", "dpmpp_2m_sde", "dpm_adaptive", "ddim"])
def test_a_wired_sampler_is_the_named_one(run, name):
    import comfy.samplers

    wired = run(custom={"sampler": comfy.samplers.sampler_object(name)}, sampler_name="lcm")
    assert psnr(wired.image, run(sampler_name=name).image) > 60


def test_the_settings_of_a_sampler_count(run):
    import comfy.samplers

    calm = run(custom={"sampler": comfy.samplers.ksampler("euler_ancestral", {"eta": 0.0})})
    assert psnr(calm.image, run().image) > 60, "without noise it is euler"
    assert psnr(run(sampler_name="euler_ancestral").image, calm.image) < 50


def test_a_sampler_that_is_not_comfyuis_takes_one_object_at_a_time(run, sd15):
    """It may draw from torch's own generator: still the object's own noise, whoever else is repaired."""
    import comfy.samplers

    def noisy(model, x, sigmas, extra_args=None, callback=None, disable=None):
        ones = x.new_ones([len(x)])
        for sigma in sigmas[:-1]:
            x = model(x, sigma * ones, **(extra_args or {})) + 0.1 * torch.randn_like(x)
        return x

    calls: list[int] = []
    custom = {"sampler": comfy.samplers.KSAMPLER(noisy)}
    together = run(custom=custom, model=counting(sd15.model, calls))
    assert max(calls) <= 2, "prompt and negative prompt of one object"
    fewer = run(without(grid_objects(COUNT), 0), custom)
    assert psnr(cell(fewer.image, 2), cell(together.image, 2)) > 60
    assert psnr(cell(together.image, 2), cell(run().image, 2)) < 50


def test_wired_sigmas_are_the_schedule(run, sd15):
    import comfy.samplers

    sampler = comfy.samplers.KSampler(sd15.model, 4, "cpu", "euler", "karras", 0.6)
    wired = run(custom={"sigmas": sampler.sigmas}, steps=9, scheduler="normal", denoise=0.1)
    assert psnr(wired.image, run(steps=4, scheduler="karras", denoise=0.6).image) > 60


def test_each_pass_takes_the_last_half_of_the_sigmas():
    from afterdetail.detailer.sampling.custom import schedule_of_pass

    sigmas = torch.tensor([9.0, 7, 5, 3, 1, 0])
    parts = [schedule_of_pass(sigmas, number).tolist() for number in range(4)]
    assert parts == [[9, 7, 5, 3, 1, 0], [3, 1, 0], [1, 0], [1, 0]]


def test_sigmas_without_a_step_are_a_sentence():
    from afterdetail.detailer.sampling import Custom

    with pytest.raises(ValueError, match="sigmas holds no step"):
        Custom(sigmas=torch.tensor([]))


def test_a_guider_brings_its_own_prompts_and_cfg(run, sd15):
    import comfy.samplers

    guider = comfy.samplers.CFGGuider(sd15.model)
    guider.set_conds(sd15.prompt("a green lizard"), sd15.prompt("blurry"))
    guider.set_cfg(7.0)
    kept = {name: list(prompt) for name, prompt in guider.original_conds.items()}
    guided = run(custom={"guider": guider}, positive=sd15.prompt("something else"), cfg=1.0)
    assert psnr(guided.image, run(positive=sd15.prompt("a green lizard"), cfg=7.0).image) > 60
    assert guider.original_conds == kept


def test_the_prompts_of_a_guider_are_cut_to_each_object(run, sd15):
    """Of two prompts for the parts of the picture, each object follows its own."""
    from comfy_extras.nodes_custom_sampler import Guider_DualCFG

    def guided_by(positive):
        guider = Guider_DualCFG(sd15.model)
        guider.set_conds(positive, sd15.prompt(""), sd15.prompt("blurry"))
        guider.set_cfg(12.0, 12.0)
        return run(custom={"guider": guider}).image

    parts = torch.zeros(2, 96, 96 * COUNT)
    parts[0, :, :96], parts[1, :, 96:] = 1, 1
    texts = [sd15.prompt(text) for text in (LONG, "a face")]
    limited = [
        [tensor, {**options, "mask": parts[place : place + 1], "mask_strength": 1.0}]
        for place, ((tensor, options),) in enumerate(texts)
    ]
    both, long, face = guided_by(limited), guided_by(texts[0]), guided_by(texts[1])
    assert psnr(cell(long, 0), cell(face, 0)) < 45
    assert psnr(cell(both, 0), cell(long, 0)) > 50 and psnr(cell(both, 2), cell(face, 2)) > 50


def test_denoise_by_size_repaints_each_object_by_its_own(run, sd15):
    calls: list[int] = []
    done = run(denoise_by_size=0.3, steps=8, model=counting(sd15.model, calls))
    assert set(calls) == {2 * COUNT}, "objects of one size share a batch"
    (denoise,) = {item.denoise for item in done.report.images[0]}
    assert denoise is not None and denoise > 0.7
    assert psnr(done.image, run(denoise=denoise, steps=8).image) > 60
    assert run().report.images[0][0].denoise is None


def test_denoise_by_size_beside_wired_sigmas_is_said(run):
    sigmas = torch.tensor([2.0, 1.0, 0.0])
    assert run(custom={"sigmas": sigmas}, denoise_by_size=0.3).report.notes == [
        "sigmas is wired, so denoise_by_size does nothing."
    ]
    assert SampleSettings().denoise_by_size == 0
