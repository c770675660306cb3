"""Snapshots of what nodes saw in their last runs, by token, within bounds."""

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

MAX_SNAPSHOTS, MAX_BYTES = 64, 256 * 2**20
MAX_RELEASED = 4
"""Of removed nodes, the last so many: undo, or a run that ComfyUI takes from its cache, may bring them back."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One run of one node. Pictures are uint8 [H, W, 3], one per image."""

    node: Any
    """The node's class."""
    widgets: Mapping[str, Any]
    detections: Detections
    """Before anything was selected."""
    before: Sequence[torch.Tensor]
    after: Sequence[torch.Tensor] = ()
    inside: torch.Tensor | None = None
    """The masks [B or 1, H, W] that objects had to lie in."""
    model: ModelSizes | None = None
    """The sizes of the wired model, where there is one."""

    @property
    def bytes(self) -> int:
        """Memory that it holds."""
        masks = (d.mask.values for found in self.detections.images for d in found if d.mask is not None)
        tensors = [*self.before, *self.after, *masks, *([] if self.inside is None else [self.inside])]
        return sum(tensor.nbytes for tensor in tensors)


class SnapshotStore:
    """The most recently used snapshots. Any thread may use it."""

    def __init__(
        self, max_snapshots: int = MAX_SNAPSHOTS, max_bytes: int = MAX_BYTES, max_released: int = MAX_RELEASED
    ):
        self._max_snapshots, self._max_bytes, self._max_released = max_snapshots, max_bytes, max_released
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()
        self._released: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, snapshot: Snapshot) -> str:
        """The token of a new snapshot; older ones make room. The newest stays whatever its size."""
        token = uuid.uuid4().hex
        with self._lock:
            self._snapshots[token] = snapshot
            total = sum(stored.bytes for stored in self._snapshots.values())
            while len(self._snapshots) > 1 and (len(self._snapshots) > self._max_snapshots or total > self._max_bytes):
                total -= self._drop(next(iter(self._released or self._snapshots)))
        return token

    def get(self, token: str) -> Snapshot | None:
        """What was kept under a token; None once it is forgotten."""
        with self._lock:
            if token in self._snapshots:
                self._snapshots.move_to_end(token)
                self._released.pop(token, None)
            return self._snapshots.get(token)

    def release(self, token: str) -> None:
        """Nobody shows it any more: it is among the first to go."""
        with self._lock:
            if token in self._snapshots:
                self._released[token] = None
            while len(self._released) > self._max_released:
                self._drop(next(iter(self._released)))

    def _drop(self, token: str) -> int:
        self._released.pop(token, None)
        return self._snapshots.pop(token).bytes
