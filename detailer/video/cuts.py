"""Where one scene of a clip ends and the next begins."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..resampling import with_all_functions

THUMBNAIL = (36, 64)
"""Rows and columns a frame is reduced to: small motion vanishes, a new scene does not."""

BINS = 6
"""Of each colour channel's histogram."""

MIN_CHANGE = 0.12
MIN_NEW_COLOURS = 0.25
"""How far two frames have to be apart at least: mean difference of their thumbnails, share of colours not in common."""

TIMES_THE_USUAL = 3.0
"""A cut stands out from the changes between the frames around it by so much; a pan does not."""

REACH = 3
"""Frames on either side that are looked at; a flash is over within them, and the old scene is there again."""


class Thumbnail(NamedTuple):
    pixels: torch.Tensor
    """[3, *THUMBNAIL]"""
    colours: torch.Tensor
    """The share of each colour, of BINS^3; they sum to 1."""


def first_frames(images: torch.Tensor) -> set[int]:
    """The frames of [B, H, W, C] that begin a new scene; the very first is none. Holds a thumbnail of each."""
    thumbnails = [_thumbnail(frame) for frame in images]
    steps = [_change(*pair) for pair in pairwise(thumbnails)]
    return {frame for frame in range(1, len(thumbnails)) if _is_cut(frame, thumbnails, steps)}


def _is_cut(frame: int, thumbnails: list[Thumbnail], steps: list[float]) -> bool:
    around = steps[max(frame - 1 - REACH, 0) : frame - 1] + steps[frame : frame + REACH]
    stands_out = steps[frame - 1] >= max(MIN_CHANGE, TIMES_THE_USUAL * median(around or [0.0]))
    if not stands_out:
        return False
    before, after = thumbnails[max(frame - REACH, 0) : frame], thumbnails[frame : frame + REACH]
    return min(_change(old, new) for old in before for new in after) >= MIN_CHANGE


def _change(a: Thumbnail, b: Thumbnail) -> float:
    """The mean difference of two frames, or 0 where they have most of their colours in common."""
    new_colours = 1 - float(torch.minimum(a.colours, b.colours).sum())
    return float((a.pixels - b.pixels).abs().mean()) if new_colours >= MIN_NEW_COLOURS else 0.0


def _thumbnail(frame: torch.Tensor) -> Thumbnail:
    pixels = with_all_functions(frame[..., :3]).movedim(-1, 0)[None].float()
    small = F.interpolate(pixels, THUMBNAIL, mode="area")[0].clamp(0, 1)
    binned = (small * (BINS - 1e-3)).long().flatten(1)
    index = (binned[0] * BINS + binned[1]) * BINS + binned[2]
    return Thumbnail(small, torch.bincount(index, minlength=BINS**3).float() / index.numel())
