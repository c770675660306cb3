"""Breaking faces as small ones break in generated pictures: something to repair whose good form is known.

A model paints a small face with few cells: its features are smeared over them, each a little out of place, and what
the model was unsure of is noise as coarse as the cells.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

REACH = 0.62
"""Half the side of the square that is broken, in longer sides of the face."""
FADE = 0.3
"""The breakage ends in a circle in that square; over the last 30 % of the circle's area it fades out."""
BENDS = 5
"""The warp is drawn on a grid of so many points a side and runs smoothly between them."""


class Breakage(NamedTuple):
    """How badly a face is broken."""

    across: int = 48
    """Pixels a side to which the square is reduced, and from which it is enlarged again."""
    noise: float = 0.05
    """Standard deviation of the Gaussian noise in those pixels; colours run from 0 to 1."""
    warp: float = 0.012
    """Standard deviation of how far features move, as a share of the square's side."""


def break_face(
    image: torch.Tensor, face: tuple[int, int, int, int], seed: int = 0, breakage: Breakage | None = None
) -> torch.Tensor:
    """A copy of `image` [H, W, 3] in 0..1 with the face in the pixel box `face` (x0, y0, x1, y1) broken.

    The same for the same seed. Nothing changes outside the circle of 1.24 longer sides of the face around its middle.
    """
    x0, y0, x1, y1 = face
    half = max(round(REACH * max(x1 - x0, y1 - y0)), 1)
    left, top = round((x0 + x1) / 2) - half, round((y0 + y1) / 2) - half
    rows, columns = (
        (torch.arange(start, start + 2 * half)).clamp(0, length - 1)
        for start, length in ((top, image.shape[0]), (left, image.shape[1]))
    )
    square = image[rows][:, columns].movedim(-1, 0)[None]
    broken = broken_squares(square, [breakage or Breakage()], torch.Generator().manual_seed(seed))
    result = image.clone()
    inside = slice(max(-top, 0), image.shape[0] - top), slice(max(-left, 0), image.shape[1] - left)
    target = result[max(top, 0) : top + 2 * half, max(left, 0) : left + 2 * half]
    target.copy_(broken[0].movedim(0, -1)[inside])
    return result


def with_broken_face(
    photo: Image.Image, face: tuple[int, int, int, int], seed: int = 0, breakage: Breakage | None = None
) -> Image.Image:
    """`break_face` for an RGB picture of 8 bits."""
    pixels = torch.from_numpy(np.array(photo.convert("RGB"))).float() / 255
    return Image.fromarray((break_face(pixels, face, seed, breakage) * 255).round().byte().numpy())


def broken_squares(
    squares: torch.Tensor, breakages: list[Breakage], random: torch.Generator | None = None
) -> torch.Tensor:
    """Squares [B, 3, S, S] in 0..1 around a face each, broken inside their circle; random None: torch's own."""
    coarse = [_coarse(square, how, random) for square, how in zip(squares.split(1), breakages, strict=True)]
    count, side = len(squares), squares.shape[-1]
    amount = squares.new_tensor([2 * how.warp for how in breakages])[:, None, None, None]  # a side is 2 grid units
    bends = torch.randn(count, 2, BENDS, BENDS, generator=random).to(squares) * amount
    moved = F.interpolate(bends, (side, side), mode="bicubic").movedim(1, -1)
    grid = F.affine_grid(torch.eye(2, 3).to(squares).repeat(count, 1, 1), [count, 3, side, side], align_corners=False)
    broken = F.grid_sample(
        torch.cat(coarse), grid + moved, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    alpha = ((1 - grid.square().sum(-1, keepdim=True)) / FADE).clamp(0, 1).movedim(-1, 1)
    return torch.lerp(squares, broken.clamp(0, 1), alpha)


def _coarse(square: torch.Tensor, how: Breakage, random: torch.Generator | None) -> torch.Tensor:
    """[1, 3, S, S] seen through few pixels with noise in them."""
    small = F.interpolate(square, (how.across, how.across), mode="area")
    noisy = small + how.noise * torch.randn(small.shape, generator=random).to(small)
    return F.interpolate(noisy.clamp(0, 1), square.shape[-2:], mode="bicubic")
