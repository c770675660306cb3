"""Bundles (.task) for mediapipe's new landmarkers, from the networks in the wheel of its old release."""

# pyright: reportMissingImports=false
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

IRISES = 30  # values of the ten iris points that the newer face mesh has after the 468 points of the older


def bundle(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.tflite", data)
    return buffer.getvalue()


def hand_bundle(modules: Path) -> bytes:
    return bundle(
        hand_detector=(modules / "palm_detection/palm_detection_full.tflite").read_bytes(),
        hand_landmarks_detector=(modules / "hand_landmark/hand_landmark_full.tflite").read_bytes(),
    )


def face_bundle(modules: Path) -> bytes:
    return bundle(
        face_detector=(modules / "face_detection/face_detection_short_range.tflite").read_bytes(),
        face_landmarks_detector=with_irises((modules / "face_landmark/face_landmark.tflite").read_bytes()),
    )


def with_irises(data: bytes) -> bytes:
    """The face mesh network with the crop's middle appended for the irises: the new API expects 478 points."""
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    graph = model.subgraphs[0]
    points, presence = graph.outputs

    def tensor(name: str, length: int, values: bytes | None) -> int:
        stored = schema.BufferT()
        stored.data = None if values is None else np.frombuffer(values, np.uint8)
        model.buffers.append(stored)
        added = schema.TensorT()
        added.name, added.shape, added.type = name, [1, 1, 1, length], schema.TensorType.FLOAT32
        added.buffer = len(model.buffers) - 1
        graph.tensors.append(added)
        return len(graph.tensors) - 1

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONCATENATION
    code.version = 1
    model.operatorCodes.append(code)
    options = schema.ConcatenationOptionsT()
    options.axis = 3
    join = schema.OperatorT()
    join.opcodeIndex = len(model.operatorCodes) - 1
    join.inputs = [int(points), tensor("irises", IRISES, np.full(IRISES, 96, np.float32).tobytes())]
    join.outputs = [tensor("points", 468 * 3 + IRISES, None)]
    join.builtinOptionsType, join.builtinOptions = schema.BuiltinOptions.ConcatenationOptions, options
    graph.operators.append(join)
    graph.outputs = [join.outputs[0], int(presence)]

    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
