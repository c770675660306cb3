"""Model files by the names clients know them by: the file's stem, never a path."""

from __future__ import annotations

import asyncio
import pickle
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import comfy.utils
import folder_paths
import torch
from comfy.sd1_clip import load_embed
from safetensors import SafetensorError, safe_open

from ..detailer import styles
from ..detailer.family import KNOWN, CheckpointKind
from ..detailer.names import unknown
from ..detectors import registry
from ..nodes.style import at_hand
from .errors import invalid, refused
from .failed_jobs import stem
from .service_settings import Settings

CHECKPOINTS = {checkpoint.kind: checkpoint for family in KNOWN for checkpoint in family.checkpoints}

MAX_EMBEDDING = 64 * 2**20
"""Bytes; embeddings have some ten thousand."""
ENCODERS = {768: "clip_l", 1280: "clip_g"}
"""What ComfyUI calls the text encoders in the file of an embedding, by the width of their vectors."""

ATTENTION = re.compile(r"^(model\.diffusion_model\.)?input_blocks\.\d+\.1\.transformer_blocks\.0\.attn2\.to_k\.weight$")
FIRST_LAYER = re.compile(r"^(model\.diffusion_model\.)?input_blocks\.0\.0\.weight$")
INPAINT_CHANNELS = 9
PREFIX = "octoai:"


class Traits(NamedTuple):
    """What a checkpoint is. None: of another family, or not readable."""

    kind: CheckpointKind | None
    inpaint: bool


def find(field: str, folder: str, name: str) -> str:
    """The file in ComfyUI's model folder `folder` that `name` means, as loaders want it. Refused otherwise.

    `name` is the file's stem; its file name, with whatever suffix of a model file, will do.
    """
    by_stem = _by_stem(folder)
    if found := _meant(name, by_stem):
        return found
    if not by_stem:
        raise invalid(field, f"Unknown {field} {_wanted(name)[:80]!r}: this server has no files in models/{folder}.")
    raise invalid(field, unknown(field, _wanted(name)[:80], map(stem, by_stem.values())))


def knows(folder: str, name: str) -> bool:
    """Whether `find` would find the file."""
    return _meant(name, _by_stem(folder)) is not None


def _by_stem(folder: str) -> dict[str, str]:
    return {stem(file).casefold(): file for file in reversed(folder_paths.get_filename_list(folder))}


def _wanted(name: str) -> str:
    return name.removeprefix(PREFIX).strip().casefold()


def _meant(name: str, by_stem: Mapping[str, str]) -> str | None:
    wanted = _wanted(name)
    base, dot, suffix = wanted.rpartition(".")
    if f"{dot}{suffix}" not in folder_paths.supported_pt_extensions:
        base = ""
    return by_stem.get(wanted) or by_stem.get(base)


def names(folder: str) -> set[str]:
    """The names by which `find` knows the files of a folder, suffixes included."""
    return {PurePosixPath(file.replace("\\", "/")).name for file in folder_paths.get_filename_list(folder)}


def default(folder: str, name: str) -> str:
    """The file in `folder` that the settings name. Refused, as no fault of the client's, if it is not there."""
    if found := _meant(name, _by_stem(folder)):
        return found
    raise refused(
        503,
        f"The server's own choice of models/{folder}, {name!r}, is not there. Name a file in the request if you can, "
        "or tell the server's operator.",
    )


def missing_defaults(settings: Settings) -> list[str]:
    """What the settings name and the model folders do not hold, each as folder/name."""
    chosen = [("checkpoints", name) for _, name in settings.checkpoints]
    chosen += [("controlnet", settings.controlnet), ("photomaker", settings.photomaker)]
    if settings.safety:
        chosen += [("clip_vision", settings.safety.clip_vision), ("safety_concepts", settings.safety.concepts)]
    return [f"{folder}/{name}" for folder, name in chosen if name and not knows(folder, name)]


