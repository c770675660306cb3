"""A 2x upscaler in the layout of Real-ESRGAN Compact: nearest upsampling, on which it adds a slight sharpening."""

import torch

from ..checkpoints.random_tensors import RandomTensors
from ..checkpoints.signed_convolutions import identity_kernel, place, to_signed_pairs

FEATURES = 6
SCALE = 2
SHARPENING = 0.2


def upscale_state_dict(_: RandomTensors) -> dict[str, torch.Tensor]:
    """body: convolution, PReLU (slope 1: no nonlinearity), convolution to SCALE**2 sub-pixels per colour."""
    pixels = torch.zeros(FEATURES, 3, 3, 3)
    place(pixels, to_signed_pairs(identity_kernel(3)))
    high_pass = torch.full((3, 3), -1 / 9)
    high_pass[1, 1] += 1
    sub_pixels = torch.zeros(3 * SCALE**2, FEATURES, 3, 3)
    for row in range(len(sub_pixels)):
        sub_pixels[row, row // SCALE**2 * 2] = SHARPENING * high_pass
    return {
        "body.0.weight": pixels,
        "body.0.bias": torch.zeros(FEATURES),
        "body.1.weight": torch.ones(FEATURES),
        "body.2.weight": sub_pixels,
        "body.2.bias": torch.zeros(len(sub_pixels)),
    }
