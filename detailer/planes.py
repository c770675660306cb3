"""Memory for whole images.

On a CPU a new image of 4096 px costs four times as much in page faults as its bytes cost to copy. NumPy asks Linux for
huge pages, which torch does not, and gets zeros without writing them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

CPU = torch.device("cpu")


def zeros(shape: Sequence[int], device: torch.device = CPU) -> torch.Tensor:
    """float32 zeros of a shape."""
    if device.type != "cpu":
        return torch.zeros(*shape, device=device)
    return torch.from_numpy(np.zeros(tuple(shape), np.float32))


def copied(image: torch.Tensor) -> torch.Tensor:
    """A copy of a tensor, in memory of its own."""
    if image.device.type != "cpu":
        return image.clone()
    memory = torch.from_numpy(np.empty(image.numel() * image.element_size(), np.uint8))
    return memory.view(image.dtype).view(image.shape).copy_(image)
