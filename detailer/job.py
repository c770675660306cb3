"""What is given to the model, and what has to take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from .box import Box
from .family import ModelSizes
from .region import Region
from .settings import PaintSettings, SampleSettings


@dataclass(frozen=True, eq=False)
class Job:
    """One region as the model gets it."""

    region: Region
    seed: int
    latent: torch.Tensor
    """[1, C, (T,) h, w]"""
    mask: torch.Tensor
    """[1, 1, (1,) h, w], 1 where the latent is to be repainted"""
    hole: torch.Tensor | None = None
    """The latent of the crop with a grey hole, for inpaint checkpoints."""
    hole_mask: torch.Tensor | None = None
    """[1, 1, (1,) H, W] over the crop, 1 in the hole."""
    picture: torch.Tensor | None = None
    """The crop itself, [1, H, W, 3], for edit models that are shown it."""
    reference: torch.Tensor | None = None
    """The latent of `picture`."""
    denoise: float = 1.0


class Inpainter(Protocol):
    """What repairs crops. Latents are of one crop each, with a leading axis of 1."""

    @property
    def sizes(self) -> ModelSizes:
        """The sizes that crops are sampled at."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What the user should know of what repairs."""
        ...

    @property
    def device(self) -> torch.device | None:
        """Where crops are encoded and decoded, if that is known: large ones are resized there."""
        ...

    @property
    def settings(self) -> SampleSettings:
        """How to sample."""
        ...

    @property
    def paint(self) -> PaintSettings:
        """What to paint from and what to keep."""
        ...

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """[1, H, W, 3] -> latent [1, C, (T,) h, w]."""
        ...

    def sample(self, jobs: Sequence[Job], image: Box) -> list[torch.Tensor | Exception]:
        """The latent of each job, or why it failed; `image` is the whole picture, that prompts may have areas of."""
        ...

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Latent of one crop -> [1, H, W, 3]."""
        ...
