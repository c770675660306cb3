"""Reference latents: the pictures that edit models (Flux Kontext, Qwen-Image-Edit, OmniGen2) are given to change."""

from __future__ import annotations

import torch

from .conditioning import Conditioning
from .settings import Reference
from .view import View

KEY = "reference_latents"


def with_references(conditioning: Conditioning, choice: Reference, view: View) -> Conditioning:
    """The conditioning with those of its references that stay: all, none, or all that are not this very image."""
    if choice == "as wired":
        return conditioning
    return [[tensor, _without(options, choice, view)] for tensor, options in conditioning]


def with_crop(conditioning: Conditioning, crop: torch.Tensor | None) -> Conditioning:
    """The conditioning with the latent of the object's own crop before its other references."""
    if crop is None:
        return conditioning
    return [[tensor, {**options, KEY: [crop, *options.get(KEY, ())]}] for tensor, options in conditioning]


def _without(options: dict, choice: Reference, view: View) -> dict:
    others = [latent for latent in options.get(KEY, ()) if choice == "crop" and not view.spans(latent)]
    return {key: value for key, value in options.items() if key != KEY} | ({KEY: others} if others else {})
