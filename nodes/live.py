"""What nodes saw in their last runs, kept so that the canvas can show it and try other widget values on it."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from server import PromptServer

from ..detailer.detection import Detections
from ..detailer.resolution import BaseModel

LOWEST_CONFIDENCE = 0.1
"""How far down the confidence slider works without a new run, for detectors that allow it."""
PICTURE_SIDE = 1024
MAX_PICTURES = 16
"""Of a batch, the first so many images are kept for the canvas."""
MAX_SIGHTS, MAX_BYTES = 64, 256 * 2**20


@dataclass(frozen=True, eq=False)
class Sight:
    """One run of one node. Pictures are uint8 [H, W, 3], at most PICTURE_SIDE px, one per image."""

    node: type[io.ComfyNode]
    widgets: Mapping[str, Any]
    found: Detections
    """Before anything was selected."""
    before: Sequence[torch.Tensor]
    after: Sequence[torch.Tensor] = ()
    inside: torch.Tensor | None = None
    """The masks [B or 1, H, W] that objects had to lie in."""
    fitted_for: tuple[BaseModel, int] | None = None
    """The wired model's table of sizes and its VAE's factor, where there is a model."""

    @property
    def bytes(self) -> int:
        masks = (d.mask for found in self.found.images for d in found if d.mask is not None)
        kept = [*self.before, *self.after, *masks, *([] if self.inside is None else [self.inside])]
        return sum(tensor.nbytes for tensor in kept)


class Sights:
    """The most recently used ones by their token, within a bound on their number and bytes. Any thread may use it."""

    def __init__(self, max_sights: int = MAX_SIGHTS, max_bytes: int = MAX_BYTES):
        self._max_sights, self._max_bytes = max_sights, max_bytes
        self._sights: OrderedDict[str, Sight] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, sight: Sight) -> str:
        """The token of a new sight; older ones make room. The newest stays whatever its size."""
        token = uuid.uuid4().hex
        with self._lock:
            self._sights[token] = sight
            total = sum(kept.bytes for kept in self._sights.values())
            while len(self._sights) > 1 and (len(self._sights) > self._max_sights or total > self._max_bytes):
                _, dropped = self._sights.popitem(last=False)
                total -= dropped.bytes
        return token

    def get(self, token: str) -> Sight | None:
        with self._lock:
            if token in self._sights:
                self._sights.move_to_end(token)
            return self._sights.get(token)

    def drop(self, token: str) -> None:
        with self._lock:
            self._sights.pop(token, None)


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
    shrink = shrinking(image.shape[0], image.shape[1], PICTURE_SIDE)
    if shrink > 1:
        image = F.avg_pool2d(image.movedim(-1, 0).float(), shrink, ceil_mode=True).movedim(0, -1)
    return (image.float() * 255).round().clamp(0, 255).to("cpu", torch.uint8)


def shrinking(height: int, width: int, side: int) -> int:
    """By which whole number to divide both sides so that neither is longer than `side`."""
    return max(-(-max(height, width) // side), 1)
