"""The smallest model that ComfyUI detects as Wan 2.1 text-to-video: one block, one head, 128 wide."""

import comfy.ops
import torch
from comfy.ldm.wan.model import WanModel

from ..checkpoints.random_tensors import RandomTensors, random_state_dict

WIDTH = 128  # ComfyUI gives Wan a head per 128 channels
GAIN = 0.5


def wan_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    operations = comfy.ops.disable_weight_init
    net = WanModel(dim=WIDTH, ffn_dim=WIDTH, num_heads=1, num_layers=1, device="meta", operations=operations)
    return random_state_dict(net, random, GAIN)
