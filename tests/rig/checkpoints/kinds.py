"""Which checkpoints can be made: what ComfyUI's detection fixes for each family, and what each size shrinks.

tiny: stock ComfyUI detects it; every size that detection fixes is the real one (model channels, context width, adm
channels, transformer depths, whole text encoders), the rest is as small as it goes. VAE in TAESD's layout.
pico: a nano that looks at its input from afar only, for pictures of 1024 px: a step takes a fraction of nano's.
nano: needs the nano_models extension in custom_nodes; conditioning has its real shape. VAE linear.
face: nano's text encoder, and the trained UNet and VAE of tools/face_model, which mend faces and heed no prompt.
full: the real architecture and cost, for benchmarks on a GPU. VAE in AutoencoderKL's layout.
"""

from dataclasses import dataclass, replace
from typing import Any

NANO_MODEL_CHANNELS = 32  # as nano_models/configs.py detects
NANO_TEXT_LAYERS = 3  # as nano_models/text_encoders.py builds


@dataclass(frozen=True)
class TextEncoder:
    """A CLIP text model in a checkpoint."""

    prefix: str
    width: int
    layers: int
    projection: bool


@dataclass(frozen=True)
class Kind:
    """unet: arguments of ComfyUI's UNetModel. randomness: weight of the part of eps that depends on the prompt.

    vae: which layout it has; with "trained" both UNet and VAE are read from a file.
    """

    unet: dict[str, Any]
    text_encoders: tuple[TextEncoder, ...]
    latent_scale: float
    randomness: float
    vae: str


CLIP_L_SD15 = TextEncoder("cond_stage_model.transformer.", 768, 12, projection=False)
CLIP_L_SDXL = TextEncoder("conditioner.embedders.0.transformer.", 768, 12, projection=False)
CLIP_G_SDXL = TextEncoder("conditioner.embedders.1.model.transformer.", 1280, 32, projection=True)
CLIP_G_REFINER = TextEncoder("conditioner.embedders.0.model.transformer.", 1280, 32, projection=True)

LATENT_SCALE_SD15 = 0.18215  # comfy/latent_formats.py
LATENT_SCALE_SDXL = 0.13025

SD15 = Kind(
    unet={
        "in_channels": 4,
        "context_dim": 768,
        "use_linear_in_transformer": False,
        "num_heads": 8,
        "model_channels": 320,
        "num_res_blocks": [2, 2, 2, 2],
        "channel_mult": [1, 2, 4, 4],
        "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
        "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
        "transformer_depth_middle": 1,
    },
    text_encoders=(CLIP_L_SD15,),
    latent_scale=LATENT_SCALE_SD15,
    randomness=0.5,
    vae="kl",
)
SDXL = Kind(
    unet={
        "in_channels": 4,
        "context_dim": 2048,
        "use_linear_in_transformer": True,
        "num_heads": -1,
        "num_head_channels": 64,
        "num_classes": "sequential",
        "adm_in_channels": 2816,
        "model_channels": 320,
        "num_res_blocks": [2, 2, 2],
        "channel_mult": [1, 2, 4],
        "transformer_depth": [0, 0, 2, 2, 10, 10],
        "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10],
        "transformer_depth_middle": 10,
    },
    text_encoders=(CLIP_L_SDXL, CLIP_G_SDXL),
    latent_scale=LATENT_SCALE_SDXL,
    randomness=0.15,
    vae="kl",
)
REFINER = replace(
    SDXL,
    unet=SDXL.unet | {"context_dim": 1280, "adm_in_channels": 2560},
    text_encoders=(CLIP_G_REFINER,),
)
TINY_SD15 = {
    "num_res_blocks": [1, 1],
    "channel_mult": [1, 1],
    "transformer_depth": [0, 1],
    "transformer_depth_output": [0, 0, 0, 0],
}
TINY_SDXL = {
    "num_res_blocks": [1] * 6,
    "channel_mult": [1] * 6,
    "transformer_depth_output": [0] * 12,
    "transformer_depth_middle": -1,
}
NANO = TINY_SD15 | {"model_channels": NANO_MODEL_CHANNELS, "transformer_depth_middle": 1}
NANO_SD15 = NANO | {"num_heads": 2}
NANO_SDXL = NANO | {"num_head_channels": 16}
PICO_SDXL = NANO_SDXL | {
    "num_res_blocks": [1] * 4,
    "channel_mult": [1] * 4,
    "transformer_depth": [0, 0, 0, 1],
    "transformer_depth_output": [0] * 8,
    "transformer_depth_middle": -1,
}
FACE_SD15 = {
    "model_channels": 64,
    "num_heads": 2,
    "num_res_blocks": [1, 1, 1],
    "channel_mult": [1, 1, 2],
    "transformer_depth": [0, 0, 1],
    "transformer_depth_output": [0] * 6,
}


def _tiny(kind: Kind, unet: dict[str, Any]) -> Kind:
    return replace(kind, unet=kind.unet | unet, vae="taesd")


def _nano(kind: Kind, unet: dict[str, Any], vae: str = "linear") -> Kind:
    encoders = tuple(replace(encoder, layers=NANO_TEXT_LAYERS) for encoder in kind.text_encoders)
    return replace(kind, unet=kind.unet | unet, text_encoders=encoders, vae=vae)


KINDS = {
    "tiny-sd15": _tiny(SD15, TINY_SD15),
    "tiny-sdxl": _tiny(SDXL, TINY_SDXL),
    "nano-sd15": _nano(SD15, NANO_SD15),
    "nano-sd15-inpaint": _nano(SD15, NANO_SD15 | {"in_channels": 9}),
    "nano-sdxl": _nano(SDXL, NANO_SDXL),
    "nano-refiner": _nano(REFINER, NANO_SDXL),
    "pico-sdxl": _nano(SDXL, PICO_SDXL),
    "pico-refiner": _nano(REFINER, PICO_SDXL),
    "face-sd15": _nano(SD15, FACE_SD15, vae="trained"),
    "full-sd15": SD15,
    "full-sdxl": SDXL,
}
