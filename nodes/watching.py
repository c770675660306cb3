"""Who watches the nodes at work: nobody, until the composition root names a watcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from comfy_api.latest import io

from ..detailer.detection import Detections
from ..detailer.family import ModelSizes


@dataclass(frozen=True, eq=False)
class NodeRun:
    """What one run of one node worked on. Images are [B, H, W, C]."""

    node: type[io.ComfyNode]
    widgets: Mapping[str, Any]
    detections: Detections
    """Before anything was selected."""
    image: torch.Tensor
    result: torch.Tensor | None = None
    """None where the node repaints nothing."""
    inside: torch.Tensor | None = None
    """The masks [B or 1, H, W] that objects had to lie in."""
    model: ModelSizes | None = None
    """The sizes of the wired model, where there is one."""


class Watcher(Protocol):
    def lowest_confidence(self) -> float | None:
        """Down to which score a detector should report objects for the watcher's sake; None for the user's own."""
        ...

    def record(self, run: NodeRun) -> dict[str, list]:
        """Keep a run; returns what the node's UI output says about it."""
        ...


_watcher: Watcher | None = None


def watch(watcher: Watcher) -> None:
    """Let `watcher` see every run from now on."""
    global _watcher
    _watcher = watcher


def lowest_confidence() -> float | None:
    """Down to where the canvas wants to see objects; None where nobody watches."""
    return _watcher.lowest_confidence() if _watcher else None


def record(run: NodeRun) -> dict[str, list]:
    """Hand what a node saw to the canvas; returns what belongs into the node's UI output."""
    return _watcher.record(run) if _watcher else {}
