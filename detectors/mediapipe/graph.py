"""Runs the networks of detectors/weights: each file holds a list of torch operations beside the weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from safetensors import safe_open

Node = dict[str, Any]  # op, inputs, output, args


class GraphStep(NamedTuple):
    operation: Callable[..., torch.Tensor]
    inputs: Sequence[str]
    output: str
    args: dict[str, Any]
    done: Sequence[str]
    """The values that no later step reads."""


class GraphNet(torch.nn.Module):
    """A network read from `path`: [B, 3, size, size] in, one tensor [B, rows, values] or [B, values] per output out.

    It runs where its weights are. ComfyUI's model patcher writes an attribute `device`, so none is defined here.
    """

    def __init__(self, path: Path):
        super().__init__()
        with safe_open(path, "pt") as file:
            graph = json.loads(file.metadata()["graph"])
            for name in file.keys():  # noqa: SIM118, safe_open is no mapping
                weight = torch.nn.Parameter(_channels_last(file.get_tensor(name).float()), requires_grad=False)
                self.register_parameter(name, weight)
        self.size: int = graph["size"]
        self.entry: str = graph["input"]
        self.outputs: list[str] = graph["outputs"]
        self.steps = planned(with_padding_in_convolutions(graph["nodes"]), self.outputs)

    @torch.no_grad()
    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        values: dict[str, Any] = dict(self._parameters)
        values[self.entry] = _channels_last(images.to(next(self.parameters()).device))
        for operation, inputs, output, args, done in self.steps:
            result = operation(*[values[name] for name in inputs], **args)
            for name in done:
                del values[name]
            values[output] = result
        return [values[name] for name in self.outputs]


def _channels_last(x: torch.Tensor) -> torch.Tensor:
    """The same values, laid out as convolutions on a CPU are quickest with: twice as quick as channels first."""
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


def with_padding_in_convolutions(nodes: Sequence[Node]) -> list[Node]:
    """The graph without those steps that only pad an image evenly for the convolution that follows them."""
    reads = [name for node in nodes for name in node["inputs"]]
    folded: list[Node] = []
    for node in nodes:
        pad = folded[-1] if folded and folded[-1]["op"] == "pad" else None
        if pad and node["op"] == "conv2d" and node["inputs"][0] == pad["output"] and reads.count(pad["output"]) == 1:
            left, right, top, bottom, *channels = pad["args"]["padding"]
            if left == right and top == bottom and not any(channels) and node["args"]["padding"] == [0, 0]:
                inputs, args = [*pad["inputs"], *node["inputs"][1:]], {**node["args"], "padding": [top, left]}
                folded[-1] = {**node, "inputs": inputs, "args": args}
                continue
        folded.append(node)
    return folded


def planned(nodes: Sequence[Node], outputs: Sequence[str]) -> list[GraphStep]:
    """What to run, and what to forget after each step; in place where the step itself made the value it reads last."""
    needed, done = set(outputs), []
    for node in reversed(nodes):
        needed.discard(node["output"])
        done.insert(0, [name for name in dict.fromkeys(node["inputs"]) if name not in needed])
        needed.update(node["inputs"])
    own: set[str] = set()  # values that are no weights and that nothing else shares its memory with
    steps = []
    for node, last in zip(nodes, done, strict=True):
        op, inputs = node["op"], node["inputs"]
        if op == "add" and not own.intersection(inputs[:1], last):
            inputs = inputs[::-1]
        in_place = op in IN_PLACE and bool(own.intersection(inputs[:1], last))
        steps.append(GraphStep((IN_PLACE if in_place else OPERATIONS)[op], inputs, node["output"], node["args"], last))
        own.difference_update(inputs if op in VIEWS else last)
        if op not in VIEWS:
            own.add(node["output"])
    return steps


def rows(x: torch.Tensor, length: int) -> torch.Tensor:
    """[B, C, H, W] as [B, H * W * C / length, length], the channels of one cell next to each other."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, length)


def _resize(x: torch.Tensor, size: list[int]) -> torch.Tensor:
    """[B, C, H, W] at another (height, width), bilinear between the centres of pixels."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def depth_to_space(x: torch.Tensor, block: int) -> torch.Tensor:
    """[B, block * block * C, H, W] -> [B, C, H * block, W * block]; C is the fastest index, unlike in pixel_shuffle."""
    return F.pixel_shuffle(x.unflatten(1, (block * block, -1)).transpose(1, 2).flatten(1, 2), block)


OPERATIONS = {
    "add": torch.add,
    "cat": lambda *parts, dim: torch.cat(parts, dim),
    "conv2d": F.conv2d,
    "conv_transpose2d": F.conv_transpose2d,
    "depth_to_space": depth_to_space,
    "flatten": lambda x: x.flatten(1),
    "linear": F.linear,
    "max_pool2d": F.max_pool2d,
    "mean": lambda x: x.mean((2, 3)),
    "pad": lambda x, padding: F.pad(x, padding),
    "prelu": F.prelu,
    "relu": F.relu,
    "relu6": F.relu6,
    "resize": _resize,
    "rows": rows,
    "sigmoid": torch.sigmoid,
}
IN_PLACE = {
    "add": torch.Tensor.add_,
    "relu": F.relu_,
    "relu6": lambda x: F.hardtanh_(x, 0.0, 6.0),
    "sigmoid": torch.sigmoid_,
}
VIEWS = {"flatten", "rows"}  # their result may share memory with what they are given
