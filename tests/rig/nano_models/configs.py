"""Model configs that differ from ComfyUI's only in the number of model channels, which detection compares."""

from typing import ClassVar

import comfy.sd1_clip
import comfy.sdxl_clip
import comfy.supported_models
import comfy.supported_models_base

from .text_encoders import NanoRefinerClip, NanoSD15Clip, NanoSDXLClip

MODEL_CHANNELS = 32
FACE_MODEL_CHANNELS = 64
ClipTarget = comfy.supported_models_base.ClipTarget


class NanoSD15(comfy.supported_models.SD15):
    unet_config: ClassVar = comfy.supported_models.SD15.unet_config | {"model_channels": MODEL_CHANNELS}
    unet_extra_config: ClassVar = {"num_heads": 2, "num_head_channels": -1}

    def clip_target(self, state_dict=None):
        return ClipTarget(comfy.sd1_clip.SD1Tokenizer, NanoSD15Clip)


class FaceSD15(NanoSD15):
    unet_config: ClassVar = comfy.supported_models.SD15.unet_config | {"model_channels": FACE_MODEL_CHANNELS}


class NanoSDXL(comfy.supported_models.SDXL):
    unet_config: ClassVar = {
        "model_channels": MODEL_CHANNELS,
        "use_linear_in_transformer": True,
        "context_dim": 2048,
        "adm_in_channels": 2816,
        "use_temporal_attention": False,
    }
    unet_extra_config: ClassVar = {"num_heads": -1, "num_head_channels": 16}

    def clip_target(self, state_dict=None):
        return ClipTarget(comfy.sdxl_clip.SDXLTokenizer, NanoSDXLClip)


class NanoRefiner(comfy.supported_models.SDXLRefiner):
    unet_config: ClassVar = NanoSDXL.unet_config | {"context_dim": 1280, "adm_in_channels": 2560}
    unet_extra_config: ClassVar = NanoSDXL.unet_extra_config

    def clip_target(self, state_dict=None):
        return ClipTarget(comfy.sdxl_clip.SDXLTokenizer, NanoRefinerClip)


def register_configs() -> None:
    registered = {config.__name__ for config in comfy.supported_models.models}
    configs = (NanoSD15, FaceSD15, NanoSDXL, NanoRefiner)
    comfy.supported_models.models.extend(config for config in configs if config.__name__ not in registered)
