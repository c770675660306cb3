"""What each setting of the engine does, on a real model."""

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import MaskSettings, PaintSettings
from rig import nano
from rig.nano import counting
from rig.scenes import cell, grid_image, grid_objects, grid_regions, psnr

LONG = "a face with " + ", ".join(f"detail number {i}" for i in range(60))
"""More than the 77 tokens of one chunk."""


@pytest.fixture
def run(inpainter):
    """Repairs a row of objects and gives the image; `object_prompts` and `negatives` are the texts."""

    def repaired(
        count=3, seeds=None, image=None, masks=None, labels=("face",), object_prompts="", negatives="", **options
    ):
        picture = grid_image(count) if image is None else image
        regions = grid_regions(grid_objects(count, labels), masks)
        if object_prompts or negatives:
            options["prompts"] = ObjectPrompts.of(regions.detections, object_prompts, negatives)
        done = detail(picture, regions, inpainter(**options), seeds or Seeds(9))
        assert done.report.counts("inpainted") == [count]
        assert torch.equal(done.image[done.alpha == 0], picture[done.alpha == 0])
        return done.image

    return repaired


def test_object_prompts_change_their_object_and_no_other(run, sd15):
    common = run()
    worded = run(clip=sd15.clip, object_prompts=f"\n{LONG}\n")
    assert psnr(cell(worded, 1), cell(common, 1)) < 45
    assert psnr(cell(worded, 0), cell(common, 0)) > 50 and psnr(cell(worded, 2), cell(common, 2)) > 50
    alone = run(clip=sd15.clip, object_prompts=f"\n{LONG}\n", batch_size=1)
    assert psnr(alone, worded) > 50


@pytest.mark.parametrize("texts", [{"object_prompts": f"\n--neg {LONG}"}, {"negatives": f"\n{LONG}"}])
def test_a_negative_is_its_objects_own(run, sd15, texts):
    common, own = run(cfg=12.0), run(cfg=12.0, clip=sd15.clip, **texts)
    assert psnr(cell(own, 1), cell(common, 1)) < 45
    assert psnr(cell(own, 0), cell(common, 0)) > 50 and psnr(cell(own, 2), cell(common, 2)) > 50


def test_prompts_of_other_lengths_share_a_batch(run, sd15):
    calls: list[int] = []
    run(clip=sd15.clip, object_prompts=f"a hand\n{LONG}", model=counting(sd15.model, calls), steps=1)
    # Positive and negative are of different lengths here, which ComfyUI may or may not run together.
    assert sum(calls) == 6 and min(calls) >= 3


def test_prompts_by_label(run, sd15):
    common = run(labels=("face", "hand"))
    by_label = run(labels=("face", "hand"), clip=sd15.clip, object_prompts=f"hand: {LONG}")
    assert psnr(cell(by_label, 1), cell(common, 1)) < 45 and psnr(cell(by_label, 0), cell(common, 0)) > 50


def test_object_prompts_need_a_clip(inpainter):
    with pytest.raises(ValueError, match="object_prompts needs the clip input"):
        inpainter(prompts=ObjectPrompts.of(grid_regions(grid_objects(1)).detections, "a hand"))


def test_a_list_of_seeds_goes_in_order(run):
    derived = run()
    listed = run(seeds=Seeds(9, (9, 123)))
    assert psnr(cell(listed, 0), cell(derived, 0)) > 60  # the first object's derived seed is the seed itself
    assert psnr(cell(listed, 1), cell(derived, 1)) < 45
    assert psnr(cell(listed, 2), cell(derived, 2)) > 60  # beyond the list


def test_passes_go_on_from_each_other(run):
    once, twice = run(passes=1), run(passes=2)
    assert psnr(twice, once) < 45
    assert psnr(run(passes=2, batch_size=1), twice) > 50


@pytest.mark.parametrize("fill", ["fill", "latent noise", "latent nothing"])
def test_fill_replaces_what_was_under_the_mask(run, fill):
    """At a denoise of 0.7 the original shines through, unless something else was put in its place."""
    image = grid_image(3)
    original, filled = run(), run(paint=PaintSettings(fill=fill))
    assert psnr(filled, original) < 45
    assert psnr(run(paint=PaintSettings(fill=fill), batch_size=1), filled) > 50
    mask_only = grid_regions(grid_objects(3)).items[1].members[0].box.padded(-8).slices
    darkened = image.clone()
    darkened[0][mask_only] *= 0.5
    if fill != "fill":  # its surroundings are the same, and so must be what is made of it
        assert psnr(cell(run(paint=PaintSettings(fill=fill), image=darkened), 1), cell(filled, 1)) > 40


