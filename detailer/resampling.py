"""Pictures at other sizes and places: a Lanczos kernel, in float, antialiased where it shrinks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .box import Size

RADIUS = 3
ROWS_AT_ONCE = 256
"""Of an image that is enlarged sideways: turning all of it would take the memory of the result again."""
TAPS_AT_ONCE = 2**21
"""Of a picture that is sampled along a turned grid: what a chunk of its rows reads."""
WHOLE = ("cpu", "cuda")
"""The devices that torch has all its functions for; ROCm's are called cuda too."""
LARGE = 512 * 512
"""Pixels from which a picture is worth the way to a GPU and back."""


def resized(pixels: torch.Tensor, size: Size) -> torch.Tensor:
    """[N, H, W, C] at another size by a Lanczos kernel of radius 3 (Duchon 1979); no copy if it has that size.

    In float, antialiased where it shrinks. Enlarged and shrunk again, a face keeps 3.5 dB more than by bicubic, in less
    time; undoing the smoothing that is left would make a VAE's errors 0.3 dB larger. Time and memory go with the number
    of pixels of the result.
    """
    if pixels.shape[1:3] == (size.height, size.width):
        return pixels
    if (able := with_all_functions(pixels)) is not pixels:
        return resized(able, size).to(pixels.device)
    result = pixels.new_empty(len(pixels), size.height, size.width, pixels.shape[3])
    down, across = _lanczos_taps(pixels.shape[1], size.height), _lanczos_taps(pixels.shape[2], size.width)
    for image, target in zip(pixels, result, strict=True):
        tall = _summed(image.float(), *down)
        for rows, place in zip(tall.split(ROWS_AT_ONCE), target.split(ROWS_AT_ONCE), strict=True):
            place.copy_(_summed(rows.transpose(0, 1), *across).transpose(0, 1))
    return without_overshoot(result, pixels)


