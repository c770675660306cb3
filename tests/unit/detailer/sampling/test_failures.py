"""The usual mistakes, each made on tiny models: what the report says of it."""

from typing import Any

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.failures import explained
from afterdetail.detailer.object_prompts import ObjectPrompts
from afterdetail.detailer.report import DetailReport, ObjectReport
from afterdetail.detailer.seeds import Seeds
from rig import models as small_models
from rig import nano
from rig.make import MODELS_CACHE
from rig.nano import Nano
from rig.scenes import grid_image, grid_objects, grid_regions


@pytest.fixture
def reasons(inpainter):
    """Why the objects of a picture fail under some models and options: one sentence for all."""

    def fail(models: Nano, **options: Any) -> str:
        report = detail(grid_image(2), grid_regions(grid_objects(2)), inpainter(models, **options), Seeds(1)).report
        assert report.counts("failed") == [2]
        (reason,) = {item.reason for item in report.images[0]}
        with pytest.raises(RuntimeError) as error:
            report.check()
        assert str(error.value) == f"All 2 objects failed. {reason}"
        return reason or ""

    return fail


@pytest.mark.parametrize(
    ("model", "text", "sentence"),
    [
        ("nano-sdxl", "nano-sd15", "The prompts come from the text encoder of SD 1.5 and the model is SDXL: wire"),
        ("nano-sd15", "nano-sdxl", "The prompts come from the text encoder of SDXL and the model is SD 1.5: wire"),
        ("nano-refiner", "nano-sdxl", "The model is the SDXL refiner, which only does the last steps: wire it to"),
        ("nano-refiner", "nano-sd15", "The model is the SDXL refiner, which only does the last steps: wire it to"),
    ],
)
def test_text_of_another_family_and_the_refiner_as_base(reasons, model, text, sentence):
    models = nano.load(model)
    assert reasons(models._replace(clip=nano.load(text).clip)).startswith(sentence)


@pytest.mark.parametrize(("model", "control"), [("nano-sdxl", "nano-sd15"), ("nano-sd15", "nano-sdxl")])
def test_a_controlnet_of_another_family(reasons, model, control):
    import comfy.controlnet

    models = nano.load(model)
    path = small_models.ensure(f"{control}-controlnet", MODELS_CACHE)
    loaded: Any = comfy.controlnet.load_controlnet(str(path))
    loaded.set_cond_hint(torch.rand(1, 3, 96, 192))
    positive = [[tensor, {**options, "control": loaded}] for tensor, options in models.prompt("a face")]
    assert reasons(models, positive=positive).startswith("The ControlNet was made for another family of models:")


def test_no_memory(reasons, sd15):
    import comfy.model_management

    def full(*_: Any) -> None:
        raise comfy.model_management.OOM_EXCEPTION(
            "Allocation on device 0 would exceed allowed memory. (out of memory)"
        )

    model = sd15.model.clone()
    model.set_model_unet_function_wrapper(full)
    assert reasons(sd15._replace(model=model)).startswith("There is not enough memory for a crop of this size:")


def test_a_vae_that_gives_nan(reasons, sd15):
    class Nan:
        def __getattr__(self, name: str) -> Any:
            return getattr(sd15.vae, name)

        def decode(self, latent: torch.Tensor) -> torch.Tensor:
            return sd15.vae.decode(latent) * torch.nan

    assert "--fp32-vae" in reasons(sd15._replace(vae=Nan()))


@pytest.mark.parametrize("vae", ["tiny-sd3", "tiny-wan-vae"])
def test_a_vae_of_another_family_is_refused_before_anything_is_sampled(inpainter, sd15, vae):
    import comfy.sd
    import comfy.utils

    path = str(small_models.ensure(vae, MODELS_CACHE))
    if vae == "tiny-sd3":
        loaded = comfy.sd.load_checkpoint_guess_config(path)[2]
    else:
        loaded = comfy.sd.VAE(sd=comfy.utils.load_torch_file(path))
    with pytest.raises(ValueError, match="VAE"):
        inpainter(sd15._replace(vae=loaded))


def test_no_clip_for_object_prompts(inpainter):
    prompts = ObjectPrompts.of(grid_objects(1), "a hand")
    with pytest.raises(ValueError, match="object_prompts needs the clip input: connect the CLIP that belongs to"):
        inpainter(prompts=prompts)


def test_an_inpaint_checkpoint_without_inpaint_model_is_said(inpainter):
    models = nano.load("nano-sd15-inpaint")
    report = detail(grid_image(1), grid_regions(grid_objects(1)), inpainter(models), Seeds(1)).report
    assert report.notes == [
        "The model is an inpainting checkpoint, which wants to see where the hole is: turn on inpaint_model."
    ]


@pytest.mark.parametrize(
    "error",
    [
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 16, 1, 8, 8]",
        "Given groups=1, weight of size [32, 4, 3, 3], expected input[2, 16, 8, 8] to have 4 channels, but got 16 "
        "channels instead",
    ],
)
def test_latents_of_another_family(error):
    assert explained("sampling", RuntimeError(error)).startswith("The VAE makes latents ")


def test_what_is_not_in_the_table_keeps_its_own_words():
    assert explained("decoding", RuntimeError("odd")) == "decoding failed: odd"
    assert explained("decoding", KeyError()) == "decoding failed: KeyError"


@pytest.mark.parametrize(
    "fates",
    [
        [("failed", "a"), ("failed", "b")],
        [("failed", "a"), ("inpainted", None)],
        [("skipped", "a"), ("skipped", "a")],
        [("removed", "a")],
        [],
    ],
)
def test_only_one_reason_for_all_that_were_tried_is_an_error(fates):
    (found,) = grid_objects(1).images[0]
    DetailReport("", 0.5, [[ObjectReport(found, status, reason) for status, reason in fates]]).check()


def test_one_object_that_fails_beside_skipped_ones_is_an_error():
    (found,) = grid_objects(1).images[0]
    report = DetailReport("", 0.5, [[ObjectReport(found, "skipped", "a"), ObjectReport(found, "failed", "It broke.")]])
    with pytest.raises(RuntimeError, match=r"^The object failed\. It broke\.$"):
        report.check()
