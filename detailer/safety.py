"""Which pictures come too close to a concept that is not wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F

IsUnsafe = Callable[[torch.Tensor], list[bool]]
"""For images [B, H, W, 3], whether each has to be removed."""


class Concepts(NamedTuple):
    """Embeddings [N, D] of unit length, and for each the cosine similarity [N] from which on a picture is removed."""

    embeddings: torch.Tensor
    thresholds: torch.Tensor

    @staticmethod
    def of_tensors(tensors: Mapping[str, torch.Tensor], threshold: float, name: str) -> Concepts:
        """From a file's tensors: `concepts` [N, D] and, if it has them, `thresholds` [N]; ValueError names the file."""
        embeddings = tensors.get("concepts")
        if embeddings is None or embeddings.ndim != 2:
            raise ValueError(
                f"{name} is not a concept file: it needs a tensor `concepts` of shape [concepts, channels]."
            )
        thresholds = tensors.get("thresholds", torch.full((len(embeddings),), threshold))
        if thresholds.shape != (len(embeddings),):
            raise ValueError(
                f"{name} has {len(embeddings)} concepts and {thresholds.numel()} thresholds: give one each."
            )
        return Concepts(F.normalize(embeddings.float(), dim=1), thresholds.float())

    def hit_by(self, embeddings: torch.Tensor, name: str) -> list[bool]:
        """Whether each picture, by its embedding [B, D], reaches the threshold of any concept."""
        if embeddings.shape[1] != self.embeddings.shape[1]:
            raise ValueError(
                f"{name} was made for a CLIP vision model of {self.embeddings.shape[1]} channels, and the one wired in "
                f"has {embeddings.shape[1]}: use the model the file was made with."
            )
        similarity = F.normalize(embeddings.float().cpu(), dim=1) @ self.embeddings.T
        return (similarity >= self.thresholds).any(1).tolist()
