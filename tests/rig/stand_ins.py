"""What stands in for a model where its own time and memory are not measured."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from afterdetail.detailer.box import Box
from afterdetail.detailer.family import SD15, ModelSizes
from afterdetail.detailer.job import Job
from afterdetail.detailer.settings import PaintSettings, SampleSettings


class Nothing:
    """An inpainter that darkens crops; its latents have a real one's size."""

    sizes = ModelSizes(SD15, 8)
    paint = PaintSettings()
    settings = SampleSettings()
    notes = ()

    def __init__(self, device: torch.device | None = None):
        self.device = device

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        cells = F.avg_pool2d(pixels.movedim(-1, 1), 8)
        return torch.cat([cells, cells[:, :1]], 1)

    def sample(self, jobs: Sequence[Job], image: Box) -> list[torch.Tensor | Exception]:
        return [job.latent * 0.9 for job in jobs]

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        return F.interpolate(latent[:, :3], scale_factor=8.0).movedim(1, -1)
