"""Rewrites mediapipe's TFLite networks as safetensors: fp16 weights, and the graph in torch's terms in the metadata.

    python -m detectors.weights.conversion.tflite_to_safetensors WHEEL FOLDER

Weights and activations change from TensorFlow's channels-last to torch's channels-first order; no value changes.
The same wheel gives the same files, byte for byte.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from .tflite import Model, Operator, load_schema, read

MODELS = {
    "face_detector_short": "face_detection/face_detection_short_range.tflite",
    "face_detector_full": "face_detection/face_detection_full_range_sparse.tflite",
    "face_landmarks": "face_landmark/face_landmark.tflite",
    "palm_detector": "palm_detection/palm_detection_full.tflite",
    "hand_landmarks": "hand_landmark/hand_landmark_full.tflite",
}

SAME = 0
ACTIVATIONS = {0: None, 1: "relu", 3: "relu6"}


class Translation:
    """The torch graph of one model while it is written, and the weights it refers to."""

    def __init__(self, model: Model):
        self.model = model
        self.nodes: list[dict[str, Any]] = []
        self.weights: dict[str, np.ndarray] = {}
        for op in model.operators:
            TRANSLATORS[op.kind](self, op)
            activation = ACTIVATIONS[getattr(op.options, "fusedActivationFunction", 0)]
            if activation:
                self.emit(activation, op.outputs[0], [op.outputs[0]])

    def emit(self, op: str, output: int | str, inputs: Sequence[int | str], **args: Any) -> None:
        self.nodes.append({"op": op, "inputs": [str(name) for name in inputs], "output": str(output), "args": args})

    def weight(self, index: int, *axes: int) -> str:
        """Keeps constant `index` as a float16 weight, its axes put in the order `axes`, and returns its name."""
        values = self.model.constants[index]
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(values.dtype), values):
            raise ValueError(f"Constant {index} of the network does not fit float16 without loss.")
        name = f"weight_{index}"
        self.weights[name] = np.ascontiguousarray(half.transpose(axes) if axes else half.reshape(-1))
        return name

    def graph(self) -> dict[str, Any]:
        """The finished graph; every output is [batch, values] or [batch, rows, values]."""
        outputs = []
        for index in self.model.outputs:
            if len(self.model.shapes[index]) == 4:
                if self.model.shapes[index][1:3] != (1, 1):
                    raise ValueError(f"Output {index} is a map of {self.model.shapes[index]}, not a vector.")
                self.emit("flatten", index, [index])
            outputs.append(str(index))
        entry = self.model.inputs[0]
        size = self.model.shapes[entry][1]
        return {"input": str(entry), "size": size, "nodes": self.nodes, "outputs": outputs}


def padded_input(to: Translation, op: Operator, kernel: tuple[int, int]) -> tuple[int | str, tuple[int, int]]:
    """The input of a convolution and its symmetric padding (y, x). TensorFlow pads the odd pixel below and right."""
    source = op.inputs[0]
    if op.options.padding != SAME:
        return source, (0, 0)
    size, stride = to.model.shapes[source][1:3], (op.options.strideH, op.options.strideW)
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(size, stride, kernel, strict=True)]
    (top, left), (bottom, right) = [t // 2 for t in total], [t - t // 2 for t in total]
    if (top, left) == (bottom, right):
        return source, (top, left)
    padded = f"{op.outputs[0]}_padded"
    to.emit("pad", padded, [source], padding=[left, right, top, bottom])
    return padded, (0, 0)


def conv_2d(to: Translation, op: Operator) -> None:
    kernels, bias = op.inputs[1:]
    depthwise = op.kind == "DEPTHWISE_CONV_2D"
    channels = to.model.shapes[op.inputs[0]][3]
    source, padding = padded_input(to, op, to.model.constants[kernels].shape[1:3])
    to.emit(
        "conv2d",
        op.outputs[0],
        [source, to.weight(kernels, *((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))), to.weight(bias)],
        stride=[op.options.strideH, op.options.strideW],
        padding=list(padding),
        groups=channels if depthwise else 1,
    )


def max_pool_2d(to: Translation, op: Operator) -> None:
    kernel = (op.options.filterHeight, op.options.filterWidth)
    stride = (op.options.strideH, op.options.strideW)
    if any(n % k for n, k in zip(to.model.shapes[op.inputs[0]][1:3], kernel, strict=True)) or kernel != stride:
        raise ValueError(f"Max pooling of {to.model.shapes[op.inputs[0]]} by {kernel} would need padding.")
    to.emit("max_pool2d", op.outputs[0], [op.inputs[0]], kernel_size=list(kernel))


def pad(to: Translation, op: Operator) -> None:
    _, rows, columns, channels = to.model.constants[op.inputs[1]].tolist()
    to.emit("pad", op.outputs[0], [op.inputs[0]], padding=[*columns, *rows, *channels])


def reshape(to: Translation, op: Operator) -> None:
    values = to.model.shapes[op.outputs[0]]
    if len(to.model.shapes[op.inputs[0]]) != 4 or len(values) != 3:
        raise ValueError(f"RESHAPE to {values} is not the end of a detection head.")
    to.emit("rows", op.outputs[0], [op.inputs[0]], length=values[2])


def resize_bilinear(to: Translation, op: Operator) -> None:
    if op.options.alignCorners or not op.options.halfPixelCenters:
        raise ValueError("RESIZE_BILINEAR is only translated with half-pixel centres.")
    to.emit("resize", op.outputs[0], [op.inputs[0]], size=list(to.model.shapes[op.outputs[0]][1:3]))


def fully_connected(to: Translation, op: Operator) -> None:
    source, matrix, bias = op.inputs
    to.emit("linear", op.outputs[0], [source, to.weight(matrix, 0, 1), to.weight(bias)])


def mean(to: Translation, op: Operator) -> None:
    if to.model.constants[op.inputs[1]].tolist() != [1, 2]:
        raise ValueError("MEAN is only translated over rows and columns.")
    to.emit("mean", op.outputs[0], [op.inputs[0]])


def prelu(to: Translation, op: Operator) -> None:
    to.emit("prelu", op.outputs[0], [op.inputs[0], to.weight(op.inputs[1])])


def depth_to_space(to: Translation, op: Operator) -> None:
    to.emit("depth_to_space", op.outputs[0], [op.inputs[0]], block=op.options.blockSize)


def concatenation(to: Translation, op: Operator) -> None:
    if len(to.model.shapes[op.outputs[0]]) != 3:
        raise ValueError("CONCATENATION is only translated for the rows of detection heads.")
    to.emit("cat", op.outputs[0], op.inputs, dim=op.options.axis)


def plain(name: str) -> Callable[[Translation, Operator], None]:
    """An operator that takes activations only and has no arguments."""
    return lambda to, op: to.emit(name, op.outputs[0], op.inputs)


TRANSLATORS: dict[str, Callable[[Translation, Operator], None]] = {
    "ADD": plain("add"),
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": conv_2d,
    "DEPTH_TO_SPACE": depth_to_space,
    "FULLY_CONNECTED": fully_connected,
    "LOGISTIC": plain("sigmoid"),
    "MAX_POOL_2D": max_pool_2d,
    "MEAN": mean,
    "PAD": pad,
    "PRELU": prelu,
    "RELU": plain("relu"),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
}


def main(wheel: Path, folder: Path) -> None:
    schema = load_schema(wheel)
    with zipfile.ZipFile(wheel) as archive:
        for name, path in MODELS.items():
            translation = Translation(read(archive.read(f"mediapipe/modules/{path}"), schema))
            graph = json.dumps(translation.graph(), separators=(",", ":"))
            (folder / f"{name}.safetensors").write_bytes(save(translation.weights, metadata={"graph": graph}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
