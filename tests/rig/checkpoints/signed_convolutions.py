"""How a linear map is written into convolutions that have ReLU or SiLU between them, or only 3x3 kernels."""

import torch


def to_signed_pairs(weight: torch.Tensor) -> torch.Tensor:
    """(O, I, h, w) -> (2 O, I, h, w): output o becomes channels 2o and 2o + 1, with opposite signs."""
    return torch.stack([weight, -weight], 1).flatten(0, 1)


def from_signed_pairs(weight: torch.Tensor) -> torch.Tensor:
    """(O, I, h, w) -> (O, 2 I, h, w): reads such pairs back; relu(x) - relu(-x) = x, and so for SiLU."""
    return torch.stack([weight, -weight], 2).flatten(1, 2)


def place(into: torch.Tensor, weight: torch.Tensor) -> None:
    """Write `weight` over the first rows and columns of `into`."""
    into[: weight.shape[0], : weight.shape[1]] = weight


def identity_kernel(channels: int) -> torch.Tensor:
    """3x3 kernel that copies its input."""
    weight = torch.zeros(channels, channels, 3, 3)
    weight[range(channels), range(channels), 1, 1] = 1
    return weight


def space_to_depth_kernel(channels: int, first_tap: int) -> torch.Tensor:
    """3x3 kernel (C -> 4 C), for stride 2, that copies each 2x2 block of pixels.

    first_tap: row and column of the tap over the block's first pixel; 1 with padding on both sides (TAESD), 0 with
    padding at the right and bottom only (AutoencoderKL). Channel order of the result: (row, column, channel).
    """
    weight = torch.zeros(4 * channels, channels, 3, 3)
    for row in range(2):
        for column in range(2):
            first = (row * 2 + column) * channels
            for c in range(channels):
                weight[first + c, c, first_tap + row, first_tap + column] = 1
    return weight


def after_two_space_to_depths(weight: torch.Tensor) -> torch.Tensor:
    """(F, 3, 8, 8) with stride 8 -> (F, 48, 2, 2) with stride 2, over what two space-to-depth steps give of RGB."""
    features = weight.shape[0]
    # 8 rows = (tap, second block, first block), the same for columns
    blocks = weight.reshape(features, 3, 2, 2, 2, 2, 2, 2)
    # -> feature, second block (row, column), first block (row, column), colour, tap (row, column)
    return blocks.permute(0, 3, 6, 4, 7, 1, 2, 5).reshape(features, 48, 2, 2)
