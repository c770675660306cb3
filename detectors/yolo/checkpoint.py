"""Reads a YOLO weights file, .safetensors or .pt, into named tensors. No code of the file is ever run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from . import inert, kind
from .archive import Archive
from .checkpoint_errors import CheckpointError, OtherArchitecture

MAX_TENSORS = 5_000
MAX_PARTS = 10_000
MAX_MEMBERS = 1_000
"""Of one module."""
MAX_NAME = 64
MAX_DEPTH = 16
MAX_LABELS = 10_000


@dataclass(frozen=True, eq=False)
class Weights:
    """A network's tensors under the names ultralytics gives them, and the names of its classes by index."""

    path: Path
    tensors: dict[str, torch.Tensor]
    labels: dict[int, str]
    kind: str = kind.UNKNOWN
    """What the file is, as a refusal continues its name."""


def read(path: Path) -> Weights:
    """The weights in `path`, told apart by content, not by suffix. CheckpointError says why a file is refused."""
    with path.open("rb") as stream:
        start = stream.read(200)
        if start.startswith(b"PK\3\4"):
            return _from_checkpoint(path, Archive(path, stream))
    if start[8:9] == b"{":  # safetensors: the header's length in 8 bytes, then JSON
        return _from_safetensors(path)
    raise CheckpointError(path, _unreadable(start))


def _unreadable(start: bytes) -> str:
    """Why a file that begins with `start` is neither of the two formats."""
    if not start:
        return "is empty; download it again"
    if start.startswith(b"version https://git-lfs"):
        return "is only a Git LFS pointer to the weights; download the file itself"
    if start.lstrip()[:1] == b"<":
        return "is a web page, not weights; download the file itself"
    if start[:1] == b"\x80":
        return "is a bare pickle, PyTorch's format before 1.6, which is not read; save it again with a newer PyTorch"
    return "is neither a .safetensors file nor a PyTorch checkpoint"


def _from_safetensors(path: Path) -> Weights:
    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
            if len(names) > MAX_TENSORS:
                raise CheckpointError(path, f"holds {len(names)} tensors; a YOLO has at most {MAX_TENSORS}")
            tensors = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(path, f"is a damaged .safetensors file ({error})") from None
    try:
        labels = json.loads(metadata.get("names", "{}"))
    except (json.JSONDecodeError, RecursionError):
        labels = {}
    return Weights(path, tensors, _labels(labels))


def _from_checkpoint(path: Path, archive: Archive) -> Weights:
    if any(name.endswith("/constants.pkl") for name in archive.members):
        raise CheckpointError(path, "is a TorchScript program, not a checkpoint; use the .pt it was exported from")
    pickles = [name for name in archive.members if name.endswith("data.pkl") and name.count("/") <= 1]
    if len(pickles) != 1:
        raise CheckpointError(path, "is a zip file, but no PyTorch checkpoint")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in archive.members and archive.read(f"{root}byteorder") != b"little":
        raise CheckpointError(path, "was saved on a big-endian machine, which is not read")
    if archive.members[pickles[0]] > inert.MAX_PICKLE:
        raise CheckpointError(path, f"describes its network in more than {inert.MAX_PICKLE} bytes")
    try:
        model = _model(inert.read(archive.read(pickles[0])))
        if model is None:
            raise OtherArchitecture(path, "holds no YOLO model, only other values")
        refs = _tensors(model) if isinstance(model, inert.Stub) else model
    except inert.InertError as error:
        raise CheckpointError(path, str(error)) from None
    if sum(ref.storage.count * inert.DTYPES[ref.storage.kind].itemsize for ref in refs.values()) > archive.size:
        raise CheckpointError(path, "uses the same data for many tensors, which no YOLO checkpoint does")
    tensors = {name: _load(path, archive, root, ref) for name, ref in refs.items()}
    if not isinstance(model, inert.Stub):
        return Weights(path, tensors, _labels(None))
    return Weights(path, tensors, _labels(model.get("names")), kind.of(model))


