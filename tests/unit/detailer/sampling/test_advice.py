"""What is said of wired parts that run, and not as they were meant to."""

from typing import Any

import pytest
import torch
from afterdetail.detailer.detail import detail
from afterdetail.detailer.seeds import Seeds
from afterdetail.detailer.settings import PaintSettings
from rig import nano
from rig.checkpoints.random_tensors import RandomTensors
from rig.models.lora import lora_state_dict
from rig.scenes import grid_image, grid_objects, grid_regions
from skimage import data

COUNT = 2
PHOTO = torch.from_numpy(data.astronaut()[: 2 * 96 : 2, : 2 * 96 * COUNT : 2]).float()[None] / 255


def notes(made: Any, image: torch.Tensor | None = None) -> list[str]:
    picture = grid_image(COUNT) if image is None else image
    return detail(picture, grid_regions(grid_objects(COUNT)), made, Seeds(1)).report.notes


TITLES = {"SD15": "Stable Diffusion 1.5", "SDXL": "SDXL"}


class ByPreview:
    """A linear VAE whose latents have the colours that ComfyUI's preview of a family shows.

    It stands for the real VAEs, which cannot be had here; nano's has latents of no family.
    """

    def __init__(self, latent_format: Any, real: Any):
        self.colours, self.scale, self.real = torch.tensor(latent_format.latent_rgb_factors), latent_format, real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        cells = torch.nn.functional.avg_pool2d(pixels.movedim(-1, 1) * 2 - 1, 8)
        latent = torch.einsum("bchw,cl->blhw", cells, torch.linalg.pinv(self.colours))
        return self.scale.process_out(latent + 0.3 * torch.randn(latent.shape, generator=torch.manual_seed(1)))


@pytest.mark.parametrize("model", ["nano-sd15", "nano-sdxl"])
@pytest.mark.parametrize("vae", ["SD15", "SDXL"])
def test_a_vae_of_a_family_with_the_same_layers(inpainter, model, vae):
    import comfy.latent_formats

    models = nano.load(model)
    stand_in = ByPreview(getattr(comfy.latent_formats, vae)(), models.vae)
    family = "SDXL" if model == "nano-sdxl" else "SD15"
    said = (
        f"The VAE seems to be one of {TITLES[vae]}, and the model takes {family} latents, so colours come out wrong: "
        "use the VAE of the model's own checkpoint."
    )
    assert notes(inpainter(models._replace(vae=stand_in)), PHOTO) == ([] if vae == family else [said])


@pytest.mark.parametrize("model", ["nano-sd15", "nano-sdxl"])
def test_a_vae_that_is_like_no_other_family_is_let_be(inpainter, model):
    assert notes(inpainter(nano.load(model)), PHOTO) == notes(inpainter(nano.load(model))) == []


def test_a_family_that_this_comfyui_does_not_know_is_passed_over(inpainter, sd15, monkeypatch):
    """0.20.1 has no HiDream-O1; all of the pack failed there for it."""
    import comfy.supported_models

    monkeypatch.delattr(comfy.supported_models, "HiDreamO1")
    assert notes(inpainter(sd15), PHOTO) == []


def lora(width: int) -> dict[str, torch.Tensor]:
    """For nano-sd15, or as for a model `width` times as wide."""
    tensors = lora_state_dict(RandomTensors(1, torch.float32))
    return {name: torch.cat([tensor] * width) if tensor.ndim else tensor for name, tensor in tensors.items()}


@pytest.mark.parametrize(("width", "said"), [(1, False), (2, True)])
def test_a_lora_of_another_family_from_its_loader(inpainter, sd15, width, said):
    import comfy.sd

    for what, strengths in (("model", (1.0, 0.0)), ("clip", (0.0, 1.0))):
        model, clip = comfy.sd.load_lora_for_models(sd15.model, sd15.clip, lora(width), *strengths)
        wired = {"model": model} if what == "model" else {"clip": clip}
        found = notes(inpainter(**wired))
        sentence = f"A LoRA that is wired into {what} was made for another family of models, so it does nothing: take"
        assert [note.startswith(sentence) for note in found] == [True] * said


def test_a_control_picture_inside_the_model(inpainter, sd15):
    """DiffSynth's and Fun's; what steers by it, a network of its own, is not run here."""
    from comfy_extras.nodes_model_patch import DiffSynthCnetPatch

    patch = DiffSynthCnetPatch.__new__(DiffSynthCnetPatch)
    patch.encoded_image = patch.image = torch.zeros(1, 96, 96 * COUNT, 3)
    model = sd15.model.clone()
    model.set_model_double_block_patch(patch)
    made = inpainter(model=model)
    assert [note for note in made.notes if "DiffSynthCnetPatch" in note and "can't be cut" in note]


def test_a_reference_for_a_model_that_takes_none(inpainter):
    assert notes(inpainter(paint=PaintSettings(reference="crop"))) == [
        "reference is crop, and Stable Diffusion 1.5 models are given no reference: it changes nothing."
    ]


@pytest.mark.parametrize(("augmentation", "together"), [(0.0, True), (0.3, False)])
def test_unclip_pictures_with_noise_are_sampled_alone(inpainter, augmentation, together):
    """ComfyUI noises them by the first seed of a batch. nano-sd15 itself does not look at them."""
    sizes: list[int] = []
    made = inpainter()
    made.positive[0][1]["unclip_conditioning"] = [{"noise_augmentation": augmentation, "strength": 1.0}]
    sample = type(made._passes).sample
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            type(made._passes), "sample", lambda own, items, bar: sizes.append(len(items)) or sample(own, items, bar)
        )
        assert notes(made) == []
    assert sizes == ([COUNT] if together else [1] * COUNT)
