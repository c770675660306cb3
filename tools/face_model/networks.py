"""The two networks, as ComfyUI builds them, and the file they are kept in."""

from __future__ import annotations

from pathlib import Path

import comfy.ops
import numpy as np
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel
from comfy.taesd.taesd import TAESD
from rig.checkpoints.kinds import KINDS
from rig.checkpoints.trained import trained_state_dict
from torch import nn

UNET, VAE = "model.diffusion_model.", "first_stage_model."
UNHEEDED = (".attn2.", ".norm2.")
"""Parts that would heed the prompt: they stay at zero, are never trained, and are not in the file."""
CONTEXT_WIDTH = 768
SETTLED_AT_ZERO = (".out_layers.3.", ".proj_out.", "out.2.")
"""Layers that start at zero, so that every block begins as the identity."""


class Networks:
    """A UNet that predicts eps from latents of 1/8 size, and a VAE of TAESD's layout."""

    def __init__(self, weights: Path | None = None):
        """From a file, or from nothing."""
        self.unet = UNetModel(
            **KINDS["face-sd15"].unet,
            image_size=32,
            out_channels=4,
            use_spatial_transformer=True,
            legacy=False,
            operations=comfy.ops.disable_weight_init,
        )
        self.vae = TAESD(latent_channels=4)
        if weights is None:
            start_afresh(self.unet)
            start_afresh(self.vae)
        else:
            self.load(weights)
        for name, parameter in self.unet.named_parameters():
            parameter.requires_grad_(not any(part in name for part in UNHEEDED))

    def load(self, weights: Path) -> None:
        trained = trained_state_dict(KINDS["face-sd15"].unet, weights)
        for prefix, network in ((UNET, self.unet), (VAE, self.vae)):
            own = {key.removeprefix(prefix): value for key, value in trained.items() if key.startswith(prefix)}
            network.load_state_dict(own)

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """eps of latents [B, 4, h, w] at timesteps [B] of 0 to 999."""
        return self.unet(noisy, timesteps, context=noisy.new_zeros(len(noisy), 1, CONTEXT_WIDTH))

    def save(self, path: Path, unet: nn.Module | None = None, vae: nn.Module | None = None) -> None:
        """As half floats, compressed, whole or not at all; either network may be given in its own place."""
        unet, vae = unet or self.unet, vae or self.vae
        kept = {UNET + key: value for key, value in unet.state_dict().items() if not any(p in key for p in UNHEEDED)}
        kept |= {VAE + key: value for key, value in vae.state_dict().items()}
        halves = {key: value.detach().cpu().half().numpy() for key, value in sorted(kept.items())}
        partial = path.with_suffix(".partial.npz")
        np.savez_compressed(partial, **halves)
        partial.replace(path)


def start_afresh(network: nn.Module) -> None:
    """torch's own first weights, which ComfyUI's layers leave out; zero where `SETTLED_AT_ZERO` or unheeded."""
    for module in network.modules():
        match module:
            case nn.Linear():
                nn.Linear.reset_parameters(module)
            case nn.Conv2d():
                nn.Conv2d.reset_parameters(module)
            case nn.GroupNorm():
                nn.GroupNorm.reset_parameters(module)
            case nn.LayerNorm():
                nn.LayerNorm.reset_parameters(module)
    for name, parameter in network.named_parameters():
        if any(part in f".{name}" for part in (*SETTLED_AT_ZERO, *UNHEEDED)):
            nn.init.zeros_(parameter)
