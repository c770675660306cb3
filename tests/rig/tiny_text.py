"""Text encoders of one or two layers with ComfyUI's own classes and tokenizers, and with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .make import import_comfy
from .tiny_dit import CHANNELS, POOLED

LAYERS = {"num_hidden_layers": 3, "hidden_size": CHANNELS, "intermediate_size": 64, "num_attention_heads": 2}
LLAMA = {**LAYERS, "num_key_value_heads": 1}
SMALL = {
    "clip_l_model_config": {**LAYERS, "hidden_size": POOLED},
    "t5xxl_model_config": {"d_model": CHANNELS, "d_ff": 64, "d_kv": 16, "num_heads": 2, "num_layers": 1},
    "qwen3_4b_model_config": LLAMA,
    "qwen25_7b_model_config": LLAMA,
}
"""What ComfyUI's configurations of text encoders are overridden by."""


def load(family: str) -> Any:
    """ComfyUI's CLIP of flux, z-image or qwen-image, for `tiny_dit`'s model of the family."""
    import_comfy()
    import comfy.sd
    import comfy.supported_models_base
    from comfy.text_encoders import flux, qwen_image, z_image

    tokenizer, model = {
        "flux": (flux.FluxTokenizer, flux.FluxClipModel),
        "z-image": (z_image.ZImageTokenizer, z_image.ZImageTEModel),
        "qwen-image": (qwen_image.QwenImageTokenizer, qwen_image.QwenImageTEModel),
    }[family]
    target = comfy.supported_models_base.ClipTarget(tokenizer, model)
    with _small_eyes():
        clip = comfy.sd.CLIP(target, model_options={**SMALL, "dtype": torch.float32})
    generator = torch.Generator().manual_seed(0)
    for parameter in clip.cond_stage_model.parameters():
        parameter.requires_grad_(False).normal_(0, 0.05, generator=generator)
    return clip


@contextmanager
def _small_eyes() -> Iterator[None]:
    """Qwen2.5-VL's network for pictures with one narrow layer; ComfyUI's configuration does not reach it."""
    from comfy.text_encoders import qwen_vl

    whole = qwen_vl.Qwen2VLVisionTransformer

    def small(hidden_size: int, output_hidden_size: int, **more: Any) -> Any:
        return whole(64, output_hidden_size, intermediate_size=64, num_heads=2, num_layers=1, **more)

    qwen_vl.Qwen2VLVisionTransformer = small
    try:
        yield
    finally:
        qwen_vl.Qwen2VLVisionTransformer = whole