def _model(checkpoint: Any) -> inert.Stub | dict[str, inert.TensorRef] | None:
    """The trained module of an ultralytics checkpoint, its moving average if there is one; or a bare state dict."""
    if isinstance(checkpoint, inert.Stub) and checkpoint.get("_modules"):
        return checkpoint
    if not isinstance(checkpoint, dict):
        return None
    for inside in map(checkpoint.get, ("ema", "model", "state_dict")):
        if isinstance(inside, inert.Stub):
            return inside
        if isinstance(inside, dict) and (found := _state_dict(inside)) is not None:
            return found
    return _state_dict(checkpoint)


def _state_dict(values: dict[Any, Any]) -> dict[str, inert.TensorRef] | None:
    """The tensors of a dict that holds hardly anything else, under the names of a whole model."""
    tensors = {name: v for name, v in values.items() if isinstance(name, str) and isinstance(v, inert.TensorRef)}
    if not tensors or len(tensors) > MAX_TENSORS:
        return None
    names = [name.removeprefix("module.") for name in tensors]  # of a model trained on several GPUs
    start = "" if any(name.startswith("model.") for name in names) else "model."  # of the layers alone
    return {f"{start}{name}": tensor for name, tensor in zip(names, tensors.values(), strict=True)}


def _tensors(model: inert.Stub) -> dict[str, inert.TensorRef]:
    """Parameters and buffers by their state-dict names. InertError for a tree too large, or not of SiLU."""
    found: dict[str, inert.TensorRef] = {}
    waiting: list[tuple[str, Any]] = [("", model)]
    for _ in range(MAX_PARTS):
        if not waiting:
            return found
        prefix, module = waiting.pop()
        if not isinstance(module, inert.Stub) or prefix.count(".") > MAX_DEPTH:
            continue
        if module.name.startswith("torch.nn.modules.activation.") and not module.name.endswith(".SiLU"):
            # An unexpected name, so that the network is refused as another architecture.
            found[f"{prefix}{module.name.rpartition('.')[2]}"] = EMPTY
        for group in ("_parameters", "_buffers"):
            tensors = ((k, v) for k, v in _members(module, group) if isinstance(v, inert.TensorRef))
            found.update((f"{prefix}{name}", value) for name, value in tensors)
        waiting += [(f"{prefix}{name}.", child) for name, child in _members(module, "_modules")]
    raise inert.InertError("describes a network of more parts than any YOLO has")


def _members(module: inert.Stub, group: str) -> list[tuple[str, Any]]:
    """The named items of one of a module's dicts."""
    members = module.get(group)
    if not isinstance(members, dict):
        return []
    if len(members) > MAX_MEMBERS or not all(isinstance(name, str) and len(name) <= MAX_NAME for name in members):
        raise inert.InertError("describes a network whose parts are not those of any YOLO")
    return list(members.items())


EMPTY = inert.TensorRef(inert.Storage("Byte", "", 0), 0, (0,), (1,))


def _load(path: Path, archive: Archive, root: str, ref: inert.TensorRef) -> torch.Tensor:
    """The tensor itself, contiguous and with memory of its own."""
    dtype = inert.DTYPES[ref.storage.kind]
    if ref.count == 0:
        return torch.empty(ref.shape, dtype=dtype)
    data = archive.read(f"{root}data/{ref.storage.key}")
    if len(data) != ref.storage.count * dtype.itemsize:
        raise CheckpointError(path, f"is damaged: its data {ref.storage.key[:60]!r} has another length than it says")
    flat = torch.frombuffer(bytearray(data), dtype=dtype)
    return flat.as_strided(ref.shape, ref.stride, ref.offset).contiguous()


def _labels(names: Any) -> dict[int, str]:
    """Class names from a checkpoint's dict or list, or the metadata's JSON; odd entries are left to their number."""
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or len(names) > MAX_LABELS:
        return {}
    numbered = {str(index): name for index, name in names.items() if isinstance(name, str)}
    return {int(index): name[:100] for index, name in numbered.items() if index.isdecimal() and len(index) < 6}
