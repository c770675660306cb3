"""The linear autoencoder as it is, for the VAE of the nano_models extension."""

import torch

from .linear_vae import LinearVAE


def linear_state_dict(vae: LinearVAE, scale: float) -> dict[str, torch.Tensor]:
    """State dict for nano_models' VAE; `scale` is the latent format's."""
    sd = {
        "taesd_encoder.0.weight": vae.encode_patches,
        "taesd_encoder.1.weight": vae.encode_mix,
        "taesd_encoder.1.bias": torch.zeros(4),
        "taesd_decoder.8.bias": vae.bias,
        "vae_scale": torch.tensor(scale),
    }
    return sd | {f"taesd_decoder.{layer}.weight": w for layer, w in zip((1, 3, 5, 7, 8), vae.decode, strict=True)}
