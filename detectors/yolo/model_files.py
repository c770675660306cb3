"""The YOLO files of a ComfyUI installation, and the detectors they make."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from .. import store, ultralytics_package
from ..detector import Detector, Entry, Progress
from .checkpoint_errors import OtherArchitecture
from .onnx import ONNX
from .predictor import YoloDetector

FOLDERS = {"ultralytics_bbox": "ultralytics/bbox", "ultralytics_segm": "ultralytics/segm", "ultralytics": "ultralytics"}
"""Folder keys that packs share, and where each lies under models/."""

PREFIXES = {"ultralytics_bbox": "bbox/", "ultralytics_segm": "segm/", "ultralytics": ""}
"""What people know in front of a file's name, by folder key."""

SUFFIXES = (".safetensors", ".pt", ONNX)
"""Best first: a .safetensors file needs no pickle reader, an .onnx file needs a package."""


def _comfyui_folders() -> Any:
    """ComfyUI's module folder_paths, with our folders known to it; None outside ComfyUI, which loads it before packs.

    Paths and extensions that others have registered are kept.
    """
    folder_paths: Any = sys.modules.get("folder_paths")
    if folder_paths is None:
        return None
    for key, folder in FOLDERS.items():
        paths, extensions = folder_paths.folder_names_and_paths.get(key, ([], set()))
        default = str(Path(folder_paths.models_dir, folder))
        paths = paths if default in paths else [*paths, default]
        folder_paths.folder_names_and_paths[key] = (paths, {*extensions, *SUFFIXES})
    return folder_paths


def _listed() -> dict[str, Path]:
    """Every weights file by the name it is listed under, such as bbox/face_yolov8m.pt. Empty without ComfyUI."""
    folder_paths = _comfyui_folders()
    if folder_paths is None:
        return {}
    files: dict[str, Path] = {}
    for key, prefix in PREFIXES.items():
        for relative in folder_paths.get_filename_list(key):
            path = folder_paths.get_full_path(key, relative)
            if path is not None and relative.lower().endswith(SUFFIXES):
                files.setdefault(prefix + relative.replace("\\", "/"), Path(path))
    return files


def entries() -> Iterable[Entry]:
    """The named detectors, whether their files are there or not, then every file."""
    for name in store.weights():
        yield Entry(name, partial(_open_named, name), lacks=partial(lacking, name), fetch=partial(fetch, name))
    for name, path in _listed().items():
        yield Entry(name, partial(open_file, path))


def open_file(path: Path) -> Detector:
    """The detector in a file: by this pack's own network, or by ultralytics for an architecture that is another."""
    if not path.is_file():
        raise store.WeightsError(f"{path} is no longer there. Put it back, or choose another detector.")
    try:
        return YoloDetector.open(path)
    except OtherArchitecture as error:
        if path.suffix.lower() != ".pt":
            raise
        return ultralytics_package.open_other(path, error)


def _open_named(name: str) -> Detector:
    """The detector called `name` in weights.json; WeightsError says where its file belongs if it is not there."""
    path = find_named(name)
    if path is None:
        raise store.WeightsError(missing(name))
    return open_file(path)


def find_named(name: str) -> Path | None:
    """The file whose name without suffix is `name`, in any of the folders; None if there is none."""
    files = [(PurePosixPath(listed_as), path) for listed_as, path in _listed().items()]
    for suffix in SUFFIXES:
        for listed_as, path in files:
            if listed_as.stem == name and listed_as.suffix.lower() == suffix:
                return path
    return None


def missing(name: str) -> str:
    """What a person can do about the absent file of a named detector."""
    weight = store.weights()[name]
    size = f"{weight.size / 1e6:.1f} MB, " if weight.size else ""
    called = "" if weight.url.endswith(weight.file) else f" as {weight.file}"
    return (
        f"The detector {name} needs the file {weight.file}, which is not there. Get it from {weight.url} and put it "
        f"into {_folder(weight)}{called}, or turn on download_missing to have it fetched "
        f"({size}{weight.licence}, {weight.check})."
    )


def lacking(name: str) -> str:
    """The file of the named detector `name` if it is absent, else ""."""
    return "" if find_named(name) else store.weights()[name].file


def fetch(name: str, progress: Progress | None = None) -> Path:
    """The file of the named detector `name`, downloaded if it is absent; WeightsError if that fails."""
    weight = store.weights()[name]
    return find_named(name) or store.download(weight, _folder(weight), YoloDetector.open, progress)


def _folder(weight: store.Weight) -> Path:
    """Where a downloaded file goes: the first folder of its key."""
    folder_paths = _comfyui_folders()
    if folder_paths is None:
        return Path("models", FOLDERS[weight.folder])
    return Path(folder_paths.get_folder_paths(weight.folder)[0])
