"""Conditionings of several regions as one for a batch of them, where they can be joined."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import torch

from .conditioning import Conditioning
from .control import ControlCrop, control_for_batch


def signature(conditioning: Conditioning) -> Hashable:
    """What has to be equal for two conditionings to share a batch."""
    return tuple(
        (_value_signature(tensor), tuple(sorted((key, _value_signature(value)) for key, value in options.items())))
        for tensor, options in conditioning
    )


def batched(conditionings: Sequence[Conditioning]) -> Conditioning:
    """One conditioning for a batch, item i of it from `conditionings[i]`, which all have the same signature."""
    return [
        [
            _joined([tensor for tensor, _ in entries]),
            {key: _joined_option([options[key] for _, options in entries]) for key in entries[0][1]},
        ]
        for entries in zip(*conditionings, strict=True)
    ]


def with_equal_lengths(conditionings: Sequence[Conditioning]) -> list[Conditioning]:
    """The same with as many tokens each, by repeating whole sequences.

    Cross-attention gives the same for a sequence and its repetition: each key's softmax weight is shared among its
    copies. That holds where tokens have no place of their own, as in UNets, and only there.
    """
    lengths = {tensor.shape[1] for conditioning in conditionings for tensor, _ in conditioning}
    common = math.lcm(*lengths)
    return [
        [[tensor.repeat(1, common // tensor.shape[1], 1), options] for tensor, options in conditioning]
        for conditioning in conditionings
    ]


def _value_signature(value: Any) -> Hashable:
    match value:
        case ControlCrop():
            return value.identity
        case torch.Tensor() if value.ndim > 1 and len(value) == 1:
            return "one of a batch", tuple(value.shape)
        case list() | tuple():
            return tuple(_value_signature(item) for item in value)
        case str() | int() | float() | bool() | None:
            return str(value)
        case _:  # what has no axis for a batch is shared by those that have the very same
            return str(id(value))


def _joined(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    first = tensors[0]
    return first if all(tensor is first for tensor in tensors) else torch.cat(list(tensors))


def _joined_option(values: Sequence[Any]) -> Any:
    match values[0]:
        case ControlCrop():
            return control_for_batch(values)
        case torch.Tensor():
            return _joined(values)
        case list() as items if items and all(isinstance(item, torch.Tensor) for item in items):
            return [_joined(column) for column in zip(*values, strict=True)]
        case value:
            return value