def sampled(
    pixels: torch.Tensor, x: torch.Tensor, y: torch.Tensor, step: float, turn: float, radius: int = RADIUS
) -> torch.Tensor:
    """An [H, W, C] picture at the places x, y [h, w], float32 [h, w, C]; the middle of the first pixel is 0.5.

    `step`: how many of its pixels lie between two places side by side; `turn`: by how many degrees clockwise the rows
    of places are turned. With fewer places than pixels the kernel antialiases and lies along the places, else along the
    pixels: always along the coarser grid, which holds the finer diagonals. Beyond its edges the picture goes on as its
    mirror image. With `radius` 1 nothing overshoots.
    """
    if (able := with_all_functions(pixels)) is not pixels:
        return sampled(able, x, y, step, turn, radius).to(pixels.device)
    x, y = x.to(pixels.device), y.to(pixels.device)
    table = pixels.float().reshape(-1, pixels.shape[-1])
    kernel = _Kernel(radius, step, math.radians(turn)) if step > 1 else _Kernel(radius, 1.0, 0.0)
    rows = max(TAPS_AT_ONCE // (kernel.taps**2 * x.shape[1]), 1)
    parts = []
    for x_part, y_part in zip(x.split(rows), y.split(rows), strict=True):
        columns, lines, weights = kernel.at(x_part, y_part)
        places = _mirrored(lines, pixels.shape[0])[..., :, None] * pixels.shape[1]
        places = (places + _mirrored(columns, pixels.shape[1])[..., None, :]).flatten(0, 1).flatten(1)
        weights = weights.flatten(0, 1).flatten(1).to(table)
        summed = F.embedding_bag(places.to(table.device), table, per_sample_weights=weights, mode="sum")
        parts.append(summed.reshape(*x_part.shape, -1))
    return without_overshoot(torch.cat(parts), pixels)


def with_all_functions(pixels: torch.Tensor) -> torch.Tensor:
    """On the CPU, unless they are there or on CUDA, where torch has all that pictures are resized by.

    MPS and DirectML lack float64 and, some of their versions, sums of weighted rows and antialiasing.
    """
    return pixels if pixels.device.type in WHOLE else pixels.cpu()


def without_overshoot(result: torch.Tensor, *sources: torch.Tensor) -> torch.Tensor:
    """`result`, in place, within 0..1 or as far beyond as the pixels are that it was made of: HDR stays."""
    low = min(0.0, *(float(source.amin()) for source in sources))
    high = max(1.0, *(float(source.amax()) for source in sources))
    return result.clamp_(low, high)


def on_device(
    device: torch.device | None, resize: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor, size: Size
) -> torch.Tensor:
    """What `resize` makes of `pixels` [..., H, W, C], on `device` where that is worth the way and has the memory.

    The result, of `size`, stays there: within 1e-5 of what a CPU makes.
    """
    place = _best_place(device, pixels, size)
    if place == pixels.device:
        return resize(pixels)
    try:
        return resize(pixels.to(place))
    except torch.cuda.OutOfMemoryError:
        return resize(pixels)


def _best_place(device: torch.device | None, pixels: torch.Tensor, size: Size) -> torch.device:
    """CUDA's devices only: from others it would come back to the CPU."""
    height, width = pixels.shape[-3:-1]
    large = max(height * width, size.area) >= LARGE and (height, width) != (size.height, size.width)
    return device if device is not None and device.type == "cuda" and large else pixels.device


def _summed(rows: torch.Tensor, places: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """For each of `places` [count, taps] the weighted sum of these few of `rows` [H, W, C]: [count, W, C]."""
    table, places = rows.reshape(len(rows), -1), places.to(rows.device)
    summed = F.embedding_bag(places, table, per_sample_weights=weights.to(rows.device), mode="sum")
    return summed.reshape(len(places), *rows.shape[1:])


def _lanczos_taps(source: int, target: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Which of `source` places each of `target` reads, and with what weights: both [target, taps]; weights sum to 1."""
    step = source / target
    kernel = _Kernel(RADIUS, max(step, 1), 0.0)
    places, distance = kernel.places((torch.arange(target, dtype=torch.float64) + 0.5) * step)
    weights = kernel.values(distance) * ((places >= 0) & (places < source))
    return places.clamp(0, source - 1), _shares(weights)


class _Kernel(NamedTuple):
    """Lanczos's window over the grid of a picture's pixels: `stretch` of them to one of its own steps."""

    radius: int
    stretch: float
    turn: float
    """Radians clockwise, of its axes against the picture's."""

    @property
    def reach(self) -> float:
        """In pixels, along the picture's axes."""
        return self.radius * self.stretch * (abs(math.cos(self.turn)) + abs(math.sin(self.turn)))

    @property
    def taps(self) -> int:
        """Pixels in a row that it can reach."""
        return int(2 * self.reach + 0.5) + 1

    def at(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The columns and lines [h, w, taps] it reaches from places x, y [h, w]; weights [h, w, taps, taps], sum 1."""
        (columns, across), (lines, down) = self.places(x), self.places(y)
        if self.turn == 0:
            return columns, lines, _shares(self.values(down))[..., :, None] * _shares(self.values(across))[..., None, :]
        across, down = across.float()[..., None, :], down.float()[..., :, None]
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        weights = self.values(across * cos + down * sin) * self.values(down * cos - across * sin)
        return columns, lines, weights / weights.sum((-2, -1), keepdim=True)

    def places(self, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The pixels in a row [..., taps] that it can reach from each of `centers`, and how many of its steps away."""
        first = (centers - self.reach).floor().long()
        places = first[..., None] + torch.arange(self.taps, device=centers.device)
        return places, (places + 0.5 - centers[..., None]) / self.stretch

    def values(self, distance: torch.Tensor) -> torch.Tensor:
        return torch.sinc(distance) * torch.sinc(distance / self.radius) * (distance.abs() < self.radius)


def _shares(weights: torch.Tensor) -> torch.Tensor:
    return (weights / weights.sum(-1, keepdim=True)).float()


def _mirrored(places: torch.Tensor, length: int) -> torch.Tensor:
    """Places beyond 0 .. length - 1 reflected into it, the edge between two equal pixels."""
    period = places % (2 * length)
    return torch.minimum(period, 2 * length - 1 - period)
