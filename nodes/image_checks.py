"""Checks on what comes in through IMAGE and MASK sockets."""

from __future__ import annotations

from typing import NamedTuple

import torch

from ..detailer.box import Size
from ..detailer.detection import Detections
from ..detailer.region import Regions
from ..detailer.resampling import resized


def checked_image(image: torch.Tensor) -> torch.Tensor:
    """An IMAGE batch [B, H, W, 3 or 4] of finite numbers; ValueError says what is wrong with any other."""
    if image.ndim != 4 or image.shape[-1] not in (3, 4):
        raise ValueError(
            f"The image has shape {list(image.shape)}: connect an IMAGE of shape [batch, height, width, 3]."
        )
    if 0 in image.shape:
        raise ValueError(f"The image has shape {list(image.shape)}, so it has no pixels: check the node it comes from.")
    if not bool(image.sum(dtype=torch.float32).isfinite()):
        raise ValueError("The image holds NaN or Inf values: run the VAE that made it in fp32 (--fp32-vae).")
    return image


def sized_mask(mask: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """A MASK as [N, H, W] of the image's size.

    One of another size that is all zero is what Load Image gives for a picture without alpha: it counts as empty.
    """
    mask = mask.reshape(-1, *mask.shape[-2:])
    height, width = image.shape[1:3]
    if mask.shape[1:] == (height, width):
        return mask
    if not bool(mask.any()):
        return mask.new_zeros(len(mask), height, width)
    raise ValueError(
        f"The mask is {mask.shape[2]}x{mask.shape[1]} and the image {width}x{height}: "
        "resize one of them so that they match."
    )


class Restriction(NamedTuple):
    """What an optional mask confines a node to; masks [1 or B, H, W], or None for no restriction."""

    masks: torch.Tensor | None
    notes: tuple[str, ...] = ()


def restriction(name: str, mask: torch.Tensor | None, image: torch.Tensor) -> Restriction:
    """The restriction by the optional MASK input `name`: one mask, or one per image.

    Load Image gives an all-zero mask for every picture without transparency, so that one restricts nothing.
    """
    if mask is None:
        return Restriction(None)
    sized = sized_mask(mask, image)
    if len(sized) not in (1, len(image)):
        raise ValueError(f"There are {len(sized)} masks for {len(image)} images: give one mask, or one per image.")
    if not bool(sized.any()):
        return Restriction(None, (f"{name} is an empty mask, as of a picture without transparency: it is ignored.",))
    return Restriction(sized)


def checked_size(image: torch.Tensor, made_for: Detections, what: str) -> None:
    """ValueError unless `what` was made for a batch of this length and size."""
    if _size_of(image) != (len(made_for.images), made_for.width, made_for.height):
        raise ValueError(_mismatch(image, made_for, what))


def at_size_of(image: torch.Tensor, regions: Regions) -> torch.Tensor:
    """The image that the regions belong to: as it is, or enlarged if they are regions of the enlarged image."""
    count, width, height = _size_of(image)
    wanted = regions.detections
    if (count, width, height) == (len(wanted.images), wanted.width, wanted.height):
        return image
    enlarged_to = round(width * regions.upscale), round(height * regions.upscale)
    if count != len(wanted.images) or enlarged_to != (wanted.width, wanted.height):
        raise ValueError(_mismatch(image, wanted, "regions"))
    return resized(image, Size(wanted.width, wanted.height))


def placed(
    image: torch.Tensor, detections: Detections | None, regions: Regions | None
) -> tuple[torch.Tensor, Detections | None]:
    """The image at the size of the regions, and the objects in it: those given, else those of the regions."""
    pictures = image if regions is None else at_size_of(image, regions)
    if detections is not None:
        objects = detections if regions is None else detections.scaled(regions.upscale)
        checked_size(pictures, objects, "detections")
        return pictures, objects
    return pictures, regions and regions.detections


def _size_of(image: torch.Tensor) -> tuple[int, int, int]:
    """(images, width, height)"""
    count, height, width = image.shape[:3]
    return count, width, height


def _mismatch(image: torch.Tensor, made_for: Detections, what: str) -> str:
    count, width, height = _size_of(image)
    return (
        f"The {what} were made for {len(made_for.images)} images of {made_for.width}x{made_for.height}, and this is "
        f"a batch of {count} of {width}x{height}: connect the image that they were made from."
    )
