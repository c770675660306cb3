"""Transformers of one block with ComfyUI's own classes and configurations, in this process and with random weights."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch

from . import models
from .make import MODELS_CACHE, import_comfy

TOKENS, CHANNELS, POOLED = 12, 32, 16
FLUX = {
    "in_channels": 16, "out_channels": 16, "vec_in_dim": POOLED, "context_in_dim": CHANNELS, "hidden_size": 64,
    "mlp_ratio": 2.0, "num_heads": 2, "depth": 1, "depth_single_blocks": 1, "axes_dim": [8, 12, 12], "theta": 10000,
    "patch_size": 2, "qkv_bias": True,
}  # fmt: skip
"""What Flux and its descendants have in common."""
TEXT_IDS = torch.tensor([[151644, 872, 198, 64, 3579, 151645, 198, 151644, 77091, 198, 151669, 151673]])
"""A prompt of HiDream-O1, whose text encoder is its own first layers."""


class Recipe(NamedTuple):
    """The class of ComfyUI's configuration, its numbers, and the VAE that goes with it."""

    config: str
    numbers: Mapping[str, Any]
    vae: str
    options: Mapping[str, Any] = {}
    """What its conditionings hold besides text."""


RECIPES = {
    "pixart": Recipe("PixArtSigma", {
        "image_model": "pixart_sigma", "input_size": 64, "in_channels": 4, "hidden_size": 64, "num_heads": 4,
        "depth": 1, "caption_channels": CHANNELS, "model_max_length": TOKENS, "micro_condition": False,
    }, "nano-sd15"),
    "flux": Recipe("Flux", {
        "image_model": "flux", **FLUX, "guidance_embed": True, "txt_ids_dims": [],
    }, "tiny-sd3", {"pooled_output": torch.zeros(1, POOLED)}),
    "qwen-image": Recipe("QwenImage", {
        "image_model": "qwen_image", "in_channels": 64, "num_layers": 1, "attention_head_dim": 32,
        "num_attention_heads": 2, "joint_attention_dim": CHANNELS, "axes_dims_rope": (8, 12, 12),
    }, "tiny-wan-vae"),
    "omnigen2": Recipe("Omnigen2", {
        "image_model": "omnigen2", "hidden_size": 96, "num_layers": 1, "num_refiner_layers": 1,
        "num_attention_heads": 4, "num_kv_heads": 2, "axes_dim_rope": (8, 8, 8), "axes_lens": (256, 128, 128),
        "text_feat_dim": CHANNELS,
    }, "tiny-sd3", {"attention_mask": torch.ones(1, TOKENS, dtype=torch.long)}),
    "z-image": Recipe("ZImage", {
        "image_model": "lumina2", "in_channels": 16, "dim": 256, "cap_feat_dim": CHANNELS, "n_layers": 1,
        "n_refiner_layers": 1, "n_heads": 8, "n_kv_heads": 8, "axes_dims": [8, 12, 12], "axes_lens": [256, 128, 128],
        "qk_norm": True, "z_image_modulation": True, "pad_tokens_multiple": 32,
    }, "tiny-sd3"),
    "hunyuan-video": Recipe("HunyuanVideo", {
        "image_model": "hunyuan_video", **FLUX, "patch_size": [1, 2, 2], "guidance_embed": True, "byt5": False,
        "meanflow": False, "use_cond_type_embedding": False, "vision_in_dim": None, "meanflow_sum": False,
    }, "tiny-wan-vae", {"pooled_output": torch.zeros(1, POOLED)}),
    "kandinsky5": Recipe("Kandinsky5", {
        "image_model": "kandinsky5", "in_text_dim": CHANNELS, "in_text_dim2": POOLED, "time_dim": 32, "model_dim": 64,
        "ff_dim": 64, "visual_embed_dim": 132, "num_text_blocks": 1, "num_visual_blocks": 1, "axes_dims": (8, 12, 12),
    }, "tiny-wan-vae", {"pooled_output": torch.zeros(1, POOLED)}),
    "kandinsky5-image": Recipe("Kandinsky5Image", {
        "image_model": "kandinsky5", "in_text_dim": CHANNELS, "in_text_dim2": POOLED, "time_dim": 32, "model_dim": 64,
        "ff_dim": 64, "visual_embed_dim": 64, "num_text_blocks": 1, "num_visual_blocks": 1, "axes_dims": (8, 12, 12),
    }, "tiny-sd3", {"pooled_output": torch.zeros(1, POOLED)}),
    "chroma": Recipe("ChromaRadiance", {
        "image_model": "chroma_radiance", **FLUX, "txt_ids_dims": [], "in_channels": 3, "out_channels": 3,
        "patch_size": 16, "in_dim": 64, "out_dim": 64, "hidden_dim": 64, "n_layers": 1, "nerf_hidden_size": 16,
        "nerf_mlp_ratio": 2, "nerf_depth": 1, "nerf_max_freqs": 4, "nerf_tile_size": 64, "nerf_final_head_type": "conv",
        "nerf_embedder_dtype": torch.float32, "use_x0": False, "use_sequential_txt_ids": False,
    }, "pixels"),
    "hidream-o1": Recipe("HiDreamO1", {
        "image_model": "hidream_o1",
        "text_config_overrides": {
            "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 32, "rope_dims": [6, 5, 5],
        },
        "vision_config_overrides": {
            "hidden_size": 32, "num_heads": 2, "intermediate_size": 32, "depth": 1, "deepstack_visual_indexes": (),
        },
    }, "pixels", {"text_input_ids": TEXT_IDS}),
}  # fmt: skip
"""By the family's name in the pack's table."""


class TinyDiT(NamedTuple):
    """ComfyUI's MODEL and VAE."""

    model: Any
    vae: Any
    options: Mapping[str, Any]

    def prompt(self, seed: int) -> list[list[Any]]:
        """A conditioning that stands for a text."""
        generator = torch.Generator().manual_seed(seed)
        return [[torch.randn(1, TOKENS, CHANNELS, generator=generator), dict(self.options)]]


def load(family: str) -> TinyDiT:
    return TinyDiT(model_of(family), _vae(RECIPES[family].vae), RECIPES[family].options)


@cache
def model_of(family: str) -> Any:
    """ComfyUI's MODEL of a family of RECIPES."""
    import_comfy()
    import comfy.model_management as memory
    import comfy.model_patcher
    import comfy.supported_models

    recipe = RECIPES[family]
    config = getattr(comfy.supported_models, recipe.config)(dict(recipe.numbers))
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, device=torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    for parameter in model.diffusion_model.parameters():
        parameter.requires_grad_(False).normal_(0, 0.05, generator=generator)
    cpu = memory.get_torch_device()
    return comfy.model_patcher.ModelPatcher(model, load_device=cpu, offload_device=cpu)


@cache
def _vae(name: str) -> Any:
    import comfy.sd
    import comfy.utils

    match name:
        case "pixels":
            return comfy.sd.VAE(sd={"pixel_space_vae": torch.tensor(1.0)})
        case "nano-sd15":
            from . import nano

            return nano.load().vae
        case "tiny-sd3":
            return comfy.sd.load_checkpoint_guess_config(str(models.ensure(name, MODELS_CACHE)))[2]
        case _:
            return comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(models.ensure(name, MODELS_CACHE))))


def unload() -> None:
    """Let go of all models while ComfyUI is still whole, as `nano.unload` does."""
    import comfy.model_management

    model_of.cache_clear()
    _vae.cache_clear()
    comfy.model_management.unload_all_models()
    gc.collect()