def test_noise_multiplier(run):
    assert psnr(run(noise_multiplier=1.0), run()) > 80
    assert psnr(run(noise_multiplier=1.1), run()) < 45


def test_differential_repaints_the_rim_less(run):
    masks = MaskSettings(3, 6, 2)
    hard, soft = run(masks=masks, steps=8), run(masks=masks, steps=8, paint=PaintSettings(differential=True))
    image = grid_image(3)
    changed_hard, changed_soft = ((result - image).abs().mean() for result in (hard, soft))
    assert changed_soft < changed_hard and psnr(hard, soft) < 60


def test_color_match_undoes_a_shift(run, sd15, monkeypatch):
    """A VAE that darkens everything: what is around the mask tells by how much."""
    right, decode = run(denoise=0.1), sd15.vae.decode
    monkeypatch.setattr(sd15.vae, "decode", lambda latent: decode(latent) * 0.8)
    dark, matched = run(denoise=0.1), run(denoise=0.1, paint=PaintSettings(color_match=1.0))
    half = run(denoise=0.1, paint=PaintSettings(color_match=0.5))
    off_by = [float((result - right).abs().mean()) for result in (dark, half, matched)]
    assert off_by[2] < 0.5 * off_by[0] and off_by[2] < off_by[1] < off_by[0]


def test_the_same_model_as_refiner_changes_nothing(run, sd15):
    """Handing over in the middle is exact for a sampler without memory, and the kept area stays noised as it was."""
    from afterdetail.detailer.sampling import Refiner

    same = Refiner(sd15.model, sd15.prompt("a face"), sd15.prompt("blurry"))
    for share in (0.25, 0.5, 0.75):
        assert psnr(run(steps=8, refiner=same, high_noise_frac=share), run(steps=8)) > 60, share


def test_refiner_shares(run, sd15):
    """A share of 1 is no refiner, a share of 0 nothing but the refiner."""
    from afterdetail.detailer.sampling import Refiner

    other = Refiner(sd15.model, sd15.prompt(LONG), sd15.prompt("blurry"))
    assert psnr(run(refiner=other, high_noise_frac=1.0), run()) > 80
    assert psnr(run(refiner=other, high_noise_frac=0.0), run(positive=sd15.prompt(LONG))) > 60
    assert psnr(run(steps=2, refiner=other, high_noise_frac=0.8), run(steps=2)) > 80, "no step is left for the refiner"
    half = run(steps=8, refiner=other, high_noise_frac=0.5)
    assert psnr(half, run(steps=8)) < 70 and psnr(half, run(steps=8, positive=sd15.prompt(LONG))) < 70


def test_an_inpaint_checkpoint_sees_the_hole(inpainter):
    """What is under the mask must not reach the network through the picture it is shown."""
    models = nano.load("nano-sd15-inpaint")
    seen = []

    def look(apply_model, arguments):
        seen.append(arguments["c"]["c_concat"].clone())
        return apply_model(arguments["input"], arguments["timestep"], **arguments["c"])

    model = models.model.clone()
    model.set_model_unet_function_wrapper(look)
    made = inpainter(models, model=model, paint=PaintSettings(inpaint_model=True), steps=1, denoise=1.0)
    image, found = grid_image(2), grid_objects(2)
    regions = grid_regions(found)
    assert detail(image, regions, made, Seeds()).report.counts("inpainted") == [2]
    hidden = image.clone()
    for detection in found.images[0]:
        hidden[0][detection.box.padded(-2).slices] = 0
    detail(hidden, regions, made, Seeds())
    shown, shown_hidden = seen
    assert shown.shape[1] == 5 and set(shown[:, 0].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(shown[:, 0], shown_hidden[:, 0]) and torch.allclose(shown, shown_hidden, atol=1e-5)


def test_sdxl_size_conditioning_is_the_crops(inpainter):
    models = nano.load("nano-sdxl")
    sizes = {"width": 4096, "height": 4096, "crop_w": 64, "crop_h": 64, "target_width": 4096, "target_height": 4096}
    plain = models.prompt("a face")
    sized = [[tensor, {**options, **sizes}] for tensor, options in plain]
    image, regions = grid_image(2), grid_regions(grid_objects(2))
    results = [detail(image, regions, inpainter(models, positive=p), Seeds(3)).image for p in (plain, sized)]
    assert psnr(*results) > 80
