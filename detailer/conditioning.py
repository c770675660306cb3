"""Conditionings of a whole image, cut to the windows of its regions.

A conditioning is ComfyUI's: a list of [tensor [1, tokens, channels], options]. Everything in the options that has a
place in the image is cut and scaled; the input is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .box import Box
from .control import cut_control
from .view import View

Conditioning = list[list[Any]]

AREA_PIXELS = 8
"""ComfyUI's unit of `area` and `gligen` places, whatever the model's own latent scale."""

LEAST_BOUNDS = 8
"""Cells that ComfyUI gives an area from "mask bounds" at least."""

SIZE_KEYS = ("width", "height", "target_width", "target_height", "crop_w", "crop_h")

LIMITS = frozenset({
    "area", "strength", "mask", "mask_strength", "set_area_to_bounds", "start_percent", "end_percent",
    "clip_start_percent", "clip_end_percent",
})  # fmt: skip
"""Options that say where and when an entry applies."""


class NothingHere(Exception):
    """No entry of a conditioning applies to what would be repainted."""


def cropped(conditioning: Conditioning, view: View) -> Conditioning:
    """The conditioning as it applies in the view's window, without the entries that have nothing there.

    NothingHere if that leaves none.
    """
    entries = [(tensor, options, _cut_options(options, view)) for tensor, options in conditioning]
    inside = [[_own(tensor, view), _own_options(cut, tensor, view)] for tensor, _, cut in entries if cut is not None]
    if conditioning and not inside:
        raise NothingHere("The areas and masks of its prompt lie elsewhere, so there is nothing to paint it by.")
    return inside


def without_limits(options: dict[str, Any]) -> dict[str, Any]:
    """An entry's options for a prompt that is meant for a whole window and all steps."""
    return {key: value for key, value in options.items() if key not in LIMITS}


def _cut_options(options: dict[str, Any], view: View) -> dict[str, Any] | None:
    """The options in the window; None if the entry is limited to what lies outside."""
    cut = {key: _CUTS[key](value, view) if key in _CUTS else value for key, value in options.items()}
    if any(cut.get(key, ...) is None for key in ("area", "mask")):
        return None
    if cut.get("set_area_to_bounds") and "mask" in cut:
        cut |= {"area": _bounds(cut["mask"], view), "set_area_to_bounds": False}
    return {key: value for key, value in cut.items() if value is not None} | _size_options(options, view)


def _own(tensor: torch.Tensor, view: View) -> torch.Tensor:
    """The prompt of the region's frame, where there is one for each frame."""
    return view.own(tensor) if len(tensor) > 1 else tensor


def _own_options(options: dict[str, Any], tensor: torch.Tensor, view: View) -> dict[str, Any]:
    """The options; of those that come once for each frame, as the prompts do, what belongs to the region's frame."""
    frames = len(tensor)
    return {
        key: view.own(value) if _has_frames(value, frames) and key not in _CUTS else value
        for key, value in options.items()
    }


def _has_frames(value: Any, frames: int) -> bool:
    return frames > 1 and isinstance(value, torch.Tensor) and value.ndim > 1 and len(value) == frames


def _size_options(options: dict[str, Any], view: View) -> dict[str, int]:
    """SDXL's size conditioning: the crop is a picture of its own, of the size it is sampled at."""
    width, height = view.region.sampled_at
    sizes = dict(zip(SIZE_KEYS, (width, height, width, height, 0, 0), strict=True))
    return {key: value for key, value in sizes.items() if key in options}


def _cut_mask(mask: torch.Tensor, view: View) -> torch.Tensor | None:
    """A conditioning's MASK [B, H, W] -> [1, h, w]; None if it is 0 wherever the region is repainted."""
    cut = view.planes(mask.reshape(-1, 1, *mask.shape[-2:]))[:, 0]
    return cut if bool((cut[0].abs() > 0)[view.repainted.to(cut.device)].any()) else None


def _bounds(mask: torch.Tensor, view: View) -> tuple[int, int, int, int]:
    """The rectangle in cells that holds a mask [1, h, w] of the window, as ComfyUI's area (height, width, y, x).

    ComfyUI takes it over all masks of a batch, so that one object's would depend on the others.
    """
    sides = []
    for axis, limit in ((2, view.cells.height), (1, view.cells.width)):
        cells = (mask.abs().amax((0, axis)) > 0).nonzero() // view.cell
        length = min(max(int(cells.max() - cells.min()) + 1, LEAST_BOUNDS), limit)
        sides.append((length, min(int(cells.min()), limit - length)))
    (height, y), (width, x) = sides
    return height, width, y, x


def _cut_references(latents: Sequence[torch.Tensor], view: View) -> list[torch.Tensor]:
    """Reference latents of this very image are cut; those of another size are references of their own."""
    return [view.planes(latent) if view.spans(latent) else latent for latent in latents]


def _cut_all(planes: Sequence[torch.Tensor], view: View) -> list[torch.Tensor]:
    return [view.planes(each) for each in planes]


def _cut_planes(planes: torch.Tensor, view: View) -> torch.Tensor:
    """Latents or masks [B, C, (T,) h, w] over the image; a mask may lack the channel axis."""
    if planes.ndim == 3:
        return view.planes(planes[:, None])[:, 0]
    return view.planes(planes)


def _cut_area(area: tuple, view: View) -> tuple[int, int, int, int] | None:
    """ComfyUI's (height, width, y, x) in units of 8 px, or ("percentage", ...) of the image; None if outside.

    An area of a video has its frames first, (frames, height, width, first frame, y, x): they don't limit a still.
    """
    is_share = area[0] == "percentage"
    sides, places = _halves(area[1:] if is_share else area)
    (height, width), (y, x) = sides[-2:], places[-2:]
    unit_x, unit_y = (view.image.width, view.image.height) if is_share else (AREA_PIXELS, AREA_PIXELS)
    placed = view.placed((x * unit_x, y * unit_y, (x + width) * unit_x, (y + height) * unit_y))
    return placed and _as_area(placed)


def _halves(values: tuple) -> tuple[tuple, tuple]:
    middle = len(values) // 2
    return values[:middle], values[middle:]


def _cut_gligen(gligen: tuple, view: View) -> tuple | None:
    """("position", model, [(embedding, height, width, y, x)]) with the places in the window; None without any."""
    kind, model, places = gligen
    inside = []
    for embedding, *area in places:
        if (placed := _cut_area(tuple(area), view)) is not None:
            inside.append((embedding, *placed))
    return (kind, model, inside) if inside else None


def _as_area(cells: Box) -> tuple[int, int, int, int]:
    return cells.height, cells.width, cells.y0, cells.x0


_CUTS: dict[str, Callable[[Any, View], Any]] = {
    "control": cut_control,
    "mask": _cut_mask,
    "area": _cut_area,
    "gligen": _cut_gligen,
    "reference_latents": _cut_references,
    "concat_latent_image": _cut_planes,
    "concat_mask": _cut_planes,
    "vace_frames": _cut_all,
    "vace_mask": _cut_all,
}
