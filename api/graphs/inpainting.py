"""Repaint the white part of a mask, as in the workflow inpaint-mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...detailer.settings import Fill
from .builder import Builder, Built, Checking, Link
from .models import Assets, Loaded, Sampling, load
from .text_encoding import Conditioning, Words, encode, styled

WHOLE = 4096
"""Padding that shows the model the whole picture."""


NUMBERED_FILLS: tuple[Fill, ...] = ("fill", "original", "latent noise", "latent nothing")
"""By the number in inpainting_fill of the web UI, and of services made of it."""


@dataclass(frozen=True)
class Inpainting:
    """`only_masked` repaints a window around the mask with `padding` px of context; else the whole picture is shown."""

    sampling: Sampling
    denoise: float
    seed: int
    mask_blur: int = 4
    mask_dilation: int = 0
    only_masked: bool = False
    padding: int = 32
    invert: bool = False
    fill: Fill = "original"
    noise_multiplier: float = 1.0
    inpaint_model: bool = False
    differential: bool = False


def inpaint(
    assets: Assets, words: Words, files: tuple[str, str], inpainting: Inpainting, amount: int, checking: Checking | None
) -> Built:
    """`files` are LoadImage's names of picture and mask, both of one size."""
    build = Builder(checking)
    picture, mask = files
    image = build.add("LoadImage", "Picture", image=picture).out()
    white = build.add("LoadImageMask", "Mask: white is repainted", image=mask, channel="red").out()
    loaded = load(build, assets)
    conditioning = encode(build, loaded.clip, styled(build, words))
    if amount > 1:
        image = build.add("RepeatImageBatch", "How many results", image=image, amount=amount).out()
    done = repainted(build, loaded, conditioning, (image, white), inpainting)
    return Built(build.graph, build.show(done))


def repainted(
    build: Builder,
    loaded: Loaded,
    conditioning: Conditioning,
    links: tuple[Link, Link],
    inpainting: Inpainting,
    **refiner: Any,
) -> Link:
    """The images of `links` with what its second, the mask, covers painted anew."""
    image, mask = links
    found = build.add("AfterDetailFromMask", "The mask as one object", mask=mask, split=False, image=image)
    regions = build.add(
        "AfterDetailRegions",
        "mask_blur, padding and inverting the mask",
        image=image,
        detections=found.out(),
        mask_dilation=inpainting.mask_dilation,
        mask_blur=inpainting.mask_blur,
        mask_padding=inpainting.padding if inpainting.only_masked else WHOLE,
        resolution="auto" if inpainting.only_masked else "off",
        invert=inpainting.invert,
    )
    return build.add(
        "AfterDetailInpaint",
        "Repaint",
        image=image,
        regions=regions.out(),
        model=loaded.model,
        positive=conditioning.positive,
        negative=conditioning.negative,
        vae=loaded.vae,
        seed=inpainting.seed,
        denoise=inpainting.denoise,
        fill=inpainting.fill,
        noise_multiplier=inpainting.noise_multiplier,
        inpaint_model=inpainting.inpaint_model,
        differential=inpainting.differential,
        **inpainting.sampling.inputs(),
        **refiner,
    ).out()
