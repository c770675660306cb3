"""Conditionings of a whole image, cut to the windows of its regions, and joined for a batch of regions.

A conditioning is ComfyUI's: a list of [tensor [1, tokens, channels], options]. Everything in the options that has a
place in the image is cut and scaled; the input is never changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from .box import Box
from .region import Region

Conditioning = list[list[Any]]

LATENT_PIXELS = 8
"""ComfyUI's unit of `area` and `gligen` places, whatever the model's own latent scale."""

SIZE_KEYS = ("width", "height", "target_width", "target_height", "crop_w", "crop_h")


@dataclass(frozen=True, eq=False)
class ControlCrop:
    """A ControlNet, or a chain of them, whose hints [1, C, h, w] have been cut to a window."""

    control: Any
    hints: tuple[torch.Tensor | None, ...]

    @property
    def identity(self) -> Hashable:
        return id(self.control), tuple(None if hint is None else hint.shape for hint in self.hints)


def cropped(conditioning: Conditioning, region: Region, image: Box) -> Conditioning:
    """The conditioning as it applies inside the region's window."""
    entries = [[tensor, _cut_options(options, region, image)] for tensor, options in conditioning]
    inside = [entry for entry, (_, options) in zip(entries, conditioning, strict=True) if _reaches(entry, options)]
    return inside or entries[:1]


def _cut_options(options: dict[str, Any], region: Region, image: Box) -> dict[str, Any]:
    cut = {key: _CUTS[key](value, region, image) if key in _CUTS else value for key, value in options.items()}
    return {key: value for key, value in cut.items() if value is not None} | _size_options(options, region)


def _reaches(entry: list[Any], options: dict[str, Any]) -> bool:
    """Whether an entry limited to an area has anything of it in the window."""
    return "area" in entry[1] or "area" not in options


def signature(conditioning: Conditioning) -> Hashable:
    """What has to be equal for two conditionings to share a batch."""
    return tuple(
        (tensor.shape[1:], tuple(sorted((key, _value_signature(value)) for key, value in options.items())))
        for tensor, options in conditioning
    )


def batched(conditionings: Sequence[Conditioning]) -> Conditioning:
    """One conditioning for a batch, item i of it from `conditionings[i]`, which all have the same signature."""
    return [
        [
            _joined([tensor for tensor, _ in entries]),
            {key: _joined_option([options[key] for _, options in entries]) for key in entries[0][1]},
        ]
        for entries in zip(*conditionings, strict=True)
    ]


