"""From the last node of a job's graph to the request that waits for it: results pass in memory.

No file of a result is ever written where others could find it, so whatever ends a job leaves none behind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import torch
from PIL import Image

_awaited: dict[str, list[Image.Image]] = {}
"""By ticket."""


@contextmanager
def awaited(tickets: Collection[str]) -> Iterator[Mapping[str, list[Image.Image]]]:
    """The pictures that are handed over under each of these tickets meanwhile, and not before or after."""
    mine: dict[str, list[Image.Image]] = {ticket: [] for ticket in tickets}
    _awaited.update(mine)
    try:
        yield mine
    finally:
        for ticket in mine:
            _awaited.pop(ticket, None)


def hand_over(ticket: str, images: torch.Tensor) -> None:
    """Give images [N, H, W, 3], 0..1, to whoever holds the ticket. ValueError if nobody does."""
    taker = _awaited.get(ticket)
    if taker is None:
        raise ValueError(f"No request waits for the result {ticket!r}. Use Preview Image or Save Image instead.")
    taker.extend(Image.fromarray(_bytes_of(image).numpy()) for image in images)


def _bytes_of(image: torch.Tensor) -> torch.Tensor:
    """As ComfyUI's own nodes round when they write a file."""
    return image.float().mul(255).clamp_(0, 255).to(device="cpu", dtype=torch.uint8)
