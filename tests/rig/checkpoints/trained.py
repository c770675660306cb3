"""The trained UNet and VAE of tools/face_model, as a checkpoint has them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..make import TRAINED
from .unet import PREFIX, unet_shapes


def trained_state_dict(unet: dict[str, Any], weights: Path = TRAINED) -> dict[str, torch.Tensor]:
    """State dict of UNet and VAE, named as in a checkpoint, float32.

    The file leaves out what its training has left at zero: all that would heed the prompt.
    """
    with np.load(weights) as file:
        trained = {key: torch.from_numpy(file[key]).float() for key in file.files}
    unheeded = {PREFIX + key: torch.zeros(shape) for key, shape in unet_shapes(unet).items()}
    return unheeded | trained
