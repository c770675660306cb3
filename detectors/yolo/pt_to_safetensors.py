"""Writes a YOLOv8 .pt again as .safetensors, which holds tensors and nothing else. Only when someone asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save

from ...files.atomic import write_new
from . import checkpoint
from .build import build, labels


def convert(source: Path, target: Path | None = None) -> Path:
    """Write `source` as `target` (default: beside it) and return that; ValueError if it is no YOLOv8, or is there.

    Every number keeps its type and value, so that both files detect the same to the last bit. The file appears
    complete or not at all.
    """
    target = target or source.with_suffix(".safetensors")
    if target.exists():
        raise _exists(source, target)
    file = checkpoint.read(source)
    network = build(file)  # refuses what could not be used afterwards
    names = labels(file, network.head.classes)
    metadata = {"format": "pt", "names": json.dumps(dict(enumerate(names)))}
    data = save({name: tensor for name, tensor in file.tensors.items() if _is_weight(name, tensor)}, metadata)
    try:
        write_new(target, data)
    except FileExistsError as error:
        raise _exists(source, target) from error
    return target


def _exists(source: Path, target: Path) -> ValueError:
    return ValueError(f"{target} exists already. Move it away to convert {source.name} again.")


def _is_weight(name: str, tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() and not name.endswith("num_batches_tracked")
