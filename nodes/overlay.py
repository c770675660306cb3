"""Drawing detections and regions over images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from ..detailer.box import Box
from ..detailer.detection import Detections
from ..detailer.mask import MaskPatch
from ..detailer.region import Regions

Color = tuple[int, int, int]
# Okabe and Ito's palette, told apart by colour-blind people too.
COLORS = ((0, 158, 115), (230, 159, 0), (86, 180, 233), (204, 121, 167), (240, 228, 66), (213, 94, 0), (0, 114, 178))
TINT = 0.45


def draw_regions(images: torch.Tensor, regions: Regions) -> torch.Tensor:
    """A copy of [B, H, W, 3] with each region's soft mask as a tint, its window dashed, and its sampled size."""
    pictures = images.clone()
    for number, region in enumerate(regions.items):
        _tint(pictures[region.image_index], region.alpha, COLORS[number % len(COLORS)])

    def draw(pen: _Pen, index: int) -> None:
        for number, region in enumerate(regions.items):
            if region.image_index == index:
                color = COLORS[number % len(COLORS)]
                pen.dashed(region.turned.corners, color)
                size = f"{region.window.size} at {region.sampled_at}"
                turn = f", turned {region.turn:.0f}" if region.turn else ""
                bounds = region.turned.bounds
                pen.caption(size + turn, bounds.x0, bounds.y1, color, above=False)

    return _drawn(pictures, draw)


def draw_objects(images: torch.Tensor, detections: Detections, tint: bool) -> torch.Tensor:
    """A copy of [B, H, W, 3] with each object's box, label and score, and its mask if `tint`."""
    pictures = images.clone()
    if tint:
        for index, found in enumerate(detections.images):
            for number, detection in enumerate(found):
                if detection.mask is not None:
                    _tint(pictures[index], detection.mask, COLORS[number % len(COLORS)])

    def draw(pen: _Pen, index: int) -> None:
        for place, detection in enumerate(detections.images[index]):
            color = COLORS[place % len(COLORS)]
            pen.outline(detection.box, color)
            number = place if detection.number is None else detection.number
            caption = f"{number} {detection.label} {detection.score:.2f}"
            pen.caption(caption, detection.box.x0, detection.box.y0, color, above=True)

    return _drawn(pictures, draw)


def _drawn(images: torch.Tensor, draw: Callable[[_Pen, int], None]) -> torch.Tensor:
    """Each image through an 8-bit canvas; `draw` gets a pen for it, and its index."""
    out = []
    for index, image in enumerate(images):
        picture = Image.fromarray((image.numpy() * 255).round().clip(0, 255).astype(np.uint8))
        draw(_Pen(picture), index)
        out.append(torch.from_numpy(np.asarray(picture).astype(np.float32) / 255))
    return torch.stack(out)


def _tint(image: torch.Tensor, mask: MaskPatch, color: Color) -> None:
    view = image[mask.box.slices]
    view.lerp_(torch.tensor(color) / 255, (mask.values.cpu() * TINT)[..., None])


class _Pen:
    """Draws on a picture, with lines as wide as its size asks for."""

    def __init__(self, picture: Image.Image):
        self.size, self.width = picture.size, max(round(min(picture.size) / 400), 1)
        self.canvas = ImageDraw.Draw(picture)

    def outline(self, box: Box, color: Color) -> None:
        """Of a box, just inside it."""
        self.canvas.rectangle((box.x0, box.y0, box.x1 - 1, box.y1 - 1), outline=color, width=self.width)

    def dashed(self, corners: Sequence[tuple[float, float]], color: Color) -> None:
        """The outline of a rectangle, turned or not, just inside its corners."""
        dash = 6 * self.width
        for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
            length = math.hypot(x1 - x0, y1 - y0)
            along_x, along_y = (x1 - x0) / length, (y1 - y0) / length
            inner_x, inner_y = x0 - along_y * self.width / 2 - 0.5, y0 + along_x * self.width / 2 - 0.5
            for start in range(0, round(length), 2 * dash):
                end = min(start + dash, length)
                line = [(inner_x + along_x * at, inner_y + along_y * at) for at in (start, end)]
                self.canvas.line(line, fill=color, width=self.width)

    def caption(self, text: str, x: int, y: int, color: Color, above: bool) -> None:
        """Text on a filled strip at the left end of a box's top (`above`) or bottom side, kept inside the picture."""
        font = ImageFont.load_default(size=10 + 2 * self.width)
        _, _, width, height = self.canvas.textbbox((0, 0), text, font=font)
        width, height = int(width) + 4, int(height) + 4
        x = min(max(x, 0), max(self.size[0] - width, 0))
        y = min(max(y - height if above else y, 0), max(self.size[1] - height, 0))
        self.canvas.rectangle((x, y, x + width, y + height), fill=color)
        self.canvas.text((x + 2, y + 1), text, font=font, fill=(0, 0, 0))
