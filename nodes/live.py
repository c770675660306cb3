"""Keeping what a node saw, so that the canvas can show it and try other widget values on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from comfy_api.latest import io
from server import PromptServer

from ..detailer.detection import Detections
from .sights import Sight, Sights

LOWEST_CONFIDENCE = 0.1
"""How far down the confidence slider works without a new run, for detectors that allow it."""
PICTURE_SIDE = 1024
MAX_PICTURES = 16
"""Of a batch, the first so many images are kept for the canvas."""


sights = Sights()


def is_watched() -> bool:
    """Whether whoever queued the running prompt listens, so that headless runs keep and pay for nothing."""
    server = getattr(PromptServer, "instance", None)
    return server is not None and server.client_id in server.sockets


def lowest_confidence() -> float | None:
    """Down to which score a detector should look for the canvas's sake; None where nobody watches."""
    return LOWEST_CONFIDENCE if is_watched() else None


def remembered(
    node: type[io.ComfyNode],
    widgets: Mapping[str, Any],
    found: Detections,
    image: torch.Tensor,
    after: torch.Tensor | None = None,
    **more: Any,
) -> dict[str, list]:
    """Keep what a node saw in [B, H, W, C] `image`; the part of its UI output that tells the canvas where it is."""
    if not is_watched():
        return {}
    simple = {name: value for name, value in widgets.items() if isinstance(value, (bool, int, float, str))}
    before = pictures(image)
    painted = () if after is None else before if after is image else pictures(after)
    token = sights.put(Sight(node, simple, found, before, painted, **more))
    size = {"width": image.shape[2], "height": image.shape[1]}
    return {"afterdetail": [{"token": token, "shown": len(before), "painted": bool(painted), **size}]}


def pictures(images: torch.Tensor) -> list[torch.Tensor]:
    """The first of [B, H, W, C] images as uint8 [h, w, 3] with sides of at most PICTURE_SIDE."""
    return [_picture(image) for image in images[:MAX_PICTURES, ..., :3]]


def _picture(image: torch.Tensor) -> torch.Tensor:
    """Four samples of each cell: a fifth of the time that the mean of a large image would take."""
    shrink = shrinking(image.shape[0], image.shape[1], PICTURE_SIDE)
    if shrink > 1:
        height, width = (side // shrink * shrink for side in image.shape[:2])
        starts = (0, shrink // 2)
        first, *others = (image[row:height:shrink, column:width:shrink] for row in starts for column in starts)
        image = sum(others, first) / 4
    return image.float().mul(255).add_(0.5).clamp_(0, 255).to("cpu", torch.uint8)


def shrinking(height: int, width: int, side: int) -> int:
    """By which whole number to divide both sides so that neither is longer than `side`."""
    return max(-(-max(height, width) // side), 1)
