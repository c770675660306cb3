"""How a repainted patch is fitted to what surrounds it: its colours, the difference along its rim, its grain."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from .crop import cut
from .region import Region
from .resampling import resized, with_all_functions, without_overshoot
from .settings import PaintSettings

MIN_SURROUNDINGS = 64
"""Pixels around a mask below which their mean and spread say nothing."""

COARSEST, FINEST = 8, 128
"""Cells along the longer side of the first and the last grid that the membrane is solved on."""

SWEEPS, RELAXATION = 24, 1.7
"""Of the successive over-relaxation: how often each grid is swept, and the factor."""


def blended_in(
    patch: torch.Tensor, original: torch.Tensor, region: Region, settings: PaintSettings, seed: int
) -> torch.Tensor:
    """A decoded patch [1, h, w, 3] as it is pasted into the [H, W, C] `original`, in the ways the user chose."""
    patch = color_matched(patch, original, region, settings.color_match)
    if settings.blend == "seamless":
        patch = seamless(patch, original, region)
    return with_grain(patch, original, region, settings.grain, seed)


def color_matched(patch: torch.Tensor, original: torch.Tensor, region: Region, strength: float) -> torch.Tensor:
    """A patch [1, h, w, 3] of the window with the mean and spread of each channel moved to the original's.

    Both are measured around the mask, where the two should be the same picture, so what is new inside keeps its own
    colours. `original` is [H, W, C]; `strength` 0..1.
    """
    if strength == 0 or (around := _surroundings(region)) is None:
        return patch
    patch, wanted = _both_in_the_window(patch, original, region)
    wanted, found = wanted[around], patch[0][around]
    gain = (wanted.std(0) / found.std(0).clamp(min=1e-4)).clamp(0.5, 2.0)
    matched = (patch - found.mean(0)) * gain + wanted.mean(0)
    return without_overshoot(torch.lerp(patch, matched, strength), patch, wanted)


def seamless(patch: torch.Tensor, original: torch.Tensor, region: Region) -> torch.Tensor:
    """A patch [1, h, w, 3] of the window with its difference to the surroundings faded into it.

    Around the mask the two should be the same picture; what parts them there (a cast, a ramp of light) is continued
    into the mask by a membrane that gives way towards the middle, so the object keeps its own colours. The membrane
    is the screened Poisson equation of Bhat et al., "Fourier analysis of the 2D screened Poisson equation for
    gradient domain problems" (2008), with the boundary of Perez et al., "Poisson image editing" (2003); it loses half
    of its height over a third of the mask's shorter side. `original` is [H, W, C].
    """
    if (around := _surroundings(region)) is None:
        return patch
    patch, wanted = _both_in_the_window(patch, original, region)
    difference = (wanted - patch[0]).movedim(-1, 0)[None]
    screening = min(region.alpha.box.width, region.alpha.box.height) / (3 * math.log(2))
    return without_overshoot(patch + membrane(difference, around, screening).movedim(1, -1), patch, wanted)


def membrane(values: torch.Tensor, known: torch.Tensor, screening: float) -> torch.Tensor:
    """`values` [1, C, h, w] where `known` [h, w], continued smoothly to where they are not: [1, C, h, w].

    Solves (laplacian - 1 / screening^2) u = 0 in the unknown part, on grids of growing fineness (each starts from
    the last one's result), with no flow over the outer border. The result is smooth, so the finest grid has
    `FINEST` cells and is enlarged from there. `screening` is in pixels of `values`.
    """
    height, width = known.shape
    weight = known.to(values)[None, None]
    longer, solved = max(height, width), values.new_zeros(1, values.shape[1], 1, 1)
    for cells in _doubling(COARSEST, min(FINEST, longer)):
        size = (max(round(height * cells / longer), 1), max(round(width * cells / longer), 1))
        share = F.interpolate(weight, size, mode="area")
        given = F.interpolate(values * weight, size, mode="area") / share.clamp(min=1e-6)
        solved = torch.where(share > 0, given, F.interpolate(solved, size, mode="bilinear"))
        solved = _relaxed(solved, share > 0, given, (longer / cells / screening) ** 2)
    return F.interpolate(solved, (height, width), mode="bilinear")


def _relaxed(solved: torch.Tensor, fixed: torch.Tensor, given: torch.Tensor, pull: float) -> torch.Tensor:
    """Successive over-relaxation of the cells that are not `fixed`, the two colours of a chessboard in turn."""
    height, width = solved.shape[-2:]
    chessboard = (torch.arange(height)[:, None] + torch.arange(width)) % 2 == 0
    solved = torch.where(fixed, given, solved)
    for turn in range(2 * SWEEPS):
        wide = F.pad(solved, (1, 1, 1, 1), mode="replicate")
        neighbours = wide[..., 1:-1, :-2] + wide[..., 1:-1, 2:] + wide[..., :-2, 1:-1] + wide[..., 2:, 1:-1]
        free = ~fixed & (chessboard if turn % 2 else ~chessboard).to(fixed.device)
        solved = torch.where(free, torch.lerp(solved, neighbours / (4 + pull), RELAXATION), solved)
    return solved


def _doubling(first: int, last: int) -> list[int]:
    """first, 2 first, ... and `last` at the end."""
    return [*(first << i for i in range(8) if first << i < last), last]


def with_grain(patch: torch.Tensor, original: torch.Tensor, region: Region, strength: float, seed: int) -> torch.Tensor:
    """A patch [1, h, w, 3] of the window with as much grain as its surroundings have; never less than its own.

    `strength` 0..1 of what it lacks is added as Gaussian noise, the same in all channels as film grain and sensor
    noise nearly are, drawn from `seed`. `original` is [H, W, C].
    """
    if strength == 0 or (around := _surroundings(region)) is None:
        return patch
    patch, wanted = _both_in_the_window(patch, original, region)
    lacking = grain(wanted, around) ** 2 - grain(patch[0], region.window_alpha > 0) ** 2
    if lacking <= 0:
        return patch
    noise = torch.randn(patch.shape[1:3], generator=torch.Generator().manual_seed(seed)).to(patch)
    return without_overshoot(patch + noise[None, ..., None] * math.sqrt(lacking) * strength, patch)


def grain(pixels: torch.Tensor, where: torch.Tensor) -> float:
    """The standard deviation of the fine noise of [h, w, 3] pixels `where` [h, w] is true.

    By the median of the response to Immerkaer's noise mask ("Fast noise variance estimation", 1996), which edges and
    texture move little.
    """
    mask = pixels.new_tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])[None, None]
    response = F.conv2d(pixels.mean(-1)[None, None], mask, padding=1)[0, 0]
    return float(response[where].abs().median()) * 1.4826 / 6  # 1.4826: a normal spread from its median


def _surroundings(region: Region) -> torch.Tensor | None:
    """Where the window shows what is beyond the mask, bool [h, w]; None if that is too little to be measured."""
    around = region.window_alpha == 0
    return around if int(around.sum()) >= MIN_SURROUNDINGS else None


def _both_in_the_window(
    patch: torch.Tensor, original: torch.Tensor, region: Region
) -> tuple[torch.Tensor, torch.Tensor]:
    """The patch [1, h, w, 3] and the original [h, w, 3] over the window, one pixel for each of the image's.

    Both on one device, whichever the VAE left its picture on.
    """
    own = with_all_functions(cut(original, region, region.window.size)[0])
    return resized(patch.float(), region.window.size).to(own.device), own
