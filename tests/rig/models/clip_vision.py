"""CLIP ViT-L/14, the smallest vision tower that ComfyUI detects; its widths and 24 layers are fixed."""

import json
from pathlib import Path

import comfy.clip_vision
import comfy.ops
import torch
from comfy.clip_model import CLIPVisionModelProjection

from ..checkpoints.random_tensors import RandomTensors, random_state_dict


def clip_vision_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    config = json.loads(Path(comfy.clip_vision.__file__).with_name("clip_vision_config_vitl.json").read_text())
    net = CLIPVisionModelProjection(config, torch.float16, "meta", comfy.ops.disable_weight_init)
    return random_state_dict(net.to("meta"), random)
