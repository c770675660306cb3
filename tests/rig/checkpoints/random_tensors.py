"""Random weights that are small on disk and full-sized in memory."""

import math

import torch


class RandomTensors:
    """Draws weights as overlapping strided views of short random vectors, which torch.save stores as the vectors."""

    def __init__(self, seed: int, dtype: torch.dtype):
        self._generator = torch.Generator().manual_seed(seed)
        self.dtype = dtype

    def __call__(self, shape: tuple[int, ...], std: float | None = None, row_stride: int = 3) -> torch.Tensor:
        """A matrix or convolution weight (rows first); std is 1 / sqrt(inputs per row) when left out.

        Row i starts `row_stride` numbers after row i - 1: rows are different, entries along a diagonal repeat.
        """
        columns = math.prod(shape[1:])
        if std is None:
            std = 1 / math.sqrt(columns)
        vector = torch.randn((shape[0] - 1) * row_stride + columns, generator=self._generator) * std
        inner = [math.prod(shape[axis + 1 :]) for axis in range(1, len(shape))]
        return vector.to(self.dtype).as_strided(shape, (row_stride, *inner))


def random_state_dict(net: torch.nn.Module, random: RandomTensors, gain: float = 1.0) -> dict[str, torch.Tensor]:
    """Random weights for any module, also one on the meta device: norms are 1, biases 0, matrices drawn."""
    return {key: random_weight(key, tuple(t.shape), random, gain) for key, t in net.state_dict().items()}


def random_weight(key: str, shape: tuple[int, ...], random: RandomTensors, gain: float = 1.0) -> torch.Tensor:
    if len(shape) > 1:
        return random(shape, gain / math.sqrt(math.prod(shape[1:])))
    return torch.ones(shape) if key.endswith(".weight") else torch.zeros(shape)


def shrink_zeros(tensor: torch.Tensor) -> torch.Tensor:
    """The same zeros as one expanded number, which costs nothing on disk; any other tensor as it is."""
    if tensor.numel() > 1 and not bool(tensor[:1].any()) and not bool(tensor.any()):
        return torch.zeros(1, dtype=tensor.dtype).expand(tensor.shape)
    return tensor
