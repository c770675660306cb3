"""Reads a TensorFlow Lite file into plain values: operators in order, and the constant tensors they use."""

from __future__ import annotations

import importlib.util
import zipimport
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Operator:
    """One operator. `inputs` and `outputs` are tensor indices, -1 for an input that is left out."""

    kind: str
    inputs: list[int]
    outputs: list[int]
    options: Any


@dataclass(frozen=True)
class Model:
    """The first subgraph of a file. Shapes are in TensorFlow's order, batch, height, width, channels."""

    inputs: list[int]
    outputs: list[int]
    operators: list[Operator]
    constants: dict[int, np.ndarray]
    shapes: dict[int, tuple[int, ...]]


def load_schema(wheel: Path) -> ModuleType:
    """The flatbuffers classes of the TFLite format, out of the mediapipe wheel that also holds the models."""
    spec = zipimport.zipimporter(f"{wheel}/mediapipe/tasks/metadata").find_spec("schema_py_generated")
    if spec is None or spec.loader is None:
        raise ValueError(f"{wheel} holds no mediapipe/tasks/metadata/schema_py_generated.py")
    schema = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(schema)
    return schema


def read(data: bytes, schema: ModuleType) -> Model:
    """The model in `data`, with DEQUANTIZE and DENSIFY of constants already carried out."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    graph = model.subgraphs[0]
    kinds = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    codes = [kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
    constants = _constants(model, graph, schema)
    operators = []
    for op in graph.operators:
        node = Operator(codes[op.opcodeIndex], list(map(int, op.inputs)), list(map(int, op.outputs)), op.builtinOptions)
        if node.kind in ("DEQUANTIZE", "DENSIFY") and node.inputs[0] in constants:
            constants[node.outputs[0]] = constants[node.inputs[0]]
        else:
            operators.append(node)
    shapes = {index: _shape(tensor) for index, tensor in enumerate(graph.tensors)}
    return Model(list(map(int, graph.inputs)), list(map(int, graph.outputs)), operators, constants, shapes)


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor.shape is None else tuple(map(int, tensor.shape))


def _constants(model: Any, graph: Any, schema: ModuleType) -> dict[int, np.ndarray]:
    types = schema.TensorType
    dtypes = {types.FLOAT32: np.float32, types.FLOAT16: np.float16, types.INT32: np.int32}
    constants = {}
    for index, tensor in enumerate(graph.tensors):
        data = model.buffers[tensor.buffer].data
        if data is None or len(data) == 0:
            continue
        values = np.frombuffer(np.asarray(data, np.uint8).tobytes(), dtypes[tensor.type])
        shape = _shape(tensor)
        constants[index] = values.reshape(shape) if tensor.sparsity is None else densify(values, shape, tensor.sparsity)
    return constants


def densify(values: np.ndarray, shape: tuple[int, ...], sparsity: Any) -> np.ndarray:
    """The dense array of TFLite's sparse format (schema.fbs, SparsityParameters).

    The stored values are the leaves of a tree with one level per dimension in traversal order, a blocked dimension
    having a second, inner level. Each level either enumerates all its indices or lists them per parent (CSR).
    """
    blocks = [] if sparsity.blockMap is None else list(map(int, sparsity.blockMap))
    order = list(map(int, sparsity.traversalOrder))
    leaves = np.zeros((1, 0), np.int64)  # [leaves so far, levels so far]
    for level in sparsity.dimMetadata:
        if level.arraySegments is None:
            below = np.tile(np.arange(level.denseSize), len(leaves))
            leaves = np.repeat(leaves, level.denseSize, axis=0)
        else:
            below = np.asarray(level.arrayIndices.values, np.int64)
            leaves = np.repeat(leaves, np.diff(level.arraySegments.values.astype(np.int64)), axis=0)
        leaves = np.column_stack([leaves, below])
    index = np.zeros((len(shape), len(leaves)), np.int64)
    for inner, dimension in enumerate(blocks):
        size = sparsity.dimMetadata[order.index(len(shape) + inner)].denseSize
        index[dimension] = leaves[:, order.index(dimension)] * size + leaves[:, order.index(len(shape) + inner)]
    for dimension in set(range(len(shape))) - set(blocks):
        index[dimension] = leaves[:, order.index(dimension)]
    dense = np.zeros(shape, values.dtype)
    dense[tuple(index)] = values
    return dense
