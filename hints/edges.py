"""Edges in white on black, of a picture itself.

kornia is imported where it is used: ComfyUI, and so this pack, starts without it.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from ..detailer.box import Size
from .strokes import unit_of

LOW, HIGH = 0.15, 0.35
"""Canny's thresholds: lower than ComfyUI's node has, for a crop is often enlarged, and its edges are soft."""
FRAME = 3
"""Pixels around a picture, without which kornia's kernels don't fit into the smallest."""
SCALES = (1.0, 2.0)
"""Widths of the Gaussians that an edge is looked for with, in pixels at 512 px."""
STRONGEST = 0.995
"""Share of the pixels that are no brighter than white."""
FAINT = 0.05
"""Change of brightness over a Gaussian's width below which nothing becomes white, however flat the picture is."""


def canny(images: torch.Tensor) -> torch.Tensor:
    """Thin edges of [B, H, W, 3] images (Canny 1986), float [B, H, W, 3]."""
    from kornia.filters import canny

    framed = F.pad(images.movedim(-1, 1), (FRAME,) * 4, mode="replicate")
    levels = canny(framed, LOW, HIGH, hysteresis=False)[1][..., FRAME:-FRAME, FRAME:-FRAME]
    return _white(torch.stack([_connected(level) for level in levels]))


def soft_edge(images: torch.Tensor) -> torch.Tensor:
    """How much brightness changes at each pixel of [B, H, W, 3] images, at the scale where it is most.

    The gradient's magnitude, times the scale (Lindeberg 1998, section 4), in place of the network of SoftEdge's own
    annotators.
    """
    height, width = images.shape[1:3]
    grey = images.mean(-1)[:, None]
    unit = unit_of(Size(width, height))
    strength = torch.stack([_changes(grey, max(scale * unit, 0.5)) for scale in SCALES]).amax(0)
    white = torch.stack([torch.quantile(_thinned(edges), STRONGEST) for edges in strength]).clamp(min=FAINT)
    return _white((strength / white[:, None, None, None]).clamp(0, 1))


def _connected(levels: torch.Tensor) -> torch.Tensor:
    """Edges [1, H, W], of those that are strong (1) or weak (less) somewhere the ones that are strong anywhere.

    kornia's own hysteresis grows them by a pixel at a time: 13 s for a picture of noise.
    """
    levels_np = levels[0].cpu().numpy()
    pieces = np.asarray(ndimage.label(levels_np > 0, np.ones((3, 3)))[0])  # type: ignore[index]
    connected = np.isin(pieces, pieces[levels_np == 1])
    return torch.from_numpy(connected)[None].to(levels)


def _changes(grey: torch.Tensor, sigma: float) -> torch.Tensor:
    from kornia.filters import gaussian_blur2d, spatial_gradient

    reach = 2 * int(3 * sigma + 0.5) + 1
    blurred = gaussian_blur2d(grey, reach, (sigma, sigma), "replicate")
    return spatial_gradient(blurred)[:, 0].norm(dim=1, keepdim=True) * sigma


def _thinned(edges: torch.Tensor) -> torch.Tensor:
    """Some of the values, for torch.quantile takes no more than 16 million."""
    flat = edges.flatten()
    return flat[:: len(flat) // 1_000_000 + 1]


def _white(edges: torch.Tensor) -> torch.Tensor:
    return edges.movedim(1, -1).expand(-1, -1, -1, 3).contiguous()
