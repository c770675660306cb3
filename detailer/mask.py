"""Soft masks: dilation and blur, at the cost of the mask's own neighbourhood and never of the image.

Own kernels because ComfyUI installs no OpenCV, and those of torch and scipy were measured slower on such masks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .box import Box

KERNEL_RADIUS_SIGMAS = 2.5
ROWS_AT_A_TIME = 32


class MaskPatch(NamedTuple):
    """A mask of an image that is 0 outside `box`: `values` is float [box.height, box.width] in 0..1."""

    box: Box
    values: torch.Tensor

    @staticmethod
    def filled(box: Box) -> MaskPatch:
        """1 in all of a box."""
        return MaskPatch(box, torch.ones(box.height, box.width))

    def shifted(self, dx: int, dy: int) -> MaskPatch:
        """Moved right and down by pixels."""
        return MaskPatch(self.box.shifted(dx, dy), self.values)

    def resized(self, box: Box) -> MaskPatch:
        """The same values stretched over another box, bilinearly."""
        values = F.interpolate(self.values[None, None].float(), (box.height, box.width), mode="bilinear")[0, 0]
        return MaskPatch(box, values)

    def on(self, canvas: Box) -> torch.Tensor:
        """The mask as seen in `canvas`: float [canvas.height, canvas.width]."""
        if canvas == self.box:
            return self.values
        plane = self.values.new_zeros(canvas.height, canvas.width)
        common = self.box.intersection(canvas)
        if common.width > 0 and common.height > 0:
            plane[common.relative_to(canvas).slices] = self.values[common.relative_to(self.box).slices]
        return plane

    def trimmed(self) -> MaskPatch | None:
        """Cut to the pixels above 0; None if there are none."""
        rows = (self.values.amax(1) > 0).nonzero().flatten()
        if rows.numel() == 0:
            return None
        columns = (self.values.amax(0) > 0).nonzero().flatten()
        inner = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        return MaskPatch(inner.shifted(self.box.x0, self.box.y0), self.values[inner.slices])


def soft_mask(mask: MaskPatch, image: Box, dilation: int, sigma: float) -> MaskPatch | None:
    """Dilated by `dilation` px, then blurred by `sigma` px; None if erosion (negative dilation) leaves nothing."""
    dilated = dilate(mask, image, dilation).trimmed()
    return blur(dilated, image, sigma) if dilated else None


def soft_box(box: Box, image: Box, dilation: int, sigma: float) -> MaskPatch | None:
    """`soft_mask` of a filled box. Both operations are separable, so two one-pixel-wide masks are enough."""
    column = soft_mask(MaskPatch.filled(Box(0, box.y0, 1, box.y1)), Box.of_size(1, image.height), dilation, sigma)
    row = soft_mask(MaskPatch.filled(Box(box.x0, 0, box.x1, 1)), Box.of_size(image.width, 1), dilation, sigma)
    if column is None or row is None:
        return None
    return MaskPatch(Box(row.box.x0, column.box.y0, row.box.x1, column.box.y1), column.values * row.values)


def dilate(mask: MaskPatch, image: Box, size: int) -> MaskPatch:
    """Grey dilation by a `size` x `size` square, its anchor at size // 2; erosion by -size if `size` is negative.

    Equal to cv2.dilate / cv2.erode with that rectangle: what lies outside the image takes no part.
    """
    reach = abs(size)
    if reach <= 1:
        return mask
    canvas = mask.box.padded(reach).intersection(image)
    sign = 1 if size > 0 else -1
    values = sign * mask.on(canvas)
    for axis in _extended_axes(values):
        values = _running_max(values, reach, axis)
    return MaskPatch(canvas, sign * values)


def blur(mask: MaskPatch, image: Box, sigma: float) -> MaskPatch:
    """Gaussian blur whose kernel ends at ceil(2.5 sigma); at the image's edge the mask goes on outwards."""
    if sigma <= 0:
        return mask
    kernel = _gaussian_kernel(sigma)
    canvas = mask.box.padded(len(kernel) // 2).intersection(image)
    values = mask.on(canvas)
    for axis in _extended_axes(values):
        values = _convolve_columns(values, kernel) if axis == 0 else _convolve_columns(values.T, kernel).T
    return MaskPatch(canvas, values.clamp_(0, 1))


def union(masks: Sequence[MaskPatch]) -> MaskPatch:
    """The maximum of several masks."""
    canvas = Box.union(mask.box for mask in masks)
    values = masks[0].on(canvas).clone()
    for mask in masks[1:]:
        view = values[mask.box.relative_to(canvas).slices]
        torch.maximum(view, mask.values, out=view)
    return MaskPatch(canvas, values)


def inverted(mask: MaskPatch, image: Box) -> MaskPatch:
    """Everything of the image but the mask."""
    return MaskPatch(image, 1 - mask.on(image))


def blur_radius(sigma: float) -> int:
    """How many pixels a blur reaches beyond its mask."""
    return math.ceil(KERNEL_RADIUS_SIGMAS * sigma)


def _gaussian_kernel(sigma: float) -> list[float]:
    """exp(-x^2 / 2 sigma^2) at the integers up to ceil(2.5 sigma), with sum 1."""
    radius = blur_radius(sigma)
    weights = [math.exp(-0.5 * (x / sigma) ** 2) for x in range(-radius, radius + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


def _extended_axes(values: torch.Tensor) -> list[int]:
    """The axes along which there is something to do: an image one pixel wide has the same value at both its edges."""
    return [axis for axis, length in enumerate(values.shape) if length > 1]


def _running_max(values: torch.Tensor, size: int, axis: int) -> torch.Tensor:
    """out[i] = max of values[i - size // 2 : i - size // 2 + size] along `axis`, by windows that double in length."""
    ends = (size // 2, size - 1 - size // 2)
    values = F.pad(values, (0, 0, *ends) if axis == 0 else ends, value=-math.inf)
    covered = 1
    while covered < size:
        step = min(covered, size - covered)
        length = values.shape[axis] - step
        values = torch.maximum(values.narrow(axis, 0, length), values.narrow(axis, step, length))
        covered += step
    return values


def _convolve_columns(values: torch.Tensor, kernel: list[float]) -> torch.Tensor:
    """Convolution of each column with a symmetric kernel, border values repeated.

    A product of a banded matrix with overlapping blocks of rows: several times faster on a CPU than conv2d, which has
    no fast path for one channel, and than a sum of shifted copies.
    """
    radius, rows = len(kernel) // 2, len(values)
    blocks = -(-rows // ROWS_AT_A_TIME)
    reach = ROWS_AT_A_TIME + 2 * radius
    after = radius + blocks * ROWS_AT_A_TIME - rows
    extended = torch.cat([values[:1].expand(radius, -1), values, values[-1:].expand(after, -1)])
    band = F.pad(values.new_tensor(kernel), (0, ROWS_AT_A_TIME)).repeat(ROWS_AT_A_TIME)
    band = band[: ROWS_AT_A_TIME * reach].view(ROWS_AT_A_TIME, reach)  # row i is the kernel, i places to the right
    return (band @ extended.unfold(0, reach, ROWS_AT_A_TIME).mT).flatten(0, 1)[:rows]
