"""Loaders, and how sampling is chosen."""

from __future__ import annotations

from typing import Any, NamedTuple

from .builder import Builder, Link
from .text_encoding import Conditioning


class Assets(NamedTuple):
    """File names as ComfyUI's loaders take them. `clip_skip` 1 uses the text encoder to its end."""

    checkpoint: str
    loras: tuple[tuple[str, float], ...] = ()
    vae: str | None = None
    clip_skip: int = 1


class Sampler(NamedTuple):
    """ComfyUI's names for a service's sampler; `note` says where it is the nearest and not the same."""

    sampler_name: str
    scheduler: str
    note: str = ""


class Sampling(NamedTuple):
    steps: int
    cfg: float
    sampler: Sampler

    def inputs(self) -> dict[str, int | float | str]:
        """As all of ComfyUI's sampling nodes call them."""
        return {
            "steps": self.steps,
            "cfg": self.cfg,
            "sampler_name": self.sampler.sampler_name,
            "scheduler": self.sampler.scheduler,
        }


class Loaded(NamedTuple):
    model: Link
    clip: Link
    vae: Link


class RefinerLinks(NamedTuple):
    """The model that does the last steps, and its conditioning."""

    model: Link
    conditioning: Conditioning

    def inputs(self, high_noise_frac: float) -> dict[str, Any]:
        """As After Detailer and Inpaint Regions call them; it takes over after `high_noise_frac` of the steps."""
        return {
            "refiner_model": self.model,
            "refiner_positive": self.conditioning.positive,
            "refiner_negative": self.conditioning.negative,
            "high_noise_frac": high_noise_frac,
        }


def load(build: Builder, assets: Assets) -> Loaded:
    """Checkpoint, VAE and LoRAs, each held against the checkpoint."""
    checkpoint = build.add("CheckpointLoaderSimple", "Checkpoint", ckpt_name=assets.checkpoint)
    model, clip, vae = checkpoint.out(0), checkpoint.out(1), checkpoint.out(2)
    if assets.vae:
        vae = build.add("VAELoader", "Another VAE", vae_name=assets.vae).out()
        vae = build.add("AfterDetailServiceVAE", "Whether the VAE fits", model=model, vae=vae, file=assets.vae).out()
    for name, weight in assets.loras:
        if weight:
            model, clip = _with_lora(build, model, clip, name, weight)
    if assets.clip_skip > 1:
        clip = build.add("CLIPSetLastLayer", "clip_skip", clip=clip, stop_at_clip_layer=-assets.clip_skip).out()
    return Loaded(model, clip, vae)


def _with_lora(build: Builder, model: Link, clip: Link, name: str, weight: float) -> tuple[Link, Link]:
    """Model and text encoder with a LoRA that has been found to fit them."""
    lora = build.add(
        "LoraLoader",
        "LoRA and its weight",
        model=model,
        clip=clip,
        lora_name=name,
        strength_model=weight,
        strength_clip=weight,
    )
    fits = build.add(
        "AfterDetailServiceLora",
        "Whether the LoRA fits",
        model=model,
        clip=clip,
        patched_model=lora.out(0),
        patched_clip=lora.out(1),
        file=name,
    )
    return fits.out(0), fits.out(1)


class Loads:
    """Loads each choice of files once in a graph."""

    def __init__(self, build: Builder):
        self._build = build
        self._loaded: dict[Assets, Loaded] = {}

    def of(self, assets: Assets) -> Loaded:
        """The nodes of a choice, made at its first use."""
        if assets not in self._loaded:
            self._loaded[assets] = load(self._build, assets)
        return self._loaded[assets]
