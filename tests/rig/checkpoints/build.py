"""A whole checkpoint: UNet, text encoders and VAE. Imports ComfyUI; run it through `python -m rig.checkpoints`."""

import os
from pathlib import Path

import safetensors.torch
import torch

from .kinds import KINDS, Kind
from .kl_layout import kl_state_dict
from .linear_layout import linear_state_dict
from .linear_vae import load_linear_vae
from .random_tensors import RandomTensors, shrink_zeros
from .taesd_layout import taesd_state_dict
from .text_encoder import text_encoder_state_dict
from .trained import trained_state_dict
from .unet import unet_state_dict

VAE_PREFIX = "first_stage_model."


def checkpoint(name: str, seed: int = 0, dtype: torch.dtype = torch.float16) -> dict[str, torch.Tensor]:
    """State dict of one of KINDS; the same for the same name, seed and dtype."""
    kind, random = KINDS[name], RandomTensors(seed, dtype)
    sd = {} if kind.vae == "trained" else unet_state_dict(kind.unet, kind.randomness, random)
    for encoder in kind.text_encoders:
        sd |= text_encoder_state_dict(encoder, random)
    sd = {key: tensor.to(dtype) for key, tensor in sd.items()}
    if kind.vae == "trained":
        return sd | trained_state_dict(kind.unet)
    # the VAE stays float32: half would cost it 10 dB
    return sd | {VAE_PREFIX + key: tensor for key, tensor in vae_state_dict(kind, random).items()}


def vae_state_dict(kind: Kind, random: RandomTensors) -> dict[str, torch.Tensor]:
    vae = load_linear_vae()
    match kind.vae:
        case "taesd":
            return taesd_state_dict(vae, kind.latent_scale)
        case "linear":
            return linear_state_dict(vae, kind.latent_scale)
        case _:
            return kl_state_dict(vae, kind.latent_scale, random)


def save(sd: dict[str, torch.Tensor], path: Path) -> None:
    """Write a checkpoint whole or not at all; .ckpt is small and strided, .safetensors is dense."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # another process may be making the same
    if path.suffix == ".safetensors":
        safetensors.torch.save_file({key: tensor.contiguous().clone() for key, tensor in sd.items()}, partial)
    else:
        with partial.open("wb") as file:  # given a path, torch.save writes its name into the file
            torch.save({"state_dict": {key: shrink_zeros(tensor) for key, tensor in sd.items()}}, file)
    partial.replace(path)
