"""Loaders for models of families whose real files are too large for tests; what the network is given is recorded."""

import sys
from importlib import import_module
from pathlib import Path

import torch
from comfy_api.latest import io
from safetensors.torch import save_file

TESTS = Path(__file__).resolve().parents[2]
SEEN = ("ref_latents", "guidance", "c_crossattn")


class ProbeTinyModel(io.ComfyNode):
    """A transformer of one block. Each call writes its batch and what steers it into the folder `record`, if any."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeTinyModel",
            category="probe",
            inputs=[io.String.Input("family"), io.String.Input("record")],
            outputs=[io.Model.Output()],
        )

    @classmethod
    def execute(cls, family: str, record: str) -> io.NodeOutput:
        model = rig("tiny_dit").model_of(family).clone()
        if record:
            model.set_model_unet_function_wrapper(lambda apply, arguments: recorded(Path(record), apply, arguments))
        return io.NodeOutput(model)


class ProbeTinyClip(io.ComfyNode):
    """A text encoder of a few layers, with the family's own tokenizer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="ProbeTinyClip", category="probe", inputs=[io.String.Input("family")], outputs=[io.Clip.Output()]
        )

    @classmethod
    def execute(cls, family: str) -> io.NodeOutput:
        return io.NodeOutput(rig("tiny_text").load(family))


def recorded(folder: Path, apply_model, arguments) -> torch.Tensor:
    given = arguments["c"]
    tensors = {"x": arguments["input"]}
    for name in SEEN:
        value = given.get(name)
        if isinstance(value, list):
            tensors |= {f"{name}.{place}": tensor for place, tensor in enumerate(value)}
        elif value is not None:
            tensors[name] = value
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(list(folder.iterdir())):03}.safetensors"
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)
    return apply_model(arguments["input"], arguments["timestep"], **given)


def rig(name: str):
    """A module of the tests' own package, which ComfyUI does not know."""
    if str(TESTS) not in sys.path:
        sys.path.append(str(TESTS))
    return import_module(f"rig.{name}")
