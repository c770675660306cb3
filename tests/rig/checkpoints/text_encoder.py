"""Random CLIP text models: every prompt gets its own conditioning, none means anything."""

import torch

from .kinds import TextEncoder
from .random_tensors import RandomTensors

VOCABULARY = 49408
POSITIONS = 77


def text_encoder_state_dict(encoder: TextEncoder, random: RandomTensors) -> dict[str, torch.Tensor]:
    width = encoder.width
    model = f"{encoder.prefix}text_model."
    sd = {
        f"{model}embeddings.token_embedding.weight": random((VOCABULARY, width), 0.5, row_stride=1),
        f"{model}embeddings.position_embedding.weight": random((POSITIONS, width), 0.1),
    }
    for layer in range(encoder.layers):
        sd |= _layer_state_dict(f"{model}encoder.layers.{layer}.", width, random)
    sd |= _norm(f"{model}final_layer_norm", width)
    if encoder.projection:
        sd[f"{encoder.prefix}text_projection.weight"] = random((width, width))
    return sd


def _layer_state_dict(layer: str, width: int, random: RandomTensors) -> dict[str, torch.Tensor]:
    shapes = {f"self_attn.{name}_proj": (width, width) for name in ("q", "k", "v", "out")}
    shapes |= {"mlp.fc1": (4 * width, width), "mlp.fc2": (width, 4 * width)}
    sd = _norm(f"{layer}layer_norm1", width) | _norm(f"{layer}layer_norm2", width)
    for name, shape in shapes.items():
        sd[f"{layer}{name}.weight"] = random(shape)
        sd[f"{layer}{name}.bias"] = torch.zeros(shape[0])
    return sd


def _norm(name: str, width: int) -> dict[str, torch.Tensor]:
    return {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}
