"""Depth Anything 3 with random weights. ComfyUI fixes the width and depth of its backbone; only the head is narrow."""

import comfy.ops
import torch
from comfy.ldm.depth_anything_3.model import DepthAnything3Net

from ..checkpoints.random_tensors import RandomTensors, random_state_dict

BACKBONE, BACKBONE_WIDTH, OUT_LAYERS = "vits", 384, (5, 7, 9, 11)
HEAD_WIDTH = 16


def depth_anything_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    net = DepthAnything3Net(
        backbone_name=BACKBONE,
        out_layers=OUT_LAYERS,
        head_dim_in=BACKBONE_WIDTH,
        head_features=HEAD_WIDTH,
        head_out_channels=(HEAD_WIDTH,) * 4,
        device="meta",
        operations=comfy.ops.disable_weight_init,
    )
    return random_state_dict(net, random)
