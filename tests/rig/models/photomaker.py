"""PhotoMaker's encoder of the subject; ComfyUI fixes its widths and 24 layers."""

import torch
from comfy_extras.nodes_photomaker import PhotoMakerIDEncoder

from ..checkpoints.random_tensors import RandomTensors, random_state_dict


def photomaker_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    return random_state_dict(PhotoMakerIDEncoder(), random)
