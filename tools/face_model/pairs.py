"""Pairs of latents, a face as it is and the same face broken, from random views of the windows."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from rig.broken import REACH, Breakage, broken_squares

from .windows import SIDE

Encode = Callable[[torch.Tensor], torch.Tensor]
"""From pictures [B, 3, H, W] in 0..1 to latents [B, 4, H / 8, W / 8]."""

WINDOW = 640
"""Pixels to which every window is brought."""
FILL = (0.35, 0.85)
"""How much of a view's side the face fills."""
TILT, SHIFT = 18.0, 0.25
"""Degrees a view is turned by at most, and how far its middle lies from the face's, in halves of the view."""
CELL = 8


def load_windows(folder: Path, side: int = WINDOW) -> tuple[torch.Tensor, torch.Tensor]:
    """(windows [N, 3, side, side] uint8 of the middle of each file, their weights [N]: sharp ones are drawn more)."""
    pictures, sides = [], []
    for file in sorted(folder.glob("*.webp")):
        picture = Image.open(file).convert("RGB")
        whole = min(picture.size)
        left, top = (picture.width - whole) // 2, (picture.height - whole) // 2
        square = picture.crop((left, top, left + whole, top + whole))
        pictures.append(np.asarray(square.resize((side, side), Image.Resampling.BICUBIC)))
        sides.append(whole / SIDE)
    if not pictures:
        raise FileNotFoundError(f"There are no pictures in {folder}. Run: python -m face_model.windows")
    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1), (torch.tensor(sides) / 150).clamp(0.25, 1.3)


def smeared(windows: torch.Tensor) -> torch.Tensor:
    """Windows [B, 3, S, S] in 0..1 with the face in their middle broken, each at random."""
    half = round(windows.shape[-1] / SIDE * REACH)
    middle = windows.shape[-1] // 2
    inner = slice(middle - half, middle + half)
    broken = windows.clone()
    breakages = [
        Breakage(int(across), noise, warp)
        for across, noise, warp in (torch.rand(len(windows), 3) * torch.tensor([28, 0.06, 0.015])
                                    + torch.tensor([36, 0.02, 0])).tolist()
    ]  # fmt: skip
    broken[..., inner, inner] = broken_squares(windows[..., inner, inner], breakages)
    return broken


def views(windows: torch.Tensor, side: int, zoom: tuple[float, float], tilt: float, shift: float) -> torch.Tensor:
    """Random square views [B, C, side, side] of windows in 0..1, with the light changed a little.

    zoom: side of the view over side of the window, at least and at most. Where C is 6, two pictures are seen alike.
    """
    count, device = len(windows), windows.device

    def between(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, device=device) * (high - low) + low

    size = between(*map(math.log, zoom)).exp()
    angle = between(-tilt, tilt).deg2rad() * (torch.rand(count, device=device) < 0.7)
    room = (1 - size).clamp(min=0)
    x, y = (between(-1, 1) * torch.minimum(room, shift * size) for _ in "xy")
    mirrored = torch.where(torch.rand(count, device=device) < 0.5, -size, size)
    first = torch.stack([angle.cos() * mirrored, -angle.sin() * size, x], 1)
    second = torch.stack([angle.sin() * mirrored, angle.cos() * size, y], 1)
    grid = F.affine_grid(torch.stack([first, second], 1), [count, 3, side, side], align_corners=False)
    seen = F.grid_sample(windows, grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    return in_other_light(seen).clamp(0, 1)


def in_other_light(pictures: torch.Tensor) -> torch.Tensor:
    """[B, 3 or 6, H, W] with contrast, brightness and tint moved at random."""
    count, device = len(pictures), pictures.device
    mean = pictures.mean((1, 2, 3), keepdim=True)
    contrast = (1 + 0.12 * torch.randn(count, 1, 1, 1, device=device)).clamp(0.7, 1.4)
    tint = (1 + 0.05 * torch.randn(count, 3, 1, 1, device=device).clamp(-2, 2)).repeat(1, pictures.shape[1] // 3, 1, 1)
    return (pictures - mean) * contrast + mean * tint + 0.04 * torch.randn(count, 1, 1, 1, device=device)


@torch.no_grad()
def encoded_pairs(windows: torch.Tensor, weights: torch.Tensor, encode: Encode, count: int, cells: int) -> torch.Tensor:
    """[2, count, 4, cells, cells] half floats as `encode` gives them: unbroken and broken."""
    drawn = windows[torch.multinomial(weights, count, replacement=True)].float() / 255
    side = cells * CELL
    widest = min(side / 512, 0.8)  # less than 512 px shows less around the face
    zoom = (1 / FILL[1] / SIDE * side / 512, 1 / FILL[0] / SIDE * widest)
    unbroken, broken = views(torch.cat([drawn, smeared(drawn)], 1), side, zoom, TILT, SHIFT).split(3, 1)
    return torch.stack([encode(picture).half() for picture in (unbroken, broken)])
