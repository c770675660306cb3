"""What nodes saw in their last runs, by token, within bounds."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..detailer.detection import Detections
from ..detailer.family import ModelSizes

MAX_SIGHTS, MAX_BYTES = 64, 256 * 2**20
MAX_RELEASED = 4
"""Of removed nodes, the last so many: undo, or a run that ComfyUI takes from its cache, may bring them back."""


@dataclass(frozen=True, eq=False)
class Sight:
    """One run of one node. Pictures are uint8 [H, W, 3], one per image."""

    node: Any
    """The node's class."""
    widgets: Mapping[str, Any]
    found: Detections
    """Before anything was selected."""
    before: Sequence[torch.Tensor]
    after: Sequence[torch.Tensor] = ()
    inside: torch.Tensor | None = None
    """The masks [B or 1, H, W] that objects had to lie in."""
    model: ModelSizes | None = None
    """The sizes of the wired model, where there is one."""

    @property
    def bytes(self) -> int:
        masks = (d.mask for found in self.found.images for d in found if d.mask is not None)
        kept = [*self.before, *self.after, *masks, *([] if self.inside is None else [self.inside])]
        return sum(tensor.nbytes for tensor in kept)


class Sights:
    """The most recently used ones. Any thread may use it."""

    def __init__(self, max_sights: int = MAX_SIGHTS, max_bytes: int = MAX_BYTES, max_released: int = MAX_RELEASED):
        self._max_sights, self._max_bytes, self._max_released = max_sights, max_bytes, max_released
        self._sights: OrderedDict[str, Sight] = OrderedDict()
        self._released: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, sight: Sight) -> str:
        """The token of a new sight; older ones make room. The newest stays whatever its size."""
        token = uuid.uuid4().hex
        with self._lock:
            self._sights[token] = sight
            total = sum(kept.bytes for kept in self._sights.values())
            while len(self._sights) > 1 and (len(self._sights) > self._max_sights or total > self._max_bytes):
                total -= self._drop(next(iter(self._released or self._sights)))
        return token

    def get(self, token: str) -> Sight | None:
        with self._lock:
            if token in self._sights:
                self._sights.move_to_end(token)
                self._released.pop(token, None)
            return self._sights.get(token)

    def release(self, token: str) -> None:
        """Nobody shows it any more: it is among the first to go."""
        with self._lock:
            if token in self._sights:
                self._released[token] = None
            while len(self._released) > self._max_released:
                self._drop(next(iter(self._released)))

    def _drop(self, token: str) -> int:
        self._released.pop(token, None)
        return self._sights.pop(token).bytes
