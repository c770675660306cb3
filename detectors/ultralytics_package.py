"""Networks that the own code does not run, run by the ultralytics package where it is installed and needed.

The package is used in its safe mode only (it then builds known classes from a file and nothing else), offline, and
what it changes in the whole process when it is imported, loads or predicts is put back.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..detailer.detection import Detection, Extent
from ..detailer.mask import MaskPatch
from .detector import Detector
from .optional import version
from .yolo import kind
from .yolo.checkpoint_errors import CheckpointError, OtherArchitecture
from .yolo.predictor import mask_box

OLDEST = (8, 4, 90)
"""The first version known to have the safe mode."""
OLDEST_TORCH = (2, 6)
"""Below, the safe mode silently loads unsafely."""

SAFE_MODE = {"ULTRALYTICS_SAFE_LOAD": "1", "YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}

BATCH = 8
TASKS = ("detect", "segment", "pose")
"""Those whose results have upright boxes."""


def open_other(path: Path, refusal: OtherArchitecture) -> Detector:
    """The detector in a .pt file that was refused as `refusal`.

    CheckpointError says why the file cannot be used, or what to install.
    """
    if not kind.gives_boxes(refusal.reason):
        raise refusal
    problem = unusable()
    if problem:
        raise OtherArchitecture(path, f"{refusal.reason}. {problem}") from refusal
    try:
        with undisturbed():
            model = importlib.import_module("ultralytics").YOLO(str(path))
    except Exception as error:  # the package raises its own choice of types for a bad file
        reason = f"could not be opened by ultralytics {version('ultralytics')} ({_first_line(error)})"
        raise CheckpointError(path, reason) from error
    if model.task not in TASKS:
        raise CheckpointError(path, f"is a network for the task {model.task!r}, which gives no boxes")
    return UltralyticsDetector(model, path)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"


def unusable() -> str:
    """Why ultralytics cannot be used here, as a sentence; empty if it can."""
    if not version("ultralytics"):
        return "To use it, install the package ultralytics (pip install ultralytics)"
    if _numbers(version("ultralytics")) < OLDEST:
        return f"To use it, update ultralytics {version('ultralytics')} to {'.'.join(map(str, OLDEST))} or newer"
    if _numbers(torch.__version__) < OLDEST_TORCH:
        return f"To use it, update PyTorch {torch.__version__} to 2.6 or newer: ultralytics reads files unsafely below"
    loaded = sys.modules.get("ultralytics.utils")
    if loaded is not None and not getattr(loaded, "SAFE_LOAD", False):
        return (
            "Another node pack has already loaded ultralytics without its safe mode; to use this file, start ComfyUI "
            "with the environment variable ULTRALYTICS_SAFE_LOAD=1"
        )
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, such as 2.11.0+cu130."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


class UltralyticsDetector:
    """A model of the ultralytics package. It holds state while it predicts, so calls wait for each other."""

    def __init__(self, model: Any, path: Path):
        self._model, self._path, self._lock = model, path, threading.Lock()

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The package's own module."""
        return (self._model.model,)

    @property
    def names(self) -> tuple[str, ...]:
        """Its classes, in the order of their numbers."""
        return tuple(self._model.names.values())

    def set_classes(self, classes: Sequence[str]) -> bool:
        """Ask an open-vocabulary network (World) for these classes; any other keeps its own."""
        if not hasattr(self._model, "set_classes"):
            return False
        try:
            with self._lock, undisturbed():
                self._model.set_classes(list(classes))
        except Exception as error:  # the package raises its own choice of types, and wants a text encoder installed
            raise ValueError(f"The detector cannot look for {', '.join(classes)}: {error}") from error
        return True

    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Detections of [B, H, W, 3] images (float, 0..1, any device) with score >= confidence, best first."""
        found: list[list[Detection]] = []
        with self._lock, undisturbed():
            device = next(self._model.model.parameters()).device
            for batch in images.split(BATCH):
                bgr = (batch.float().clamp(0, 1) * 255).round().to(torch.uint8).flip(-1).cpu().numpy()
                pictures = [np.ascontiguousarray(image) for image in bgr]
                found += map(_detections, self._predict(pictures, confidence, device))
        return found

    def _predict(self, images: list[np.ndarray], confidence: float, device: torch.device) -> list[Any]:
        """The package's results for [H, W, 3] images, 8 bits, BGR."""
        try:
            return self._model.predict(
                images,
                conf=confidence,
                iou=0.7,
                imgsz=640,  # otherwise the size the file was trained at
                device=device,
                retina_masks=True,
                verbose=False,
                save=False,
            )
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = (
                f"cannot be run by ultralytics {version('ultralytics')} ({_first_line(error)}); try another version"
            )
            raise CheckpointError(self._path, reason) from error


def _detections(result: Any) -> list[Detection]:
    """The objects of one ultralytics result."""
    height, width = result.orig_shape
    masks = result.masks.data.cpu() if result.masks is not None else None  # [N, height, width]
    found: list[Detection] = []
    for n, (x0, y0, x1, y1, score, label) in enumerate(result.boxes.data[:, -6:].cpu().tolist()):
        extent = Extent(x0, y0, x1, y1)
        name = str(result.names[int(label)])
        if x1 <= x0 or y1 <= y0:
            continue
        detection = Detection.of_extent(extent, score, name, width, height)
        if masks is not None:
            box = mask_box(extent, width, height)
            mask = MaskPatch(box, masks[(n, *box.slices)].float())
            detection = Detection(box, score, name, extent, mask) if mask.values.any() else None  # as in YoloDetector
        if detection is not None:
            found.append(detection)
    return sorted(found, key=lambda detection: -detection.score)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run ultralytics with its safe settings, and afterwards put back what it changes for the whole process."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))  # its settings.json
        stack.callback(_restore_environment, dict(os.environ))
        os.environ.update(SAFE_MODE, YOLO_CONFIG_DIR=folder)
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(np.printoptions())
        stack.callback(torch.set_printoptions, **_print_options())
        stack.callback(_restore_safe_globals, torch.serialization.get_safe_globals())
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        stack.callback(_restore_attributes, Image, {"open": Image.open})
        stack.callback(_restore_attributes, torch, {"save": torch.save})
        if find_spec("cv2") is not None:
            cv2 = importlib.import_module("cv2")
            stack.callback(cv2.setNumThreads, cv2.getNumThreads())
            readers = {name: getattr(cv2, name) for name in ("imread", "imwrite", "imshow")}
            stack.callback(_restore_attributes, cv2, readers)
        yield


def _restore_environment(before: dict[str, str]) -> None:
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


def _print_options() -> dict[str, Any]:
    """PyTorch's print options, which it lets one set but not ask for."""
    return dict(vars(importlib.import_module("torch._tensor_str").PRINT_OPTS))


def _restore_safe_globals(before: list[Any]) -> None:
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(before)


def _restore_attributes(module: Any, before: dict[str, Any]) -> None:
    for name, value in before.items():
        setattr(module, name, value)
