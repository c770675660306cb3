"""A ControlNet for a nano checkpoint, as detected through the nano_models extension."""

import comfy.ops
import torch
from comfy.cldm.cldm import ControlNet

from ..checkpoints.kinds import KINDS
from ..checkpoints.random_tensors import RandomTensors, random_weight

GAINS = {
    "input_hint_block.": 2.0,  # the hint passes seven SiLUs, each of which halves it
    "zero_convs.": 0.3,  # training starts these from zero
    "middle_block_out.": 0.3,
}


def controlnet_state_dict(kind: str, random: RandomTensors) -> dict[str, torch.Tensor]:
    config = {k: v for k, v in KINDS[kind].unet.items() if k != "transformer_depth_output"}
    net = ControlNet(
        **config,
        image_size=32,
        hint_channels=3,
        use_spatial_transformer=True,
        legacy=False,
        device="meta",
        operations=comfy.ops.disable_weight_init,
    )
    sd = {}
    for key, weight in net.state_dict().items():
        gain = next((gain for prefix, gain in GAINS.items() if key.startswith(prefix)), 1.0)
        sd[f"control_model.{key}"] = random_weight(key, tuple(weight.shape), random, gain)
    return sd
