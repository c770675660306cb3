"""A transformer of one block with ComfyUI's own class and configuration, in this process and with random weights."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .make import import_comfy

TOKENS = 12


class TinyDiT(NamedTuple):
    """ComfyUI's MODEL, and the width of the text it takes."""

    model: Any
    channels: int

    def prompt(self, seed: int) -> list[list[Any]]:
        """A conditioning that stands for a text."""
        generator = torch.Generator().manual_seed(seed)
        return [[torch.randn(1, TOKENS, self.channels, generator=generator), {}]]


def pixart_sigma() -> TinyDiT:
    """PixArt-Sigma: four latent channels, which it takes in patches of 2 x 2 cells."""
    import_comfy()
    import comfy.model_management as memory
    import comfy.model_patcher
    import comfy.supported_models

    channels = 32
    config = comfy.supported_models.PixArtSigma(
        {
            "image_model": "pixart_sigma",
            "input_size": 64,
            "in_channels": 4,
            "hidden_size": 64,
            "num_heads": 4,
            "depth": 1,
            "caption_channels": channels,
            "model_max_length": TOKENS,
            "micro_condition": False,
        }
    )
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, device=torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.diffusion_model.parameters():
        parameter.requires_grad_(False).normal_(0, 0.05, generator=generator)
    cpu = memory.get_torch_device()
    return TinyDiT(comfy.model_patcher.ModelPatcher(model, load_device=cpu, offload_device=cpu), channels)
