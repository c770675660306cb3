"""What the user should know of wired models that run, but not as they were meant to: a sentence, or None."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import comfy.supported_models
import torch
import torch.nn.functional as F

from ..conditioning import Conditioning
from ..family import KNOWN, Family
from ..settings import SampleSettings
from .loras import most_fit
from .wording import Wording

CLEAR, CLEARER = 0.85, 0.1
"""A latent is taken for another family's from this likeness on, if it is less like its own family's by so much."""


class EncodedCrop(NamedTuple):
    """A crop [1, H, W, 3] and what the VAE made of it, [1, C, (T,) h, w]."""

    pixels: torch.Tensor
    latent: torch.Tensor


def on_hole(model: Any, prompts: Mapping[str, Conditioning], inpaint_model: bool) -> str | None:
    """A sentence where an inpainting checkpoint is not shown the hole; None otherwise."""
    shown = any("concat_latent_image" in options for _, options in prompts.get("positive", ()))
    if "masked_image" not in getattr(model.model, "concat_keys", ()) or inpaint_model or shown:
        return None
    return "The model is an inpainting checkpoint, which wants to see where the hole is: turn on inpaint_model."


def on_loras(model: Any, clip: Any) -> str | None:
    """ComfyUI leaves a weight as it is where a LoRA has another size, and says so in the log only."""
    for what, patcher in (("model", model), ("clip", clip and clip.patcher)):
        if patcher is not None and _misfitting(patcher):
            return (
                f"A LoRA that is wired into {what} was made for another family of models, so it does nothing: take it "
                "out, or use one for this model."
            )
    return None


def _misfitting(patcher: Any) -> bool:
    """Whether most of the LoRA weights that are to change a model have another size than what they change."""
    sizes = patcher.model.state_dict() if patcher.patches else {}
    added = [
        (patch, sizes.get(key))
        for key, patches in patcher.patches.items()
        for _, patch, _, part_of_weight, *_ in patches
        if part_of_weight is None
    ]
    return bool(added) and not most_fit(added)


def on_vae(model: Any, crop: EncodedCrop | None) -> str | None:
    """Told by the colours that ComfyUI's previews show of a latent: they are the crop's in its own family only.

    VAEs of SD 1.5 and SDXL have the same layers, so nothing else tells them apart.
    """
    own = model.get_model_object("latent_format")
    if crop is None or not _previews(own):
        return None
    alike = _likeness(own, crop)
    others = {family.title: _likeness(kind(), crop) for family, kind in _formats_like(own)}
    title = max(others, key=lambda title: others[title], default="")
    if not title or others[title] < max(CLEAR, alike + CLEARER):
        return None
    return (
        f"The VAE seems to be one of {title}, and the model takes {type(own).__name__} latents, so colours come out "
        "wrong: use the VAE of the model's own checkpoint."
    )


def _formats_like(own: Any) -> Iterator[tuple[Family, type]]:
    """The families with other latents of the same shape, of those that this ComfyUI knows."""
    for family in KNOWN:
        config = getattr(comfy.supported_models, family.configs[0], None)
        if config is None:
            continue
        kind = config.latent_format
        same_shape = (kind.latent_channels, kind.latent_dimensions) == (own.latent_channels, own.latent_dimensions)
        if same_shape and not isinstance(own, kind) and _previews(kind()):
            yield family, kind


def _previews(latent_format: Any) -> bool:
    return bool(latent_format.latent_rgb_factors) and latent_format.latent_rgb_factors_reshape is None


def _likeness(latent_format: Any, crop: EncodedCrop) -> float:
    """The correlation of the colours of a crop with those that a latent has by the family's preview, -1 to 1."""
    latent = latent_format.process_in(crop.latent.float())
    cells = latent.reshape(*latent.shape[:2], -1, *latent.shape[-2:])[0, :, 0]
    shown = torch.einsum("chw,cr->rhw", cells, cells.new_tensor(latent_format.latent_rgb_factors))
    given = F.interpolate(crop.pixels.movedim(-1, 1).float(), shown.shape[-2:], mode="area")[0].to(shown)
    shown, given = (colours - colours.mean((1, 2), keepdim=True) for colours in (shown, given))
    return float((shown * given).sum() / (shown.norm() * given.norm()).clamp(min=1e-6))


def on_control_pictures(model: Any) -> str | None:
    """Of DiffSynth, Fun and the like, which are patches of the model and no conditioning."""
    patches = model.model_options.get("transformer_options", {}).get("patches", {})
    kinds = {type(patch).__name__ for group in patches.values() for patch in group if _holds_picture(patch)}
    if not kinds:
        return None
    return (
        f"A control picture is part of the model ({', '.join(sorted(kinds))}) and can't be cut to an object: "
        "every crop is steered by the whole picture. Use a ControlNet in the conditioning, or none."
    )


def _holds_picture(patch: Any) -> bool:
    return isinstance(getattr(patch, "image", None), torch.Tensor)


def on_reference(family: Family, wording: Wording) -> str | None:
    """`reference` is crop."""
    if not family.reference:
        return f"reference is crop, and {family.title} models are given no reference: it changes nothing."
    if family.reference == "latent and picture" and not wording.shows_pictures:
        return (
            f"The text encoder of {family.title} is not shown the crops, only the model is: connect its clip, and the "
            "prompt as text."
        )
    return None


def on_sigmas(settings: SampleSettings) -> str | None:
    """A sentence where wired sigmas leave denoise_by_size nothing to do; None otherwise."""
    return "sigmas is wired, so denoise_by_size does nothing." if settings.denoise_by_size else None
