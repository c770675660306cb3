"""What is loaded for a request is held against its checkpoint: ComfyUI takes what fits of a file, and says nothing.

ComfyUI has these nodes while the service is on.
"""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..detailer.sampling.loras import takes_effect
from ..detailer.sampling.model import misfit
from ..nodes.sockets import CATEGORY
from .failed_jobs import stem

DESCRIPTION = "Refuses a file of another family of models. The HTTP service makes this node itself."


def _file_name() -> io.String.Input:
    """The input for a model file's name."""
    return io.String.Input("file", tooltip="What the file is called, for the sentence.")


class AfterDetailServiceLora(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailServiceLora",
            display_name="Service LoRA",
            category=CATEGORY,
            description=DESCRIPTION,
            inputs=[
                io.Model.Input("model", tooltip="The model before the LoRA."),
                io.Clip.Input("clip", tooltip="The text encoder before the LoRA."),
                io.Model.Input("patched_model", tooltip="The model with it."),
                io.Clip.Input("patched_clip", tooltip="The text encoder with it."),
                _file_name(),
            ],
            outputs=[io.Model.Output(), io.Clip.Output()],
            is_dev_only=True,
        )

    @classmethod
    def execute(cls, model: Any, clip: Any, patched_model: Any, patched_clip: Any, file: str) -> io.NodeOutput:
        if not takes_effect((model, patched_model), (clip.patcher, patched_clip.patcher)):
            raise ValueError(_of_another_family("LoRA", file))
        return io.NodeOutput(patched_model, patched_clip)


class AfterDetailServiceVAE(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailServiceVAE",
            display_name="Service VAE",
            category=CATEGORY,
            description=DESCRIPTION,
            inputs=[
                io.Model.Input("model", tooltip="What the VAE is for."),
                io.Vae.Input("vae", tooltip="The VAE."),
                _file_name(),
            ],
            outputs=[io.Vae.Output()],
            is_dev_only=True,
        )

    @classmethod
    def execute(cls, model: Any, vae: Any, file: str) -> io.NodeOutput:
        if misfit(model, vae):
            raise ValueError(_of_another_family("VAE", file))
        return io.NodeOutput(vae)


def _of_another_family(what: str, file: str) -> str:
    """The sentence, with the file by the name that clients know."""
    return (
        f"The {what} {stem(file)!r} cannot be used: it was made for another family of models than the checkpoint. Name "
        "another."
    )
