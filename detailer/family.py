"""The families of models: the sizes each was made for, and how it is told from the others.

A new family is one more entry of FAMILIES; tables of sizes, the choices of `base_model` and the documentation follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .box import Size
from .names import unknown

HostedFamily = Literal["sdxl", "sd15"]
"""The families that the hosted services' requests may name."""


@dataclass(frozen=True)
class Family:
    """Models of one make: `sizes` holds those it was made for or is known to bear, from portrait to landscape."""

    name: str
    native: Size
    sizes: tuple[Size, ...]
    latent_formats: tuple[str, ...] = ()
    """ComfyUI's latent formats, by class name, that tell the family."""


SDXL = Family(
    "sdxl",
    Size(1024, 1024),
    tuple(
        Size(*wh)
        for wh in [
            (640, 1536), (768, 1344), (832, 1216), (896, 1152), (1024, 1024), (1152, 896), (1216, 832), (1344, 768),
            (1536, 640), (1664, 2432), (2048, 2048), (2432, 1664),
        ]
    ),
)  # fmt: skip
SD15 = Family(
    "sd15",
    Size(512, 512),
    tuple(
        Size(*wh)
        for wh in [
            (384, 704), (448, 576), (512, 512), (512, 704), (512, 768), (512, 832), (576, 448), (576, 768),
            (576, 1024), (640, 512), (640, 640), (640, 768), (704, 384), (704, 1216), (768, 512), (768, 576),
            (768, 1024), (832, 512), (896, 896), (1024, 576),
            (1024, 768), (1024, 1024), (1024, 1536), (1216, 704), (1536, 1024),
        ]
    ),
    latent_formats=("SD15",),
)  # fmt: skip

FAMILIES: dict[str, Family] = {family.name: family for family in (SDXL, SD15)}
"""By name, in the order in which `base_model` offers them."""

AUTO = "auto"
BASE_MODELS: tuple[str, ...] = (AUTO, *FAMILIES)
"""The choices of `base_model`."""


class ModelSizes(NamedTuple):
    """Which sizes a model takes: those of its family, with sides divisible by `multiple`."""

    family: Family
    multiple: int


def named(base_model: str) -> Family | None:
    """The family that a `base_model` means, None for "auto"; ValueError with the nearest names for any other."""
    if base_model == AUTO:
        return None
    if base_model not in FAMILIES:
        raise ValueError(unknown("base_model", base_model, BASE_MODELS))
    return FAMILIES[base_model]


def of_latent_format(name: str) -> Family:
    """The family of models whose latents have ComfyUI's format `name`; SDXL's sizes suit those not known."""
    return next((family for family in FAMILIES.values() if name in family.latent_formats), SDXL)


def likely_family(image: Size) -> Family:
    """A guess for when no model is at hand: the one whose native area is nearer to the image's, by ratio."""
    border = math.sqrt(SD15.native.area * SDXL.native.area)
    return SDXL if image.area >= border else SD15
