"""The state dict behind each name of MODELS. Imports ComfyUI; run it through `python -m rig.models`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from ..checkpoints.kinds import CLIP_L_SD15, LATENT_SCALE_SD15
from ..checkpoints.kl_layout import kl_state_dict
from ..checkpoints.linear_vae import load_linear_vae
from ..checkpoints.random_tensors import RandomTensors
from ..checkpoints.taesd_layout import taesd_state_dict
from ..checkpoints.text_encoder import text_encoder_state_dict
from .clip_vision import clip_vision_state_dict
from .controlnet import controlnet_state_dict
from .depth_anything import depth_anything_state_dict
from .embedding import embedding_state_dict
from .face_landmarker import face_landmarker_state_dict
from .lora import lora_state_dict
from .photomaker import photomaker_state_dict
from .rtdetr import rtdetr_state_dict
from .sd3 import sd3_checkpoint
from .upscale import upscale_state_dict
from .wan import wan_state_dict
from .wan_vae import wan_vae_state_dict

LATENT_SCALE_FLUX, LATENT_SHIFT_FLUX = 0.3611, 0.1159  # comfy/latent_formats.py, Flux


def sd15_vae_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    return kl_state_dict(load_linear_vae(), LATENT_SCALE_SD15, random)


def flux_vae_state_dict(_: RandomTensors) -> dict[str, torch.Tensor]:
    return taesd_state_dict(load_linear_vae(), LATENT_SCALE_FLUX, LATENT_SHIFT_FLUX, copies=4)


def clip_l_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    return text_encoder_state_dict(replace(CLIP_L_SD15, prefix=""), random)


BUILDERS: dict[str, Callable[[RandomTensors], dict[str, torch.Tensor]]] = {
    "tiny-sd3": sd3_checkpoint,
    "tiny-wan": wan_state_dict,
    "tiny-wan-vae": wan_vae_state_dict,
    "tiny-flux-vae": flux_vae_state_dict,
    "sd15-vae": sd15_vae_state_dict,
    "clip-l": clip_l_state_dict,
    "nano-sd15-controlnet": partial(controlnet_state_dict, "nano-sd15"),
    "nano-sdxl-controlnet": partial(controlnet_state_dict, "nano-sdxl"),
    "pico-sdxl-controlnet": partial(controlnet_state_dict, "pico-sdxl"),
    "nano-sd15-lora": lora_state_dict,
    "sd15-embedding": embedding_state_dict,
    "depth-anything": depth_anything_state_dict,
    "photomaker": photomaker_state_dict,
    "clip-vision": clip_vision_state_dict,
    "upscale-2x": upscale_state_dict,
    "face-landmarker": face_landmarker_state_dict,
    "rtdetr": rtdetr_state_dict,
}


def state_dict(name: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """State dict of a model; matrices are in half precision, what autoencoders and upscaler are built from is not."""
    return BUILDERS[name](RandomTensors(seed, torch.float16))
