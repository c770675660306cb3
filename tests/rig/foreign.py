"""Model files made of others: a VAE out of its checkpoint, and a LoRA for models of another family."""

from pathlib import Path

import torch
from safetensors.torch import load_file

VAE_PREFIX = "first_stage_model."


def vae_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint's VAE as a file of its own holds them."""
    tensors = torch.load(checkpoint, weights_only=True)["state_dict"]
    return {
        name.removeprefix(VAE_PREFIX): tensor.contiguous().clone()
        for name, tensor in tensors.items()
        if name.startswith(VAE_PREFIX)
    }


def twice_as_wide(lora: Path) -> dict[str, torch.Tensor]:
    """A LoRA's tensors for layers of twice the width."""
    sides = {"lora_up": 0, "lora_down": 1}
    tensors = {}
    for name, tensor in load_file(lora).items():
        side = sides.get(name.split(".")[1])
        tensors[name] = tensor if side is None else torch.cat([tensor, tensor], side)
    return tensors