def loras(wanted: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """The files and weights of LoRAs by name. Refused if there is no such file."""
    return tuple((find("loras", "loras", name), weight) for name, weight in wanted.items())


def embedding(field: str, name: str, kind: CheckpointKind | None = None) -> str:
    """What stands behind `embedding:` in a prompt for the embedding called `name`.

    Refused if there is none, or a model of this kind would leave it out without a word.
    """
    file = find(field, "embeddings", name)
    path = Path(folder_paths.get_full_path_or_raise("embeddings", file))
    called = str(PurePosixPath(file.replace("\\", "/")).with_suffix(""))
    stat = path.stat()
    widths = _embedding_widths(called, stat.st_mtime_ns) if stat.st_size <= MAX_EMBEDDING else frozenset()
    if not widths:
        raise invalid(field, f"The embedding {stem(file)!r} cannot be used: it is damaged, or no embedding.")
    if kind and not widths & CHECKPOINTS[kind].encoders:
        raise invalid(field, f"The embedding {stem(file)!r} is not for {kind} models, and one of these is used here.")
    return called


@lru_cache(maxsize=4096)
def _embedding_widths(name: str, modified: int) -> frozenset[int]:
    """The widths of the text encoders that an embedding has vectors for, read as ComfyUI's encoders read it."""
    folders, widths = folder_paths.get_folder_paths("embeddings"), set()
    for width, key in ENCODERS.items():
        try:
            vectors = load_embed(name, folders, width, key)
            if vectors is not None and vectors.shape[-1] == width:
                widths.add(width)
        except Exception:  # whatever a file that is no embedding leads to
            continue
    return frozenset(widths)


async def checkpoint(name: str | None, kind: CheckpointKind, settings: Settings, field: str = "checkpoint") -> str:
    """The checkpoint called `name`; without a name the settings' one, or the only one that fits. Refused otherwise."""
    if name:
        found = find(field, "checkpoints", name)
        traits = await traits_of(found)
        if traits.kind not in (None, kind):
            raise invalid(field, f"{field} {stem(found)!r} is a {traits.kind} model, and {kind} is needed here.")
        return found
    if chosen := getattr(settings.checkpoints, kind):
        return default("checkpoints", chosen)
    fitting = [
        file
        for file in folder_paths.get_filename_list("checkpoints")
        if await traits_of(file) == Traits(kind, inpaint=False)
    ]
    return _only(field, f"{kind} checkpoint", fitting, f"checkpoints.{kind}")


def controlnet(name: str | None, settings: Settings) -> str:
    """The ControlNet called `name`, the settings' one, the only canny one, or the only one."""
    if name:
        return find("controlnet", "controlnet", name)
    if settings.controlnet:
        return default("controlnet", settings.controlnet)
    files = folder_paths.get_filename_list("controlnet")
    canny = [file for file in files if "canny" in file.casefold()]
    return _only("controlnet", "ControlNet", canny or files, "controlnet")


def photomaker(settings: Settings) -> str:
    """The settings' PhotoMaker model, or the only one."""
    if settings.photomaker:
        return default("photomaker", settings.photomaker)
    files = folder_paths.get_filename_list("photomaker")
    return _only("transfer_images", "PhotoMaker model", files, "photomaker")


def _only(field: str, what: str, files: Sequence[str], setting: str) -> str:
    if len(files) == 1:
        return files[0]
    how_many = "no" if not files else f"{len(files)}"
    raise invalid(
        field,
        f"This server has {how_many} {what} to choose from and none is set as default. Name one in the request, or "
        f"set {setting} in the server's settings.",
    )


def require_detector(name: str) -> None:
    """Refused if the weights of a detector that does not ship with the pack are not there."""
    missing = registry.find(name).lacks()
    if missing:
        raise invalid(
            "detector",
            f"The detector {name} needs the file {missing} in models/ultralytics, which this server does not have. Use "
            "another detector, such as face_full_mediapipe.",
        )


def require_style(name: str, field: str = "style_preset") -> None:
    """Refused, with the nearest names, if there is no such style."""
    try:
        styles.find(name, at_hand())
    except ValueError as error:
        raise invalid(field, str(error)) from None


async def traits_of(file: str) -> Traits:
    """What kind of checkpoint a file of models/checkpoints is, from the shapes of two of its layers."""
    try:
        path = Path(folder_paths.get_full_path_or_raise("checkpoints", file))
        stat = path.stat()
    except FileNotFoundError:  # it was there a moment ago; its loader will say so
        return Traits(None, inpaint=False)
    return await asyncio.to_thread(_traits, path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4096)
def _traits(path: Path, modified: int, size: int) -> Traits:
    try:
        shapes = _safetensors_shapes(path) if path.suffix.lower() in (".safetensors", ".sft") else _pickle_shapes(path)
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError):
        return Traits(None, inpaint=False)
    widths = [shape[-1] for name, shape in shapes.items() if ATTENTION.match(name)]
    channels = [shape[1] for name, shape in shapes.items() if FIRST_LAYER.match(name)]
    kind: CheckpointKind | None = None
    if widths:
        kind = next((known.kind for known in CHECKPOINTS.values() if known.context == widths[0]), None)
    return Traits(kind, INPAINT_CHANNELS in channels)


def _safetensors_shapes(path: Path) -> dict[str, list[int]]:
    with safe_open(path, "pt") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118  not a dict


def _pickle_shapes(path: Path) -> dict[str, list[int]]:
    tensors: Any = comfy.utils.load_torch_file(str(path), safe_load=True, device=torch.device("meta"))
    return {name: list(tensor.shape) for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor)}
