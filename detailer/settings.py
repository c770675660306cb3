"""What the user chose, checked once.

Fields are called as the widgets are, whose defaults stand here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from . import family
from .box import Box
from .family import AUTO, Family
from .names import unknown
from .resolution import CHOICES

Fill = Literal["original", "fill", "latent noise", "latent nothing"]
FILLS: tuple[Fill, ...] = get_args(Fill)

Cover = Literal["object", "head"]
COVERS: tuple[Cover, ...] = get_args(Cover)

Keep = Literal["always", "if better"]
KEEPS: tuple[Keep, ...] = get_args(Keep)

MAX_RETRIES = 8

Blend = Literal["alpha", "seamless"]
BLENDS: tuple[Blend, ...] = get_args(Blend)

Reference = Literal["as wired", "none", "crop"]
REFERENCES: tuple[Reference, ...] = get_args(Reference)


@dataclass(frozen=True)
class MaskSettings:
    """From a detection to its alpha, in pixels of the image.

    `upright`: the window of a tilted object is turned with it. `mask_dilation_percent` of an object's shorter side are
    added to `mask_dilation`. `cover` "head": the mask of a face whose detector knows its direction is the box from
    hairline to chin and ear to ear.
    """

    mask_dilation: int = 4
    mask_blur: int = 4
    mask_padding: int = 32
    union_masks: bool = False
    x_offset: int = 0
    y_offset: int = 0
    invert: bool = False
    upright: bool = False
    mask_dilation_percent: float = 0.0
    cover: Cover = "object"

    def __post_init__(self) -> None:
        _one_of("cover", self.cover, COVERS)
        _within("mask_dilation_percent", self.mask_dilation_percent, -100, 200)
        _within("mask_blur", self.mask_blur, 0)
        _within("mask_padding", self.mask_padding, 0)

    @property
    def joined(self) -> bool:
        """Whether all objects of an image share one mask."""
        return self.union_masks or self.invert

    def dilation(self, box: Box) -> int:
        """The size of the square that the mask of an object in `box` grows by."""
        return self.mask_dilation + round(self.mask_dilation_percent / 100 * min(box.width, box.height))


@dataclass(frozen=True)
class FitSettings:
    """From a padded window to its sampled size. `base_model` "auto": by the wired model, or the image's size."""

    resolution: str = "auto"
    base_model: str = AUTO

    def __post_init__(self) -> None:
        _one_of("resolution", self.resolution, CHOICES)
        family.named(self.base_model)

    @property
    def family(self) -> Family | None:
        """The family whose sizes the user chose; None for "auto"."""
        return family.named(self.base_model)


@dataclass(frozen=True)
class SampleSettings:
    """How latents are sampled. `batch_size` 0: as many at once as the free memory holds.

    `passes` after the first halve the denoise each time; `high_noise_frac` is the base model's share of the steps
    where there is a refiner. `denoise_by_size` is how much the denoise follows the size of an object
    (`strength.denoise_of`). Which sampler_name and scheduler exist is ComfyUI's to say (`sampling.known`).
    """

    steps: int = 20
    cfg: float = 7.5
    sampler_name: str = "euler"
    scheduler: str = "normal"
    denoise: float = 0.5
    batch_size: int = 0
    passes: int = 1
    noise_multiplier: float = 1.0
    high_noise_frac: float = 0.8
    denoise_by_size: float = 0.0

    def __post_init__(self) -> None:
        _within("steps", self.steps, 1)
        _within("cfg", self.cfg, 0)
        _within("denoise", self.denoise, 0, 1)
        _within("batch_size", self.batch_size, 0)
        _within("passes", self.passes, 1)
        _within("noise_multiplier", self.noise_multiplier, 0)
        _within("high_noise_frac", self.high_noise_frac, 0, 1)
        _within("denoise_by_size", self.denoise_by_size, 0, 1)


@dataclass(frozen=True)
class PaintSettings:
    """How crops are prepared for the model and put back."""

    fill: Fill = "original"
    differential: bool = False
    inpaint_model: bool = False
    color_match: float = 0.0
    blend: Blend = "alpha"
    grain: float = 0.0
    reference: Reference = "as wired"

    def __post_init__(self) -> None:
        _one_of("fill", self.fill, FILLS)
        _one_of("blend", self.blend, BLENDS)
        _one_of("reference", self.reference, REFERENCES)
        _within("color_match", self.color_match, 0, 1)
        _within("grain", self.grain, 0, 1)


@dataclass(frozen=True)
class KeepSettings:
    """Which repairs are pasted. `keep` "if better": those that the judge finds no worse than what was there (`judge`);
    the others are tried again with up to `retries` further seeds, and then left as they were.
    """

    keep: Keep = "always"
    retries: int = 0

    def __post_init__(self) -> None:
        _one_of("keep", self.keep, KEEPS)
        _within("retries", self.retries, 0, MAX_RETRIES)


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    """ValueError, with the nearest choices, for any other value."""
    if value not in choices:
        raise ValueError(unknown(name, value, choices))


def _within(name: str, value: float, low: float, high: float = math.inf) -> None:
    """ValueError unless `value` is a finite number from `low` to `high`."""
    if not (low <= value <= high and math.isfinite(value)):
        limits = f"{low} or more" if math.isinf(high) else f"a value from {low} to {high}"
        raise ValueError(f"{name} is {value}: use {limits}.")
