"""Networks in the ONNX files that ultralytics exports, run by onnxruntime where it is installed."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from ..optional import version
from .checkpoint_errors import CheckpointError, OtherArchitecture
from .letterbox import GREY, PROTOTYPE_STRIDE, SIZE
from .network import Output

ONNX = ".onnx"
TASKS = ("detect", "segment")
MAX_BYTES = 1 << 30
END_TO_END = 6  # values of an object whose export has done the suppression: x0, y0, x1, y1, score, class


def open_network(path: Path) -> OnnxNetwork:
    """The network in an .onnx file. CheckpointError says why it cannot be used, or what to install."""
    if not version("onnxruntime"):
        raise OtherArchitecture(
            path, "is an ONNX export. To use it, install onnxruntime (pip install onnxruntime), or take its .pt file"
        )
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(path, "is larger than any YOLO")
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has its own types of errors
        reason = f"is no ONNX file that onnxruntime {version('onnxruntime')} can read ({str(error).splitlines()[0]})"
        raise CheckpointError(path, reason) from error
    return OnnxNetwork(session, path)


class OnnxNetwork(nn.Module):
    """An exported network, on the CPU whatever device its one weight, which only stands for them, is on."""

    def __init__(self, session: Any, path: Path):
        super().__init__()
        self._session, self._path = session, path
        self.stand_in = nn.Parameter(torch.zeros(1), requires_grad=False)
        about = session.get_modelmeta().custom_metadata_map
        self.names = _class_names(about.get("names", ""))
        task = about.get("task", "detect")
        if not self.names or task not in TASKS:
            what = f"is a {task} network" if self.names else "names no classes, so it is no export of ultralytics"
            raise OtherArchitecture(path, f"{what}: use an export of a detection or segmentation network")
        [images] = session.get_inputs()
        self._input = images.name
        self._sides = [side if isinstance(side, int) else None for side in images.shape[2:]]
        if any(side is not None and side < SIZE for side in self._sides):
            size = "x".join(map(str, reversed(self._sides)))
            raise OtherArchitecture(path, f"was exported for {size} px: export it with imgsz={SIZE}")
        self.masks = len(session.get_outputs()) > 1
        rows = session.get_outputs()[0].shape[-1]
        self.single = isinstance(rows, int) and rows < SIZE  # one row an object; else a column a place

    def forward(self, images: torch.Tensor) -> Output:
        """[B, 3, h, w] -> boxes and scores; with fixed sides, the rest of the input is grey."""
        height, width = images.shape[-2:]
        wanted = [side or own for side, own in zip(self._sides, (height, width), strict=True)]
        pixels = F.pad(images.float().cpu(), (0, wanted[1] - width, 0, wanted[0] - height), value=GREY)
        parts = [self._run(pixels[i : i + 1]) for i in range(len(pixels))]  # many exports take one image only
        objects = torch.cat([part[0] for part in parts])
        boxes, scores, coefficients = self._single(objects) if self.single else self._dense(objects)
        if not self.masks:
            return Output(boxes, scores, None, None)
        rows, columns = height // PROTOTYPE_STRIDE, width // PROTOTYPE_STRIDE
        return Output(boxes, scores, coefficients, torch.cat([part[1] for part in parts])[..., :rows, :columns])

    def _run(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        try:
            return [torch.from_numpy(part) for part in self._session.run(None, {self._input: pixels.numpy()})]
        except Exception as error:  # the runtime has its own types of errors
            raise CheckpointError(self._path, f"cannot be run ({str(error).splitlines()[0]})") from error

    def _dense(self, objects: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of [B, 4 + classes + M, N]: centre and size, a score for each class, coefficients of the masks."""
        values = objects.mT
        centre, size, scores, rest = values.split([2, 2, len(self.names), values.shape[-1] - 4 - len(self.names)], -1)
        return torch.cat([centre - size / 2, centre + size / 2], -1), scores, rest

    def _single(self, objects: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Of [B, N, 6 + M]: corners, score and class, coefficients of the masks."""
        boxes, score, label, rest = objects.split([4, 1, 1, objects.shape[-1] - END_TO_END], -1)
        scores = score * F.one_hot(label[..., 0].long().clamp(0, len(self.names) - 1), len(self.names))
        return boxes, scores, rest


def _class_names(text: str) -> Sequence[str]:
    """Of the metadata, such as "{0: 'face', 1: 'hand'}"; none if it is nothing of the kind."""
    try:
        names = ast.literal_eval(text)
        return tuple(str(names[i]) for i in range(len(names)))
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        return ()
