"""The picture that patches are pasted on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import torch

from .crop import accumulate, paste
from .planes import copied
from .region import Region


class Composite:
    """The [B, H, W, C] images with patches over them; a copy is made when the first one comes.

    Patches are pasted in the order of the regions, whichever is ready first, so that of two overlapping objects the
    later one lies on top. A patch waits only for earlier regions of its own image. Large ones are resized on `device`.
    """

    def __init__(
        self, original: torch.Tensor, alpha: torch.Tensor, regions: Sequence[Region], device: torch.device | None = None
    ):
        self.original, self.image, self.alpha, self.device = original, original, alpha, device
        self._order: dict[int, deque[Region]] = {}
        for region in regions:
            self._order.setdefault(region.image_index, deque()).append(region)
        self._ready: dict[Region, torch.Tensor | None] = {}

    def settle(self, region: Region, patch: torch.Tensor | None) -> None:
        """Take the patch [1, h, w, 3] of a region, or None for nothing, and paste all that can be pasted by now."""
        self._ready[region] = patch
        order = self._order[region.image_index]
        while order and order[0] in self._ready:
            first = order.popleft()
            ready = self._ready.pop(first)
            if ready is not None:
                self._paste(ready, first)

    def _paste(self, patch: torch.Tensor, region: Region) -> None:
        if self.image is self.original:
            self.image = copied(self.original)
        paste(self.image[region.image_index], patch, region, self.device)
        accumulate(self.alpha[region.image_index], region)
