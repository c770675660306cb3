"""The smallest checkpoint that ComfyUI detects as SD3: a DiT of one block, a 16-channel VAE, and CLIP-L alone.

ComfyUI gives a DiT 64 channels per block, so one block makes it 64 wide; without CLIP-G and T5 the conditioning is
padded to its full (1, 77, 4096).
"""

from dataclasses import replace

import comfy.ops
import torch
from comfy.ldm.modules.diffusionmodules.mmdit import MMDiT

from ..checkpoints.kinds import CLIP_L_SD15
from ..checkpoints.linear_vae import load_linear_vae
from ..checkpoints.random_tensors import RandomTensors, random_state_dict
from ..checkpoints.taesd_layout import taesd_state_dict
from ..checkpoints.text_encoder import text_encoder_state_dict

WIDTH = 64
POSITIONS = 192  # per side, as in SD3 medium; pictures up to 3072 px
GAIN = 0.5
LATENT_SCALE, LATENT_SHIFT = 1.5305, 0.0609  # comfy/latent_formats.py, SD3


def sd3_checkpoint(random: RandomTensors) -> dict[str, torch.Tensor]:
    context = {"in_features": 4096, "out_features": WIDTH}
    net = MMDiT(
        depth=1,
        in_channels=16,
        adm_in_channels=2048,
        context_embedder_config={"target": "torch.nn.Linear", "params": context},
        pos_embed_max_size=POSITIONS,
        device="meta",
        operations=comfy.ops.disable_weight_init,
    )
    dit = random_state_dict(net, random, GAIN)
    dit["pos_embed"] = torch.zeros(1, POSITIONS**2, WIDTH)
    vae = taesd_state_dict(load_linear_vae(), LATENT_SCALE, LATENT_SHIFT, copies=4)
    return {
        **{f"model.diffusion_model.{key}": weight for key, weight in dit.items()},
        **text_encoder_state_dict(replace(CLIP_L_SD15, prefix="text_encoders.clip_l.transformer."), random),
        **{f"first_stage_model.{key}": weight for key, weight in vae.items()},
    }
