"""A window of the image as the model that samples it sees it: where things of the image come to lie in there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .box import Box, Size
from .region import Region
from .resampling import sampled, with_all_functions


@dataclass(frozen=True, eq=False)
class View:
    """The `region` of an `image`, sampled in latent cells of `cell` x `cell` pixels."""

    region: Region
    image: Box
    cell: int

    @property
    def cells(self) -> Size:
        """The size of the region's latent."""
        return Size(*(max(side // self.cell, 1) for side in self.region.sampled_at))

    @property
    def repainted(self) -> torch.Tensor:
        """Where the result will show, over the sampled crop: bool [height, width]."""
        width, height = self.region.sampled_at
        return F.interpolate(self.region.window_alpha[None, None], (height, width), mode="area")[0, 0] > 0

    def own(self, values: torch.Tensor) -> torch.Tensor:
        """The item [1, ...] of a batch that belongs to the region's image; a single one belongs to all."""
        index = min(self.region.image_index, len(values) - 1)
        return values[index : index + 1]

    def planes(self, values: torch.Tensor) -> torch.Tensor:
        """What [B, C, (T,) h, w] planes over the image, in pixels or cells, have in the window: [1, C, (1,) h, w].

        Of frames the first, since a crop is sampled as a single one.
        """
        first = with_all_functions(self.own(values)[:, :, :1] if values.ndim == 5 else self.own(values))
        scale_x, scale_y = values.shape[-1] / self.image.width, values.shape[-2] / self.image.height
        unit = max(round(1 / scale_x), 1)
        size = Size(*(max(side // unit, 1) for side in self.region.sampled_at))
        window = self.region.window
        if self.region.turn:
            x, y = self.region.turned.grid(size)
            flat = first.flatten(0, -3).movedim(0, -1)
            step = window.width * scale_x / size.width
            cut = sampled(flat, x * scale_x, y * scale_y, step, self.region.turn, radius=1).movedim(-1, 0)
            return cut.reshape(*first.shape[:-2], size.height, size.width).to(values)
        part = Box(
            math.floor(window.x0 * scale_x),
            math.floor(window.y0 * scale_y),
            math.ceil(window.x1 * scale_x),
            math.ceil(window.y1 * scale_y),
        )
        rows, columns = part.slices
        cut = first[..., rows, columns]
        flat = cut.reshape(1, -1, *cut.shape[-2:]).float()
        scaled = F.interpolate(flat, (size.height, size.width), mode="bilinear", antialias=True)
        return scaled.reshape(*cut.shape[:-2], size.height, size.width).to(values)

    def spans(self, latent: torch.Tensor) -> bool:
        """Whether a latent [B, C, (T,) h, w] has the very size that the image's own has."""
        sides = ((latent.shape[-1], self.image.width), (latent.shape[-2], self.image.height))
        return all(abs(cells - pixels / self.cell) < 1 for cells, pixels in sides)

    def placed(self, box_px: tuple[float, float, float, float]) -> Box | None:
        """A rectangle of the image, in cells of the window; None if nothing of it is repainted.

        Of a turned window the upright rectangle around it, as ComfyUI knows no others.
        """
        alpha, window, size = self.region.alpha.box, self.region.window, self.region.sampled_at
        x0, y0, x1, y1 = box_px
        if x0 >= alpha.x1 or x1 <= alpha.x0 or y0 >= alpha.y1 or y1 <= alpha.y0:
            return None
        scale_x, scale_y = size.width / window.width / self.cell, size.height / window.height / self.cell
        if self.region.turn:
            x, y = zip(*(self.region.turned.within(x, y) for x in (x0, x1) for y in (y0, y1)), strict=True)
        else:
            x, y = (x0 - window.x0, x1 - window.x0), (y0 - window.y0, y1 - window.y0)
        limit = self.cells
        left, right = (min(max(round(of(x) * scale_x), 0), limit.width) for of in (min, max))
        top, bottom = (min(max(round(of(y) * scale_y), 0), limit.height) for of in (min, max))
        return Box(left, top, right, bottom) if right > left and bottom > top else None
