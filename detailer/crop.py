"""Cutting crops out of images and pasting them back."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from .box import Box, Size
from .region import Region
from .resampling import RADIUS, on_device, resized, sampled


def cut(
    image: torch.Tensor, region: Region, size: Size | None = None, device: torch.device | None = None
) -> torch.Tensor:
    """The region's window of an [H, W, C] image, upright: float32 [1, height, width, 3], of its sampled size or `size`.

    What a turned window has beyond the image is the image's mirror image. `device`: where the crop goes next; a large
    one is made there.
    """
    size = size or region.sampled_at
    if not region.turn:
        rows, columns = region.window.slices
        return on_device(device, lambda window: resized(window.float(), size), image[rows, columns, :3][None], size)
    part = region.turned.bounds.padded(RADIUS).intersection(Box.of_size(image.shape[1], image.shape[0]))
    x, y = region.turned.grid(size)
    step = region.window.width / size.width
    upright = partial(sampled, x=x - part.x0, y=y - part.y0, step=step, turn=region.turn)
    return on_device(device, upright, image[part.slices][..., :3], size)[None]


def to_crop(points: np.ndarray, region: Region) -> np.ndarray:
    """Where points of the image come to lie in what `cut` makes of it: [N, 2] x, y, both in pixel indices."""
    window, size = region.window, region.sampled_at
    scale = np.array([size.width / window.width, size.height / window.height])
    return np.stack(region.turned.within(*(points + 0.5).T), -1) * scale - 0.5


def paste(canvas: torch.Tensor, patch: torch.Tensor, region: Region, device: torch.device | None = None) -> None:
    """Blend a patch of the region's window into the [H, W, C] `canvas` in place.

    `patch` is [1, h, w, 3] at any size; a large one is resized on `device`. Where alpha is 0 the canvas keeps its very
    bits, and its channels beyond the third everywhere.
    """
    canvas[region.alpha.box.slices][..., :3].copy_(blended(canvas, patch, region, device))


def blended(
    canvas: torch.Tensor, patch: torch.Tensor, region: Region, device: torch.device | None = None
) -> torch.Tensor:
    """What `paste` makes of the box of the region's alpha, [h, w, 3] of the canvas's dtype; the canvas stays."""
    target = canvas[region.alpha.box.slices][..., :3]
    alpha = region.alpha.values.to(target.device)
    # Channels first: with the alpha along the contiguous axes, blending takes a third of the time.
    source = _under_alpha(patch.float(), region, device).movedim(-1, 0).to(target.device)
    original = target.movedim(-1, 0).contiguous()
    mixed = torch.lerp(original.float(), source, alpha).to(target.dtype)
    if not bool(alpha.all()):  # an alpha of 0 would turn -0.0 into 0.0
        mixed = torch.where(alpha > 0, mixed, original)
    return mixed.movedim(0, -1)


def _under_alpha(patch: torch.Tensor, region: Region, device: torch.device | None) -> torch.Tensor:
    """What a patch [1, h, w, 3] of the window has for the pixels of the alpha's box: [box.height, box.width, 3]."""
    inner, size = region.alpha.box, region.window.size
    if not region.turn:
        whole = on_device(device, partial(resized, size=size), patch, size)
        return whole[0][inner.relative_to(region.window).slices]
    x, y = region.turned.grid_of(inner, Size(patch.shape[2], patch.shape[1]))
    turned_back = partial(sampled, x=x, y=y, step=patch.shape[2] / region.window.width, turn=-region.turn)
    return on_device(device, turned_back, patch[0], inner.size)


def accumulate(coverage: torch.Tensor, region: Region) -> None:
    """Add the region's alpha to the [H, W] share of the image that has been replaced, in place.

    Layers cover each other as in Porter and Duff's "over": what remains of the original is the product of 1 - alpha.
    """
    view = coverage[region.alpha.box.slices]
    view.copy_(view + region.alpha.values.to(view.device) * (1 - view))


def solid_mask(region: Region, size: Size) -> torch.Tensor:
    """The region's mask without its soft rim, over the window at `size`: 0 or 1, [1, 1, height, width].

    1 where a pixel of at least half the alpha's peak falls: a thin mask does not get lost, and outside of it the
    soft rim blends the original with itself.
    """
    alpha = region.window_alpha
    solid = (alpha >= alpha.max() / 2).float()
    return (F.interpolate(solid[None, None], (size.height, size.width), mode="area") > 0).float()


def latent_mask(region: Region, latent: torch.Tensor, soft: bool = False) -> torch.Tensor:
    """Which cells of the region's latent are repainted: [1, 1, (1,) h, w] beside a latent [1, C, (T,) h, w].

    0 or 1, or with `soft` the mean alpha of each cell.
    """
    size = Size(latent.shape[-1], latent.shape[-2])
    alpha = region.window_alpha[None, None]
    cells = F.interpolate(alpha, (size.height, size.width), mode="area") if soft else solid_mask(region, size)
    return cells.reshape(1, *(1,) * (latent.ndim - 3), *cells.shape[-2:]).to(latent.device)


def with_hole(crop: torch.Tensor, region: Region) -> torch.Tensor:
    """The crop [1, H, W, 3] grey where it is to be repainted: what inpaint checkpoints are shown."""
    hole = solid_mask(region, region.sampled_at).movedim(1, -1).to(crop.device)
    return torch.where(hole > 0, torch.full_like(crop, 0.5), crop)


def filled(crop: torch.Tensor, region: Region) -> torch.Tensor:
    """The crop [1, H, W, 3] with the colours around the mask drawn into it.

    The pull-push of Gortler et al., "The Lumigraph" (1996): means of the known pixels on ever coarser grids, then
    from the coarsest to the finest each unknown pixel from the grid above.
    """
    known = 1 - solid_mask(region, region.sampled_at).to(crop.device)
    levels = [(crop.movedim(-1, 1) * known, known)]
    while min(levels[-1][1].shape[-2:]) > 1 and bool((levels[-1][1] == 0).any()):
        colour, weight = (F.avg_pool2d(plane, 2, ceil_mode=True) for plane in levels[-1])
        seen = weight > 0
        levels.append((torch.where(seen, colour / weight.clamp(min=1e-6), colour), seen.float()))
    colour = levels[-1][0]
    for finer, weight in reversed(levels[:-1]):
        above = F.interpolate(colour, finer.shape[-2:], mode="bilinear")
        colour = torch.where(weight > 0, finer, above)
    return colour.movedim(1, -1)