def with_equal_lengths(conditionings: Sequence[Conditioning]) -> list[Conditioning]:
    """The same with as many tokens each, by repeating whole sequences.

    Cross-attention gives the same for a sequence and its repetition: each key's softmax weight is shared among its
    copies. That holds where tokens have no place of their own, as in UNets, and only there.
    """
    lengths = {tensor.shape[1] for conditioning in conditionings for tensor, _ in conditioning}
    common = math.lcm(*lengths)
    return [
        [[tensor.repeat(1, common // tensor.shape[1], 1), options] for tensor, options in conditioning]
        for conditioning in conditionings
    ]


def _value_signature(value: Any) -> Hashable:
    match value:
        case ControlCrop():
            return value.identity
        case torch.Tensor():
            return tuple(value.shape)
        case list() | tuple():
            return tuple(_value_signature(item) for item in value)
        case str() | int() | float() | bool() | None:
            return str(value)
        case _:
            return id(value)


def _joined(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    first = tensors[0]
    return first if all(tensor is first for tensor in tensors) else torch.cat([tensor[:1] for tensor in tensors])


def _joined_option(values: Sequence[Any]) -> Any:
    match values[0]:
        case ControlCrop():
            return _control_for_batch(values)
        case torch.Tensor():
            return _joined(values)
        case list() as items if items and all(isinstance(item, torch.Tensor) for item in items):
            return [_joined(column) for column in zip(*values, strict=True)]
        case value:
            return value


def _size_options(options: dict[str, Any], region: Region) -> dict[str, int]:
    """SDXL's size conditioning: the crop is a picture of its own, of the size it is sampled at."""
    width, height = region.sampled_at
    sizes = dict(zip(SIZE_KEYS, (width, height, width, height, 0, 0), strict=True))
    return {key: value for key, value in sizes.items() if key in options}


def _cut_control(control: Any, region: Region, image: Box) -> ControlCrop:
    hints = []
    link = control
    while link is not None:
        hint = link.cond_hint_original
        hints.append(None if hint is None else _window_of(_of_image(hint, region), region, image, 1))
        link = link.previous_controlnet
    return ControlCrop(control, tuple(hints))


def _control_for_batch(crops: Sequence[ControlCrop]) -> Any:
    """A copy of the ControlNets that has each item's own hint; the copies share the model."""
    return _with_hints(crops[0].control, [crop.hints for crop in crops])


def _with_hints(control: Any, hints: list[tuple[torch.Tensor | None, ...]]) -> Any:
    if control is None:
        return None
    copied = control.copy()
    own = [item[0] for item in hints if item[0] is not None]
    if own:
        copied.cond_hint_original, copied.cond_hint = torch.cat(own), None
    copied.previous_controlnet = _with_hints(control.previous_controlnet, [item[1:] for item in hints])
    return copied


def _cut_mask(mask: torch.Tensor, region: Region, image: Box) -> torch.Tensor:
    """A conditioning's MASK [B, H, W] -> [1, h, w]."""
    mask = mask.reshape(-1, 1, *mask.shape[-2:])
    return _window_of(_of_image(mask, region), region, image, 1)[:, 0]


def _cut_latents(latents: Sequence[torch.Tensor], region: Region, image: Box) -> list[torch.Tensor]:
    """Reference latents of this very image are cut; those of another shape are references of their own."""
    return [_cut_latent(latent, region, image) if _same_shape(latent, image) else latent for latent in latents]


def _cut_latent(latent: torch.Tensor, region: Region, image: Box) -> torch.Tensor:
    return _window_of(_of_image(latent, region), region, image, round(image.width / latent.shape[-1]))


def _same_shape(latent: torch.Tensor, image: Box) -> bool:
    return abs(latent.shape[-1] / latent.shape[-2] / (image.width / image.height) - 1) < 0.02


def _of_image(values: torch.Tensor, region: Region) -> torch.Tensor:
    """The item of a batch that belongs to the region's image; a single one belongs to all."""
    index = min(region.image_index, len(values) - 1)
    return values[index : index + 1]


def _window_of(values: torch.Tensor, region: Region, image: Box, unit: int) -> torch.Tensor:
    """The window's part of [1, C, ..., h, w] that spans the image, at the sampled size in `unit` pixels."""
    scale_x, scale_y = values.shape[-1] / image.width, values.shape[-2] / image.height
    part = Box(
        math.floor(region.window.x0 * scale_x),
        math.floor(region.window.y0 * scale_y),
        math.ceil(region.window.x1 * scale_x),
        math.ceil(region.window.y1 * scale_y),
    )
    size = (max(region.sampled_at.height // unit, 1), max(region.sampled_at.width // unit, 1))
    rows, columns = part.slices
    cut = values[..., rows, columns]
    flat = cut.reshape(1, -1, *cut.shape[-2:]).float()
    return F.interpolate(flat, size, mode="bilinear", antialias=True).reshape(*cut.shape[:-2], *size).to(values.dtype)


def _cut_area(area: tuple, region: Region, image: Box) -> tuple | None:
    """ComfyUI's (height, width, y, x) in units of 8 px, or ("percentage", ...) of the image; None if outside."""
    if area[0] == "percentage":
        height, width, y, x = area[1:]
        box = (x * image.width, y * image.height, (x + width) * image.width, (y + height) * image.height)
    else:
        height, width, y, x = (value * LATENT_PIXELS for value in area)
        box = (x, y, x + width, y + height)
    placed = _placed(box, region)
    if placed is None:
        return None
    x0, y0, x1, y1 = placed
    return max(y1 - y0, 1), max(x1 - x0, 1), y0, x0


def _cut_gligen(gligen: tuple, region: Region, image: Box) -> tuple | None:
    """("position", model, [(embedding, height, width, y, x)]) with the places in the window; None without any."""
    kind, model, places = gligen
    kept = []
    for embedding, height, width, y, x in places:
        placed = _placed(tuple(v * LATENT_PIXELS for v in (x, y, x + width, y + height)), region)
        if placed is not None:
            x0, y0, x1, y1 = placed
            kept.append((embedding, max(y1 - y0, 1), max(x1 - x0, 1), y0, x0))
    return (kind, model, kept) if kept else None


def _placed(box_px: tuple[float, ...], region: Region) -> tuple[int, int, int, int] | None:
    """A rectangle of the image in the sampled window, in units of 8 px; None if it lies outside."""
    window, size = region.window, region.sampled_at
    scale_x = size.width / window.width / LATENT_PIXELS
    scale_y = size.height / window.height / LATENT_PIXELS
    limits = (size.width // LATENT_PIXELS, size.height // LATENT_PIXELS)
    x0, x1 = (min(max(round((x - window.x0) * scale_x), 0), limits[0]) for x in (box_px[0], box_px[2]))
    y0, y1 = (min(max(round((y - window.y0) * scale_y), 0), limits[1]) for y in (box_px[1], box_px[3]))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


_CUTS: dict[str, Callable[[Any, Region, Box], Any]] = {
    "control": _cut_control,
    "mask": _cut_mask,
    "area": _cut_area,
    "gligen": _cut_gligen,
    "reference_latents": _cut_latents,
    "concat_latent_image": _cut_latent,
    "concat_mask": _cut_mask,
}
