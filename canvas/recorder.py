"""Recording what nodes saw, so that the canvas can show it and try other widget values on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import folder_paths
import torch
from server import PromptServer

from ..nodes.overlay import COLORS
from ..nodes.watching import NodeRun
from .side_by_side import is_shown, side_by_side
from .snapshots import Snapshot, SnapshotStore

LOWEST_CONFIDENCE = 0.1
"""How far down the confidence slider works without a new run, for detectors that allow it."""
PICTURE_SIDE = 1024
MAX_PICTURES = 16
"""Of a batch, the first so many images are kept for the canvas."""
HEX_COLORS = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in COLORS]
"""Of objects, by their numbers."""


class Recorder:
    """A watcher of nodes that keeps their runs while whoever queued the running prompt listens.

    Headless runs keep and pay for nothing.
    """

    def __init__(self, snapshots: SnapshotStore):
        self._snapshots = snapshots

    def lowest_confidence(self) -> float | None:
        """Lower than asked while a page is open, so that its slider works without a new run."""
        return LOWEST_CONFIDENCE if _is_watched() else None

    def record(self, run: NodeRun) -> dict[str, list]:
        """Keep a snapshot of a run; the part of its UI output that tells the canvas where it is."""
        if not _is_watched():
            return {}
        simple = {name: value for name, value in run.widgets.items() if isinstance(value, (bool, int, float, str))}
        before = pictures(run.image)
        after = () if run.result is None else before if run.result is run.image else pictures(run.result)
        inside = None if run.inside is None else run.inside.cpu()  # a GPU's memory is not for keeping
        token = self._snapshots.put(Snapshot(run.node, simple, run.detections, before, after, inside, run.model))
        entry = {"token": token, "shown": len(before), "painted": bool(after)}
        size = {"width": run.image.shape[2], "height": run.image.shape[1]}
        ui = {"afterdetail": [entry | size | {"widgets": simple, "colors": HEX_COLORS}]}
        if after and run.result is not run.image and is_shown(_running(), _id_of(run)):
            ui |= side_by_side(Path(folder_paths.get_temp_directory()), token, before, after)
        return ui


def _is_watched() -> bool:
    """Whether whoever queued the running prompt listens."""
    server = getattr(PromptServer, "instance", None)
    return server is not None and server.client_id in server.sockets


def _running() -> list[tuple[Any, ...]]:
    return list(PromptServer.instance.prompt_queue.currently_running.values())


def _id_of(run: NodeRun) -> str:
    return str(run.node.hidden.unique_id) if run.node.hidden else ""


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
