"""What a wired MODEL and VAE tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..conditioning import Conditioning
from ..family import SD15, UNKNOWN, Family, ModelSizes, recognised

SD15_LATENTS = "SD15"
TAKES_MASK_FOR_FRAMES = "Kandinsky5"
"""ComfyUI's class of it; that of the image model is another."""


def sizes_of(model: Any, vae: Any) -> ModelSizes:
    """The family of a MODEL, and what the sides of a crop have to be divisible by for it and the VAE."""
    return ModelSizes(_family_of(model), cell_of(vae) * _patch_of(model))


def _family_of(model: Any) -> Family:
    """By ComfyUI's configuration of the model; where that is none of the known ones, by its latents."""
    config, kind = getattr(model.model, "model_config", None), getattr(model.model, "model_type", None)
    family = recognised([each.__name__ for each in type(config).__mro__], getattr(kind, "name", ""))
    return SD15 if family is UNKNOWN and _latent_format(model) == SD15_LATENTS else family


def cell_of(vae: Any) -> int:
    """Pixels along the side of one latent cell."""
    return int(vae.spacial_compression_encode())


def _patch_of(model: Any) -> int:
    """Latent cells along the side of one token of a transformer; 1 for models that have no tokens, as UNets.

    Transformers tell it as a number, or as one for each axis with the width last.
    """
    patch: Any = getattr(model.model.diffusion_model, "patch_size", 1)
    return int(patch[-1] if isinstance(patch, (list, tuple)) else patch)


def misfit(model: Any, vae: Any) -> str | None:
    """A sentence if the VAE makes other latents than the model samples, else None."""
    wanted = model.get_model_object("latent_format")
    takes, makes = (wanted.latent_channels, wanted.latent_dimensions), (vae.latent_channels, vae.latent_dim)
    if takes == makes:
        return None
    return (
        f"The VAE makes {_latents(*makes)} and the model ({_latent_format(model)}) samples {_latents(*takes)}: "
        "connect the VAE that belongs to the model."
    )


def refiner_misfit(model: Any, refiner: Any) -> str | None:
    """A sentence if the refiner cannot go on with the model's latents, else None."""
    base, refining = _latent_format(model), _latent_format(refiner)
    if base == refining:
        return None
    return (
        f"The refiner_model samples {refining} latents and the model {base} latents: connect a refiner that was made "
        "for the model, or none."
    )


def without_given_frames(model: Any, prompts: Mapping[str, Conditioning]) -> Mapping[str, Conditioning]:
    """The prompts for Kandinsky 5 video, which takes a noise mask for frames that it is given: there are none.

    ComfyUI hands it the mask once for each channel, more than its first layer has places for.
    """
    if type(model.model).__name__ != TAKES_MASK_FOR_FRAMES:
        return prompts
    none = {"concat_mask": torch.ones(1, 1, 1, 1, 1)}
    return {name: [[tensor, none | options] for tensor, options in prompt] for name, prompt in prompts.items()}


def decides_by_batch(model: Any) -> bool:
    """Whether a patch of the model looks at all objects of a batch at once, as EasyCache and LazyCache do."""
    return "easycache" in model.model_options.get("transformer_options", {})


def _latent_format(model: Any) -> str:
    return type(model.get_model_object("latent_format")).__name__


def _latents(channels: int, dimensions: int) -> str:
    return f"{channels}-channel {'video' if dimensions == 3 else 'picture'} latents"
