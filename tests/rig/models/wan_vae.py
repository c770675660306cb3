"""The linear autoencoder in the layout of Wan 2.1's video VAE: 16 channels, 8x in space, 4x in time.

Residual and attention branches add nothing, and convolutions over time see the current frame only. Before each last
normalisation some channels hold large constants, so RMS norm is a nearly fixed scaling of the +- pairs, and
SiLU(x) - SiLU(-x) = x.
"""

import math

import comfy.latent_formats
import torch
from comfy.ldm.wan.vae import WanVAE

from ..checkpoints.linear_vae import LinearVAE, load_linear_vae
from ..checkpoints.random_tensors import RandomTensors
from ..checkpoints.signed_convolutions import (
    after_two_space_to_depths,
    from_signed_pairs,
    identity_kernel,
    place,
    space_to_depth_kernel,
    to_signed_pairs,
)

WIDTH = 24  # two space-to-depth steps need 48 channels on the second level, which has twice this
CHANNELS = 16
COPIES = CHANNELS // 4
CONSTANT = 100.0


def wan_vae_state_dict(_: RandomTensors) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        net = WanVAE(dim=WIDTH, z_dim=CHANNELS, temperal_downsample=[False, True, True])
    sd = {key: _idle_weight(key, tuple(t.shape)) for key, t in net.state_dict().items()}
    latents = comfy.latent_formats.Wan21()
    vae, mean, std = load_linear_vae(), latents.latents_mean.flatten(), latents.latents_std.flatten()
    _fill_encoder(sd, vae)
    channels = range(CHANNELS)
    sd["conv1.weight"][channels, channels] = std[:, None, None, None]  # the file's latents have the format's statistics
    sd["conv1.bias"][:CHANNELS] = mean
    sd["conv2.weight"][channels, channels] = 1 / std[:, None, None, None]
    sd["conv2.bias"] = -mean / std
    _fill_decoder(sd, vae)
    return sd


def _idle_weight(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    if key.endswith("gamma"):
        return torch.ones(shape)
    weight = torch.zeros(shape)
    if key.endswith(("shortcut.weight", "time_conv.weight")):
        for first in range(0, shape[0], shape[1]):  # upsampling in time makes two frames of one
            copied = range(min(shape[0] - first, shape[1]))
            weight[[first + c for c in copied], copied, -1] = 1
    return weight


def _current_frame(weight: torch.Tensor) -> torch.Tensor:
    """(O, I, h, w) -> (O, I, 3, h, w): a causal convolution over time that uses its last frame."""
    return torch.nn.functional.pad(weight[:, :, None], (0, 0, 0, 0, 2, 0))


def _hold_constants(sd: dict[str, torch.Tensor], bias: str, gamma: str, paired: int) -> None:
    """Constants of both signs in all channels after the first `paired`, and the gain that undoes the norm."""
    width = sd[bias].shape[0]
    held = width - paired
    sd[bias][paired:] = torch.tensor([CONSTANT, -CONSTANT]).repeat(held // 2)
    sd[gamma][:] = CONSTANT * math.sqrt(held / width)


def _fill_encoder(sd: dict[str, torch.Tensor], vae: LinearVAE) -> None:
    place(sd["encoder.conv1.weight"], _current_frame(identity_kernel(3)))
    place(sd["encoder.downsamples.2.resample.1.weight"], space_to_depth_kernel(3, first_tap=0))
    place(sd["encoder.downsamples.5.resample.1.weight"], space_to_depth_kernel(12, first_tap=0))
    patches = torch.zeros(16, 48, 3, 3)
    patches[:, :, :2, :2] = after_two_space_to_depths(vae.encode_patches)
    pairs = to_signed_pairs(patches)
    place(sd["encoder.downsamples.8.resample.1.weight"], pairs)
    _hold_constants(sd, "encoder.downsamples.8.resample.1.bias", "encoder.head.0.gamma", len(pairs))
    mix = from_signed_pairs(vae.encode_mix).repeat(COPIES, 1, 1, 1)
    place(sd["encoder.head.2.weight"], _current_frame(mix))


def _fill_decoder(sd: dict[str, torch.Tensor], vae: LinearVAE) -> None:
    first, second, third, fourth, last = vae.decode
    place(sd["decoder.conv1.weight"], _current_frame(first.repeat(1, COPIES, 1, 1) / COPIES))
    place(sd["decoder.upsamples.3.resample.1.weight"], second)
    place(sd["decoder.upsamples.7.resample.1.weight"], third)
    pairs = to_signed_pairs(fourth)
    place(sd["decoder.upsamples.11.resample.1.weight"], pairs)
    _hold_constants(sd, "decoder.upsamples.11.resample.1.bias", "decoder.head.0.gamma", len(pairs))
    place(sd["decoder.head.2.weight"], _current_frame(from_signed_pairs(last)))
    sd["decoder.head.2.bias"] = vae.bias.clone()
