"""Further small models, each in the format of the ComfyUI loader that reads it, made on first use.

python -m rig.models --what tiny-wan clip-vision --out models
"""

from collections.abc import Collection
from pathlib import Path

from ..make import ensure_made

# Name: path in a models folder. All but the nano ones are read by ComfyUI as it is.
MODELS = {
    "tiny-sd3": "checkpoints/tiny-sd3.ckpt",  # 16 channels, DiT; 64 wide, one block
    "tiny-wan": "diffusion_models/tiny-wan.safetensors",  # 16 channels and a time axis, DiT; 128 wide, one block
    "tiny-wan-vae": "vae/tiny-wan-vae.pt",
    "tiny-flux-vae": "vae/tiny-flux-vae.pt",  # 16 channels
    "sd15-vae": "vae/sd15-vae.pt",  # AutoencoderKL at its real size
    "clip-l": "text_encoders/clip-l.pt",  # as type sd3, its conditioning is (1, 77, 4096), which tiny-wan takes
    "nano-sd15-controlnet": "controlnet/nano-sd15-controlnet.safetensors",
    "nano-sdxl-controlnet": "controlnet/nano-sdxl-controlnet.safetensors",
    "pico-sdxl-controlnet": "controlnet/pico-sdxl-controlnet.safetensors",
    "nano-sd15-lora": "loras/nano-sd15-lora.safetensors",
    "sd15-embedding": "embeddings/sd15-embedding.safetensors",
    "depth-anything": "geometry_estimation/depth-anything.pt",  # as deep as its small version
    "photomaker": "photomaker/photomaker.pt",
    "clip-vision": "clip_vision/clip-vit-l.pt",
    "upscale-2x": "upscale_models/upscale-2x.safetensors",
    "face-landmarker": "detection/face-landmarker.safetensors",  # real face detectors, a drawn mesh
    "rtdetr": "diffusion_models/rtdetr.pt",  # random, but of its full depth
}


def ensure(name: str, models: Path) -> Path:
    """The path of a model of MODELS in the folder `models`, made if it is missing or older than this code."""
    return ensure_all([name], models)[name]


def ensure_all(names: Collection[str], models: Path) -> dict[str, Path]:
    """The same for several, made in one process."""
    if unknown := set(names) - MODELS.keys():
        raise ValueError(f"There is no model {', '.join(unknown)}. Choose from {', '.join(MODELS)}.")
    paths = {name: models / MODELS[name] for name in names}
    ensure_made(__name__, paths, ["--out", str(models)])
    return paths
