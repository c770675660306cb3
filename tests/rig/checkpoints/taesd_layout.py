"""The linear autoencoder in the layout of TAESD, which any ComfyUI loads and runs on the CPU in under a second."""

import comfy.taesd.taesd
import torch

from .linear_vae import LinearVAE
from .signed_convolutions import (
    after_two_space_to_depths,
    from_signed_pairs,
    identity_kernel,
    place,
    space_to_depth_kernel,
    to_signed_pairs,
)

# TAESD clamps latents softly at +-3 (tanh), so latents are kept small inside and rescaled by vae_scale.
INSIDE_STD = 0.05


def taesd_state_dict(vae: LinearVAE, scale: float, shift: float = 0.0, copies: int = 1) -> dict[str, torch.Tensor]:
    """State dict for comfy.taesd.taesd.TAESD(latent_channels=4 * copies).

    scale, shift: those of the latent format; the file's latents have standard deviation 1 / scale about shift.
    copies: how often the four channels are repeated; decoding takes their mean.
    """
    sd = {k: torch.zeros_like(t) for k, t in comfy.taesd.taesd.TAESD(latent_channels=4 * copies).state_dict().items()}
    _fill_encoder(sd, vae, copies)
    _fill_decoder(sd, vae, copies)
    sd["vae_scale"] = torch.tensor(INSIDE_STD * scale)
    sd["vae_shift"] = torch.tensor(shift)
    return sd


def _fill_encoder(sd: dict[str, torch.Tensor], vae: LinearVAE, copies: int) -> None:
    layer = "taesd_encoder.{}.weight".format
    place(sd[layer(0)], identity_kernel(3))  # TAESD's pixels are 0..1, on which ReLU is the identity
    place(sd[layer(2)], space_to_depth_kernel(3, first_tap=1))
    place(sd[layer(6)], space_to_depth_kernel(12, first_tap=1))
    patches = torch.zeros(16, 48, 3, 3)
    patches[:, :, 1:, 1:] = after_two_space_to_depths(vae.encode_patches) * 2  # -1..1 is 2 x - 1
    place(sd[layer(10)], to_signed_pairs(patches))
    # the "- 1" as a bias: after the convolution, where padding cannot make a border of it
    minus_one = -vae.encode_patches.sum((1, 2, 3))
    sd["taesd_encoder.11.conv.4.bias"][:32] = to_signed_pairs(minus_one[:, None])[:, 0]
    place(sd[layer(14)], from_signed_pairs(vae.encode_mix).repeat(copies, 1, 1, 1) * INSIDE_STD)


def _fill_decoder(sd: dict[str, torch.Tensor], vae: LinearVAE, copies: int) -> None:
    layer = "taesd_decoder.{}.weight".format
    first, *middle, last = vae.decode
    place(sd[layer(1)], to_signed_pairs(first.repeat(1, copies, 1, 1) / copies / INSIDE_STD))
    for index, weight in zip((7, 12, 17), middle, strict=True):
        place(sd[layer(index)], to_signed_pairs(from_signed_pairs(weight)))
    place(sd[layer(19)], from_signed_pairs(last) / 2)
    sd["taesd_decoder.19.bias"] = vae.bias / 2 + 0.5
