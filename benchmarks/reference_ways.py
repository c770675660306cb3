"""Two ways of repairing an object that other tools are described to go, for comparison; written from the descriptions.

Both work on 8-bit pictures, as tools do that pass crops through PIL. Neither is any tool's code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from afterdetail.detailer.box import Box
from PIL import Image, ImageFilter

Repaint = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of a crop [1, h, w, 3] and a mask [1, 1, h, w] over it, both at the sampled size: the crop repainted."""


def dense_feather(image: torch.Tensor, face: Box, repaint: Repaint) -> tuple[torch.Tensor, torch.Tensor]:
    """(image [1, H, W, 3], alpha [H, W]): crop three times the box, Lanczos in 8 bits to 512 px on the shorter side.

    The size is cut to a multiple of 8 only when the VAE takes the crop, so that the crop is stretched back by up to
    7 px; the box mask is feathered by a Gaussian of 5 px and blended in 8 bits.
    """
    height, width = image.shape[1:3]
    window = face.padded(max(face.width, face.height)).intersection(Box.of_size(width, height))
    scale = 512 / min(window.width, window.height)
    size = (int(window.width * scale), int(window.height * scale))
    crop = as_picture(image[0][window.slices]).resize(size, Image.Resampling.LANCZOS)
    even = (size[0] // 8 * 8, size[1] // 8 * 8)
    mask = box_mask(window, face, even)
    painted = repaint(as_tensor(crop.crop((0, 0, *even))), mask)
    back = as_picture(painted[0]).resize((window.width, window.height), Image.Resampling.LANCZOS)
    return stitched(image, back, window, feather(window, face, 5.0))


def fixed_square(image: torch.Tensor, face: Box, repaint: Repaint) -> tuple[torch.Tensor, torch.Tensor]:
    """(image, alpha): the box with 32 px around it, clipped at the edge, stretched to 512 x 512 px whatever its shape.

    Pasted in 8 bits through a mask blurred by 4 px.
    """
    height, width = image.shape[1:3]
    window = face.padded(32).intersection(Box.of_size(width, height))
    crop = as_picture(image[0][window.slices]).resize((512, 512), Image.Resampling.LANCZOS)
    painted = repaint(as_tensor(crop), box_mask(window, face, (512, 512)))
    back = as_picture(painted[0]).resize((window.width, window.height), Image.Resampling.LANCZOS)
    return stitched(image, back, window, feather(window, face, 4.0))


def stitched(
    image: torch.Tensor, patch: Image.Image, window: Box, mask: Image.Image
) -> tuple[torch.Tensor, torch.Tensor]:
    canvas = as_picture(image[0])
    canvas.paste(patch, (window.x0, window.y0), mask)
    alpha = torch.zeros(image.shape[1:3])
    alpha[window.slices] = torch.from_numpy(np.array(mask)).float() / 255
    return as_tensor(canvas), alpha


def feather(window: Box, face: Box, sigma: float) -> Image.Image:
    return box_in(window, face).filter(ImageFilter.GaussianBlur(sigma))


def box_mask(window: Box, face: Box, size: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(np.array(box_in(window, face).resize(size))).float()[None, None] / 255


def box_in(window: Box, face: Box) -> Image.Image:
    mask = Image.new("L", (window.width, window.height))
    x0, y0, x1, y1 = face.relative_to(window)
    mask.paste(255, (x0, y0, x1, y1))
    return mask


def as_picture(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray((pixels.clamp(0, 1) * 255).round().byte().numpy())


def as_tensor(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).float()[None] / 255
