"""A LoRA for nano-sd15, named as kohya's trainer names it: UNet attention, UNet output, and text encoder."""

import torch

from ..checkpoints.kinds import NANO_MODEL_CHANNELS, NANO_TEXT_LAYERS
from ..checkpoints.random_tensors import RandomTensors

RANK = 4
EFFECT = 0.7  # standard deviation of the change, as a share of the weight's own


def lora_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    width = NANO_MODEL_CHANNELS
    attention = "lora_unet_middle_block_1_transformer_blocks_0_attn2"
    layer = f"lora_te_text_model_encoder_layers_{NANO_TEXT_LAYERS - 1}"
    targets = {
        f"{attention}_to_q": (width, width),
        f"{attention}_to_k": (width, 768),
        f"{attention}_to_v": (width, 768),
        f"{attention}_to_out_0": (width, width),
        "lora_unet_out_2": (4, width, 3, 3),
        f"{layer}_mlp_fc1": (4 * 768, 768),
    }
    sd = {}
    for name, (outputs, *inputs) in targets.items():
        kernel = [1] * (len(inputs) - 1)
        sd[f"{name}.lora_down.weight"] = random((RANK, *inputs))
        sd[f"{name}.lora_up.weight"] = random((outputs, RANK, *kernel)) * EFFECT
        sd[f"{name}.alpha"] = torch.tensor(float(RANK))
    return sd
