"""Before and after side by side, for ComfyUI's App mode, whose result area shows pictures and one at a time.

Of two pictures its front ends 1.47 and 1.58 show the one of the node that ran last, or of the highest id: a detailer,
which runs before its picture is saved and has the lower id, comes second to the saved one. Of core's Compare Images
they make two more pictures and no slider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

KEY = "before_after"
"""In a node's UI output; under `images` ComfyUI would draw them on the node."""
GAP = 8
"""Pixels between the two."""


def is_shown(running: Iterable[Sequence[Any]], node_id: str) -> bool:
    """Whether the result area of an app shows this node; `running` are items of ComfyUI's queue."""
    return any(node_id in map(str, _outputs(item[3])) for item in running)


def _outputs(extra_data: Mapping[str, Any]) -> Sequence[Any]:
    """Ids of the nodes that the workflow of a queued prompt shows as an app; it may have come without a workflow."""
    workflow = (extra_data.get("extra_pnginfo") or {}).get("workflow") or {}
    return ((workflow.get("extra") or {}).get("linearData") or {}).get("outputs") or ()


def side_by_side(
    folder: Path, name: str, before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]
) -> dict[str, list]:
    """Write pairs of pictures, uint8 [H, W, 3], into ComfyUI's temporary folder; the UI output that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for at, (left, right) in enumerate(zip(before, after, strict=True)):
        gap = np.full((left.shape[0], GAP, 3), 255, np.uint8)
        file = folder / f"afterdetail-{name}-{at}.png"
        Image.fromarray(np.concatenate([left.numpy(), gap, right.numpy()], axis=1)).save(file, compress_level=1)
        entries.append({"filename": file.name, "subfolder": "", "type": "temp"})
    return {KEY: entries}
