"""RT-DETR v4 with random weights. Its backbone and decoder are fixed; only the encoder can be narrow."""

import comfy.ops
import torch
from comfy.ldm.rt_detr.rtdetr_v4 import RTv4

from ..checkpoints.random_tensors import RandomTensors, random_weight

ENCODER_WIDTH = 32


def rtdetr_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    net = RTv4(enc_h=ENCODER_WIDTH, device="meta", dtype=torch.float16, operations=comfy.ops.disable_weight_init)
    return {key: weight(key, tensor, random) for key, tensor in net.state_dict().items()}


def weight(key: str, tensor: torch.Tensor, random: RandomTensors) -> torch.Tensor:
    """Random, but for what is no weight: that has its values without a file too."""
    if not tensor.is_meta:
        return tensor
    if key.endswith("running_var"):
        return torch.ones(tensor.shape)
    return random_weight(key, tuple(tensor.shape), random)
