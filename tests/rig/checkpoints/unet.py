"""A UNet that predicts, as noise, the high frequencies of its input plus a little that depends on prompt and step.

Sampling with it gives a recognisable, softened version of the image it started from, different for every seed and
prompt. The high-pass travels in +- pairs through the first eight groups of channels: from the first convolution over
the last skip connection to the last normalisation, which gives it unit variance, and through SiLU, where
SiLU(x) - SiLU(-x) = x. Everything else is random.
"""

from typing import Any

import comfy.ops
import torch
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

from .random_tensors import RandomTensors, random_weight

PREFIX = "model.diffusion_model."
GROUPS = 32
LATENT_CHANNELS = 4
PAIR_GROUPS = 2 * LATENT_CHANNELS
RESIDUAL_ENDS = (".out_layers.3.weight", ".proj_out.weight", ".to_out.0.weight", ".ff.net.2.weight")
RESIDUAL_GAIN = 0.5
HIGH_PASS = torch.tensor([[-1.0, -2, -1], [-2, 12, -2], [-1, -2, -1]]) / 16


def unet_state_dict(config: dict[str, Any], randomness: float, random: RandomTensors) -> dict[str, torch.Tensor]:
    """State dict for UNetModel(**config), named as in a checkpoint."""
    sd = {}
    for key, shape in unet_shapes(config).items():
        gain = RESIDUAL_GAIN if key.endswith(RESIDUAL_ENDS) else 1.0
        sd[key] = random_weight(key, shape, random, gain)
    _carry_high_pass(sd, config["model_channels"], randomness, random)
    return {PREFIX + key: weight for key, weight in sd.items()}


def unet_shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every weight of UNetModel(**config)."""
    net = UNetModel(
        **config,
        image_size=32,
        out_channels=LATENT_CHANNELS,
        use_spatial_transformer=True,
        legacy=False,
        device="meta",
        operations=comfy.ops.disable_weight_init,
    )
    return {key: tuple(weight.shape) for key, weight in net.state_dict().items()}


def _carry_high_pass(
    sd: dict[str, torch.Tensor], model_channels: int, randomness: float, random: RandomTensors
) -> None:
    group = model_channels // GROUPS
    carried = PAIR_GROUPS * group
    first = _writable(sd, "input_blocks.0.0.weight")
    first[:carried] = 0
    last_block = max(int(key.split(".")[1]) for key in sd if key.startswith("output_blocks."))
    skip = _writable(sd, f"output_blocks.{last_block}.0.skip_connection.weight")
    skip[:carried] = 0
    skip_start = skip.shape[1] - model_channels  # the skip connection's channels stand last
    skip[range(carried), range(skip_start, skip_start + carried)] = 1
    for residual in ("0.out_layers.3.weight", "1.proj_out.weight"):
        key = f"output_blocks.{last_block}.{residual}"
        if key in sd:
            _writable(sd, key)[:carried] = 0
    out = sd["out.2.weight"] = torch.zeros(LATENT_CHANNELS, model_channels, 3, 3)
    out[:, carried:] = random((LATENT_CHANNELS, model_channels - carried, 3, 3)).float() * randomness
    for channel in range(LATENT_CHANNELS):
        plus, minus = (slice(pair * group, (pair + 1) * group) for pair in (2 * channel, 2 * channel + 1))
        first[plus, channel], first[minus, channel] = HIGH_PASS, -HIGH_PASS
        out[channel, plus, 1, 1], out[channel, minus, 1, 1] = 1 / group, -1 / group


def _writable(sd: dict[str, torch.Tensor], key: str) -> torch.Tensor:
    """Replace a weight by its dense float copy and return that."""
    sd[key] = sd[key].float().contiguous()
    return sd[key]
