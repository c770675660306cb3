"""Test-only ComfyUI nodes that bring exact tensors and any other values in and out of a graph."""

import dataclasses
import json
import time
from pathlib import Path

import torch
from comfy.model_management import processing_interrupted, throw_exception_if_processing_interrupted
from comfy_api.latest import ComfyExtension, io
from safetensors.torch import load_file, save_file

from .tiny import ProbeTinyClip, ProbeTinyModel


class ProbeLoad(io.ComfyNode):
    """The tensor in a safetensors file, as an IMAGE and as a MASK."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeLoad",
            category="probe",
            inputs=[io.String.Input("path")],
            outputs=[io.Image.Output(display_name="image"), io.Mask.Output(display_name="mask")],
        )

    @classmethod
    def execute(cls, path: str) -> io.NodeOutput:
        tensor = load_file(path)["tensor"]
        return io.NodeOutput(tensor, tensor)


class ProbeSave(io.ComfyNode):
    """Any tensor into a safetensors file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeSave",
            category="probe",
            inputs=[io.AnyType.Input("tensor"), io.String.Input("path")],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, tensor, path: str) -> io.NodeOutput:
        save_file({"tensor": tensor.contiguous().clone()}, path)
        return io.NodeOutput()


class ProbeValue(io.ComfyNode):
    """A value written as JSON, for a socket of any type."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeValue",
            category="probe",
            inputs=[io.String.Input("text")],
            outputs=[io.AnyType.Output(display_name="value")],
        )

    @classmethod
    def execute(cls, text: str) -> io.NodeOutput:
        return io.NodeOutput(json.loads(text))


class ProbeHold(io.ComfyNode):
    """Runs for as long as a file is there, or until it is interrupted."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeHold", category="probe", inputs=[io.String.Input("path")], outputs=[], is_output_node=True
        )

    @classmethod
    def execute(cls, path: str) -> io.NodeOutput:
        while Path(path).exists():
            throw_exception_if_processing_interrupted()
            time.sleep(0.02)
        return io.NodeOutput()


class ProbeGate(io.ComfyNode):
    """A model that notes each of its calls in a file; after some of them it stands still until it is interrupted."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeGate",
            category="probe",
            inputs=[io.Model.Input("model"), io.String.Input("calls"), io.Int.Input("passing")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, model, calls: str, passing: int) -> io.NodeOutput:
        def gated(apply_model, given):
            with Path(calls).open("ab") as file:
                file.write(b".")
                begun = file.tell()
            while begun > passing and not processing_interrupted():
                time.sleep(0.01)
            return apply_model(given["input"], given["timestep"], **given["c"])

        model = model.clone()
        model.set_model_unet_function_wrapper(gated)
        return io.NodeOutput(model)


class ProbePace(io.ComfyNode):
    """A model each of whose calls takes at least so many seconds, as a full-grown one's would."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbePace",
            category="probe",
            inputs=[io.Model.Input("model"), io.Float.Input("seconds")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, model, seconds: float) -> io.NodeOutput:
        def paced(apply_model, given):
            time.sleep(seconds)
            return apply_model(given["input"], given["timestep"], **given["c"])

        model = model.clone()
        model.set_model_unet_function_wrapper(paced)
        return io.NodeOutput(model)


class ProbeMemory(io.ComfyNode):
    """A model that finds no memory on the GPU for a batch of more than `most` latents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeMemory",
            category="probe",
            inputs=[io.Model.Input("model"), io.Int.Input("most")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, model, most: int) -> io.NodeOutput:
        def limited(apply_model, given):
            if len(given["input"]) > most:
                torch.cuda.empty_cache()
                whole = torch.cuda.get_device_properties(0).total_memory
                torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_reserved() / whole)
            try:
                return apply_model(given["input"], given["timestep"], **given["c"])
            finally:
                torch.cuda.set_per_process_memory_fraction(1.0)

        model = model.clone()
        model.set_model_unet_function_wrapper(limited)
        return io.NodeOutput(model)


class ProbeShow(io.ComfyNode):
    """Any value as JSON in the history: tensors and arrays as their shape, dataclasses as their fields."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeShow", category="probe", inputs=[io.AnyType.Input("value")], outputs=[], is_output_node=True
        )

    @classmethod
    def execute(cls, value) -> io.NodeOutput:
        return io.NodeOutput(ui={"value": [json.dumps(value, default=shown)]})


def shown(value):
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return list(value.shape)


class ProbeImpact(io.ComfyNode):
    """Uses a detector as Impact Pack's nodes do: six arguments by position, SEGs by name and rebuilt by _replace."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeImpact",
            category="probe",
            inputs=[
                io.MultiType.Input("detector", [io.Custom("BBOX_DETECTOR"), io.Custom("SEGM_DETECTOR")]),
                io.Image.Input("image"),
            ],
            outputs=[io.SEGS.Output(display_name="segs"), io.Mask.Output(display_name="mask")],
        )

    @classmethod
    def execute(cls, detector, image) -> io.NodeOutput:
        detector.setAux("face")
        segs = detector.detect(image, 0.5, 10, 3.0, 1, None)
        detector.setAux(None)
        items = [seg._replace(label=f"{seg.label} {place}") for place, seg in enumerate(segs[1])]
        return io.NodeOutput((segs[0], items), detector.detect_combined(image, 0.5, 0).unsqueeze(0))


class ProbeExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        own = [ProbeLoad, ProbeSave, ProbeValue, ProbeHold, ProbeGate, ProbePace, ProbeMemory, ProbeShow, ProbeImpact]
        return [*own, ProbeTinyModel, ProbeTinyClip]


async def comfy_entrypoint() -> ProbeExtension:
    return ProbeExtension()
