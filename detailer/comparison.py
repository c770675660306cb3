"""What the pixels of one place say of a repair: whether it moved, changed its colours, lost detail or holds nothing.

All of it is measured on a few cells, so that it costs the same for a large object as for a small one.
"""

from __future__ import annotations

from functools import cached_property

import torch
import torch.nn.functional as F

CELLS, REACH = 32, 6
"""The place is compared on so many cells a side, and looked for up to so many cells away."""

FINE = 64
"""Cells a side on which detail is measured: finer than a blurred object has, coarser than grain."""

BLACK, WHITE = 0.005, 0.995

LEAST_RING = 16
"""Pixels of a soft rim below which its colour says nothing."""

FLAT = 1e-4
"""Below this spread a picture has nothing to compare."""


class Pair:
    """A place before and after: [h, w, 3] each, and the share of each pixel [h, w] that was replaced."""

    def __init__(self, before: torch.Tensor, after: torch.Tensor, alpha: torch.Tensor):
        self.before, self.after, self.alpha = before, after, alpha

    @property
    def shift(self) -> float:
        """How far the picture has moved, in sides of the place."""
        rows, columns = divmod(int(self._agreement.argmax()), 2 * REACH + 1)
        return float(torch.tensor([rows - REACH, columns - REACH]).float().norm()) / CELLS

    @property
    def likeness(self) -> float:
        """How alike the two pictures are where they agree best: their correlation, -1 to 1."""
        return float(self._agreement.max())

    @property
    def colour(self) -> float:
        """Difference of the mean colours where at least half was replaced, dE."""
        inside = self.alpha >= self.alpha.max() / 2
        return _distance(self.before[inside].mean(0), self.after[inside].mean(0))

    @property
    def ring(self) -> float | None:
        """Difference of the mean colours on the mask's soft rim, dE, had all of it been replaced; None without one."""
        rim = (self.alpha > 0) & (self.alpha < 1)
        share = float(self.alpha[rim].sum())
        if share < LEAST_RING:
            return None
        before = self.before[rim].mean(0)
        return _distance(before, before + (self.after - self.before)[rim].sum(0) / share)

    @property
    def sharpness(self) -> float | None:
        """Mean gradient after over that before; None where there was none."""
        before, after = (_steepness(_cells(pixels, FINE)) for pixels in (self.before, self.after))
        return after / before if before > FLAT else None

    @property
    def blown(self) -> float:
        """By how much more of the place is black or white."""
        return _extreme(self.after) - _extreme(self.before)

    @cached_property
    def _agreement(self) -> torch.Tensor:
        """The correlation of the middle of `before` with every part of `after` that lies near: [2R + 1, 2R + 1]."""
        before, after = (_cells(pixels, CELLS) for pixels in (self.before, self.after))
        wanted = before[REACH:-REACH, REACH:-REACH]
        parts = after.unfold(0, len(wanted), 1).unfold(1, len(wanted), 1).flatten(2)
        return _centered(parts) @ _centered(wanted.flatten())


def _cells(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """The brightness of [h, w, 3] on [side, side] cells."""
    grey = pixels.mean(-1)[None, None]
    return F.interpolate(grey, (side, side), mode="bilinear", antialias=True)[0, 0]


def _centered(values: torch.Tensor) -> torch.Tensor:
    """[..., N] without their mean and of length 1; flat ones stay near 0."""
    values = values - values.mean(-1, keepdim=True)
    return values / values.norm(dim=-1, keepdim=True).clamp(min=FLAT * values.shape[-1] ** 0.5)


def _steepness(grey: torch.Tensor) -> float:
    rows, columns = torch.gradient(grey)
    return float(torch.hypot(rows, columns).mean())


def _extreme(pixels: torch.Tensor) -> float:
    """The share of pixels that have no more than one of black and white in all channels."""
    return float(((pixels <= BLACK).all(-1) | (pixels >= WHITE).all(-1)).float().mean())


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """dE of two sRGB colours [3]: the distance in CIE 1976 L*a*b*."""
    return float((_lab(a) - _lab(b)).norm())


def _lab(colour: torch.Tensor) -> torch.Tensor:
    """[3] of sRGB in 0..1 (IEC 61966-2-1, white D65)."""
    colour = colour.double().clamp(0, 1)
    linear = torch.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    to_xyz = linear.new_tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ linear / to_xyz.sum(1)
    x, y, z = torch.where(xyz > (6 / 29) ** 3, xyz ** (1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
