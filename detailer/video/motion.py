"""How far an object moves from one frame to the next, by its pixels: steadier than any detector's boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from ..box import Box, Size
from ..resampling import resized

LARGEST = 192
"""Pixels along the longer side that two pictures of an object are compared at."""

FINEST = 0.15
"""Spread of the frequencies that count, in cycles per pixel: above them is mostly noise."""

LEAST_ALIKE = 0.35
"""Share of the frequencies that agree on one motion, below which none is known."""


class _Snapshot(NamedTuple):
    """A picture of an object: its `window` in the frame, and its spectrum [h, w / 2 + 1]."""

    window: Box
    spectrum: torch.Tensor
    size: Size


def motions(images: torch.Tensor, frames: Sequence[int], boxes: Sequence[Box]) -> list[tuple[float, float] | None]:
    """Of one object in some frames of [B, H, W, C], where each box has it: x, y in pixels since the frame before.

    None where its two pictures don't tell, and for the first.
    """
    width, height = (max(sides) for sides in zip(*((box.width, box.height) for box in boxes), strict=True))
    moved: list[tuple[float, float] | None] = []
    before = None
    for frame, box in zip(frames, boxes, strict=True):
        after = _snapshot(images[frame], box.grown_to(width, height))
        moved.append(_motion(before, after) if before else None)
        before = after
    return moved


def _snapshot(image: torch.Tensor, around: Box) -> _Snapshot:
    window = around.slid_inside(image.shape[1], image.shape[0])
    scale = min(LARGEST / max(window.width, window.height), 1.0)
    size = Size(max(round(window.width * scale), 2), max(round(window.height * scale), 2))
    grey = resized(image[window.slices][..., :3].float().cpu().mean(-1)[None, ..., None], size)[0, ..., 0]
    fading = torch.hann_window(size.height, False)[:, None] * torch.hann_window(size.width, False)
    return _Snapshot(window, torch.fft.rfft2((grey - grey.mean()) * fading), size)


def _motion(before: _Snapshot, after: _Snapshot) -> tuple[float, float] | None:
    """By the phases of the two spectra, after Kuglin and Hines (1975), where their correlation has its peak."""
    height, width = before.size.height, before.size.width
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    weight = torch.exp(-0.5 * (down**2 + across**2) / FINEST**2)
    cross = before.spectrum.conj() * after.spectrum
    agreed = torch.fft.irfft2(weight * cross / cross.abs().clamp(min=1e-9), (height, width))
    most = torch.fft.irfft2(weight.to(cross), (height, width))[0, 0]
    row, column = divmod(int(agreed.argmax()), width)
    if agreed[row, column] < LEAST_ALIKE * most:
        return None
    around = agreed.roll((1 - row, 1 - column), (0, 1))[:3, :3]
    y, x = _signed(row, height) + _peak(around[:, 1]), _signed(column, width) + _peak(around[1])
    scale_x, scale_y = before.window.width / width, before.window.height / height
    return after.window.x0 - before.window.x0 + x * scale_x, after.window.y0 - before.window.y0 + y * scale_y


def _signed(place: int, length: int) -> int:
    return place - length if place > length // 2 else place


def _peak(three: torch.Tensor) -> float:
    """Where a parabola through three values has its top, counted from the middle one."""
    left, middle, right = three.tolist()
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0
