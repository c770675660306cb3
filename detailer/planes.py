"""Memory for whole images.

On a CPU a new image of 4096 px costs four times as much in page faults as its bytes cost to copy. NumPy asks Linux for
huge pages, which torch does not, and gets zeros without writing them. Frames of a clip may need more than there is:
they lie in a temporary file then, which the system writes and drops from memory as it needs to.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

log = logging.getLogger("afterdetail")

CPU = torch.device("cpu")

LARGE = 2**30
"""Bytes below which nothing is put on disk, nor asked how much memory is free."""

SHARE = 0.5
"""Of the free memory: what takes more is put on disk, so that the nodes after this one have room for their own."""

FOLDER = os.environ.get("TMPDIR") or next((str(path) for path in [Path("/var/tmp")] if path.is_dir()), None)
"""Where; None for Python's own choice. /tmp often lies in memory itself."""


def zeros(shape: Sequence[int], device: torch.device = CPU) -> torch.Tensor:
    """float32 zeros of a shape."""
    if device.type != "cpu":
        return torch.zeros(*shape, device=device)
    return torch.from_numpy(_zero_bytes(4 * math.prod(shape)).view(np.float32)).view(*shape)


def copied(image: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor, in memory of its own."""
    if image.device.type != "cpu":
        return image.clone()
    memory = torch.from_numpy(_zero_bytes(image.numel() * image.element_size()))
    return memory.view(image.dtype).view(image.shape).copy_(image)


def _zero_bytes(count: int) -> np.ndarray:
    if count >= LARGE and count > SHARE * _free_memory():
        try:
            return _on_disk(count)
        except OSError as error:
            log.warning("%.0f GB do not fit into %s either: %s", count / 1e9, FOLDER or tempfile.gettempdir(), error)
    return np.zeros(count, np.uint8)


def _on_disk(count: int) -> np.ndarray:
    """Zeros in a file without a name, which is gone with them; OSError where there is no room for it."""
    with tempfile.TemporaryFile(dir=FOLDER) as file:
        if hasattr(os, "posix_fallocate"):  # a disk that is full later ends the process
            os.posix_fallocate(file.fileno(), 0, count)
        else:
            file.truncate(count)
        return np.memmap(file, np.uint8, "r+", shape=(count,))


def _free_memory() -> int:
    """Bytes that can be had without swapping."""
    import psutil  # comes with ComfyUI; the core runs without it

    return psutil.virtual_memory().available
