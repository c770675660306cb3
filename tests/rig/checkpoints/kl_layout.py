"""The linear autoencoder in the layout of SD's AutoencoderKL, at its real size and cost, for benchmarks.

Residual branches have random first and zero second convolutions: the same work, no effect. Before each last
normalisation the channels of a group hold constants of both signs and at most one +- pair, so GroupNorm is a nearly
fixed scaling, and SiLU(x) - SiLU(-x) = x is exact.
"""

import math

import torch
from comfy.ldm.models.autoencoder import AutoencoderKL

from .linear_vae import LinearVAE
from .random_tensors import RandomTensors
from .signed_convolutions import after_two_space_to_depths, identity_kernel, place, space_to_depth_kernel

CONFIG = {
    "double_z": True,
    "z_channels": 4,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 128,
    "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_resolutions": [],
    "dropout": 0.0,
}
GROUPS = 32
CONSTANT = 4.0
LOG_VARIANCE = -30.0  # encoding is deterministic


def kl_state_dict(vae: LinearVAE, scale: float, random: RandomTensors) -> dict[str, torch.Tensor]:
    """State dict for AutoencoderKL; `scale` is the latent format's: the file's latents have deviation 1 / scale."""
    with torch.device("meta"):
        shapes = {k: tuple(t.shape) for k, t in AutoencoderKL(ddconfig=CONFIG, embed_dim=4).state_dict().items()}
    sd = {key: _idle_weight(key, shape, random) for key, shape in shapes.items()}
    _fill_encoder(sd, vae, scale)
    _fill_decoder(sd, vae, scale)
    return sd


def _idle_weight(key: str, shape: tuple[int, ...], random: RandomTensors) -> torch.Tensor:
    """A weight with which residual and attention branches add nothing and shortcuts copy."""
    if "norm" in key and key.endswith(".weight"):
        return torch.ones(shape)
    weight = torch.zeros(shape)
    if "nin_shortcut.weight" in key:
        copied = range(min(shape[:2]))
        weight[copied, copied] = 1
    elif key.endswith(".weight") and ("conv1." in key or key.split(".")[-2] in ("q", "k", "v")):
        return random(shape)
    return weight


def _paired_groups(width: int, pairs: int) -> tuple[list[int], torch.Tensor, torch.Tensor]:
    """Where `pairs` +- pairs go in `width` channels, what the other channels hold, and the norm's gain.

    Pair i takes the first two channels of group i. The gain undoes the deviation the constants give each group.
    """
    group = width // GROUPS
    first = [i * group for i in range(pairs)]
    held = torch.tensor([CONSTANT, -CONSTANT]).repeat(width // 2)
    for channel in first:
        held[channel : channel + 2] = 0
    with_pair = CONSTANT * math.sqrt((group - 2) / group)
    gain = torch.tensor([with_pair if i < pairs else CONSTANT for i in range(GROUPS)])
    return first, held, gain.repeat_interleave(group)


def _fill_encoder(sd: dict[str, torch.Tensor], vae: LinearVAE, scale: float) -> None:
    place(sd["encoder.conv_in.weight"], identity_kernel(3))
    place(sd["encoder.down.0.downsample.conv.weight"], space_to_depth_kernel(3, first_tap=0))
    place(sd["encoder.down.1.downsample.conv.weight"], space_to_depth_kernel(12, first_tap=0))
    first, held, gain = _paired_groups(512, pairs=16)
    patches = torch.zeros(16, 48, 3, 3)
    patches[:, :, :2, :2] = after_two_space_to_depths(vae.encode_patches)
    for i, channel in enumerate(first):
        sd["encoder.down.2.downsample.conv.weight"][channel, :48] = patches[i]
        sd["encoder.down.2.downsample.conv.weight"][channel + 1, :48] = -patches[i]
        sd["encoder.conv_out.weight"][:4, channel] = vae.encode_mix[:, i] / scale
        sd["encoder.conv_out.weight"][:4, channel + 1] = -vae.encode_mix[:, i] / scale
    sd["encoder.down.2.downsample.conv.bias"] = held
    sd["encoder.norm_out.weight"] = gain
    sd["encoder.conv_out.bias"][4:] = LOG_VARIANCE
    sd["quant_conv.weight"][range(8), range(8)] = 1


def _fill_decoder(sd: dict[str, torch.Tensor], vae: LinearVAE, scale: float) -> None:
    sd["post_quant_conv.weight"][range(4), range(4)] = 1
    place(sd["decoder.conv_in.weight"], vae.decode[0] * scale)
    place(sd["decoder.up.3.upsample.conv.weight"], vae.decode[1])
    place(sd["decoder.up.2.upsample.conv.weight"], vae.decode[2])
    first, held, gain = _paired_groups(128, pairs=8)  # of the 256 channels, the next shortcut keeps the first 128
    for i, channel in enumerate(first):
        sd["decoder.up.1.upsample.conv.weight"][channel, :12] = vae.decode[3][i]
        sd["decoder.up.1.upsample.conv.weight"][channel + 1, :12] = -vae.decode[3][i]
        sd["decoder.conv_out.weight"][:3, channel] = vae.decode[4][:, i]
        sd["decoder.conv_out.weight"][:3, channel + 1] = -vae.decode[4][:, i]
    sd["decoder.up.1.upsample.conv.bias"][:128] = held
    sd["decoder.norm_out.weight"] = gain
    sd["decoder.conv_out.bias"] = vae.bias.clone()
