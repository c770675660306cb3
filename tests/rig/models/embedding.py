"""A textual inversion of one token for SD1.5, as AUTOMATIC1111's trainer names it."""

import torch

from ..checkpoints.random_tensors import RandomTensors


def embedding_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    return {"emb_params": random((1, 768), std=1.0)}
