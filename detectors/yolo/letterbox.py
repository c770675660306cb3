"""Fits an image into the network's input without distorting it, and maps results back."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from ...detailer.box import Box
from .network import COARSEST

SIZE = 640
"""Longer side of the network's input in pixels: what YOLOv8 models are trained at."""

GREY = 114 / 255
PROTOTYPE_STRIDE = 4


class Letterbox(NamedTuple):
    """Where a `width` x `height` image lies in the padded input; the same geometry as ultralytics' rectangular one."""

    width: int
    height: int
    scaled_width: int
    scaled_height: int
    left: int
    top: int
    padded_width: int
    padded_height: int

    @staticmethod
    def of(width: int, height: int, size: int = SIZE) -> Letterbox:
        """The longer side becomes `size`; grey fills each side up to a multiple of the coarsest stride."""
        gain = min(size / width, size / height)
        w, h = max(round(width * gain), 1), max(round(height * gain), 1)
        right, below = -w % COARSEST, -h % COARSEST
        return Letterbox(width, height, w, h, round(right / 2 - 0.1), round(below / 2 - 0.1), w + right, h + below)

    def apply(self, image: torch.Tensor) -> torch.Tensor:
        """[1, 3, height, width] -> [1, 3, padded_height, padded_width]; bilinear without antialiasing, as trained."""
        if (self.scaled_width, self.scaled_height) != (self.width, self.height):
            image = F.interpolate(image, (self.scaled_height, self.scaled_width), mode="bilinear", align_corners=False)
        right = self.padded_width - self.scaled_width - self.left
        below = self.padded_height - self.scaled_height - self.top
        return F.pad(image, (self.left, right, self.top, below), value=GREY)

    def boxes_in_image(self, boxes: torch.Tensor) -> torch.Tensor:
        """[N, 4] of the input -> [N, 4] of the image, clipped to it. Each side has the gain its rounding gave it."""
        gain_x, gain_y = self.scaled_width / self.width, self.scaled_height / self.height
        origin = boxes.new_tensor([self.left, self.top, self.left, self.top])
        limits = boxes.new_tensor([self.width, self.height, self.width, self.height])
        moved = (boxes - origin) / boxes.new_tensor([gain_x, gain_y, gain_x, gain_y])
        return moved.clamp(min=0).minimum(limits)

    def mask_in_box(self, logits: torch.Tensor, box: Box) -> torch.Tensor:
        """Logits at stride 4 of the input [h, w] -> bool [box.height, box.width] of the image, positive logits.

        Every pixel centre of the box is sampled where it lies, so the padding shifts nothing. Samples stay on cells
        that lie in the image: the grey beyond its edge is no object.
        """
        x = self._samples(box.x0, box.x1, self.scaled_width / self.width, self.left, self.scaled_width)
        y = self._samples(box.y0, box.y1, self.scaled_height / self.height, self.top, self.scaled_height)
        x, y = 2 * x / self.padded_width - 1, 2 * y / self.padded_height - 1  # grid_sample's own coordinates
        grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).to(logits)
        return F.grid_sample(logits[None, None], grid[None], padding_mode="border", align_corners=False)[0, 0] > 0

    @staticmethod
    def _samples(start: int, end: int, gain: float, offset: int, length: int) -> torch.Tensor:
        """Pixel centres start..end of one side of the image, in pixels of the input."""
        centres = (torch.arange(start, end, dtype=torch.float32) + 0.5) * gain
        half = PROTOTYPE_STRIDE / 2
        return centres.clamp(min=min(half, length / 2)).clamp(max=max(length - half, length / 2)) + offset
