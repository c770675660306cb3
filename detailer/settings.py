"""What the user chose, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .resolution import CHOICES, BaseModel

Fill = Literal["original", "fill", "latent noise", "latent nothing"]
FILLS: tuple[Fill, ...] = get_args(Fill)


@dataclass(frozen=True)
class MaskSettings:
    """From a detection to its alpha. Pixels of the image throughout."""

    dilation: int = 4
    blur: int = 4
    padding: int = 32
    union: bool = False
    x_offset: int = 0
    y_offset: int = 0
    invert: bool = False

    def __post_init__(self) -> None:
        _at_least("mask_blur", self.blur, 0)
        _at_least("mask_padding", self.padding, 0)

    @property
    def joined(self) -> bool:
        """Whether all objects of an image share one mask."""
        return self.union or self.invert


@dataclass(frozen=True)
class FitSettings:
    """From a padded window to its sampled size. `base_model` None: by the wired model, or the image's size."""

    resolution: str = "auto"
    base_model: BaseModel | None = None
    factor: int = 8

    def __post_init__(self) -> None:
        if self.resolution not in CHOICES:
            raise ValueError(f"resolution is {self.resolution!r}: use one of {', '.join(CHOICES)}.")


@dataclass(frozen=True)
class SampleSettings:
    """How latents are sampled. `batch_size` 0: as many at once as the free memory holds.

    `passes` after the first halve the denoise each time; `high_noise_frac` is the base model's share of the steps
    where there is a refiner.
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

    def __post_init__(self) -> None:
        _at_least("steps", self.steps, 1)
        _at_least("batch_size", self.batch_size, 0)
        _at_least("passes", self.passes, 1)
        _share("denoise", self.denoise)
        _share("high_noise_frac", self.high_noise_frac)


@dataclass(frozen=True)
class PaintSettings:
    """How crops are prepared for the model and put back."""

    fill: Fill = "original"
    differential: bool = False
    inpaint_model: bool = False
    color_match: float = 0.0

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise ValueError(f"fill is {self.fill!r}: use one of {', '.join(FILLS)}.")
        _share("color_match", self.color_match)


def _at_least(name: str, value: int, minimum: int) -> None:
    if value < minimum:
        raise ValueError(f"{name} is {value}: use {minimum} or more.")


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}: use a value from 0 to 1.")
