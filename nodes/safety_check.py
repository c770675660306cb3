"""Safety Check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io

from ..detailer.names import nearest
from ..detailer.safety import Concepts, IsUnsafe
from . import inputs
from .image_checks import checked_image
from .sockets import CATEGORY, SafetySocket

FOLDER_KEY = "safety_concepts"


class AfterDetailSafety(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="AfterDetailSafety",
            display_name="Safety Check",
            category=CATEGORY,
            description="Blackens images that come too close to a concept of yours, as a CLIP vision model sees it. "
            "Concept files belong into models/safety_concepts.",
            search_aliases=["nsfw filter", "safety checker", "content filter"],
            inputs=[
                inputs.image(),
                io.ClipVision.Input("clip_vision", tooltip="The model the concept file was made with."),
                io.Float.Input(
                    "threshold",
                    default=0.25,
                    min=-1.0,
                    max=1.0,
                    step=0.01,
                    optional=True,
                    tooltip="Remove from this cosine similarity on. A file with thresholds of its own goes before it.",
                ),
                io.Combo.Input(
                    "concepts",
                    options=_concept_files(),
                    optional=True,
                    tooltip="A safetensors file with a tensor `concepts` [concepts, channels] of CLIP image or text "
                    "embeddings and, if you like, `thresholds` [concepts].",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="image"),
                io.Mask.Output(display_name="mask", tooltip="White over every image that was removed."),
                io.Int.Output(display_name="removed", tooltip="How many images were removed."),
                SafetySocket.Output(display_name="safety", tooltip="For the detailer: checks each repaired object."),
            ],
        )

    @classmethod
    def validate_inputs(cls, concepts: str | None = None) -> bool | str:
        return nearest("concepts", concepts, _concept_files()) or True

    @classmethod
    def execute(
        cls, image: torch.Tensor, clip_vision: Any, threshold: float = 0.25, concepts: str | None = None
    ) -> io.NodeOutput:
        is_unsafe = _checker(clip_vision, concepts, threshold)
        removed = torch.tensor(is_unsafe(checked_image(image)[..., :3]), device=image.device)
        passed = torch.where(removed[:, None, None, None], torch.zeros_like(image), image) if removed.any() else image
        mask = removed[:, None, None].expand(image.shape[:3]).float()
        return io.NodeOutput(passed, mask, int(removed.sum()), is_unsafe)


def _concept_files() -> list[str]:
    """The files in models/safety_concepts and wherever else the user keeps them."""
    paths, _ = folder_paths.folder_names_and_paths.get(FOLDER_KEY, ([], set()))
    default = str(Path(folder_paths.models_dir, FOLDER_KEY))
    folder_paths.folder_names_and_paths[FOLDER_KEY] = ([*paths, *({default} - set(paths))], {".safetensors"})
    return folder_paths.get_filename_list(FOLDER_KEY)


def _checker(clip_vision: Any, name: str | None, threshold: float) -> IsUnsafe:
    """The check by one concept file; ValueError if there is none."""
    path = name and folder_paths.get_full_path(FOLDER_KEY, name)
    if not name or not path:
        raise ValueError(
            f"Safety Check needs a concept file: put a .safetensors with a tensor `concepts` into models/{FOLDER_KEY} "
            "and choose it."
        )
    tensors: Any = comfy.utils.load_torch_file(path, safe_load=True)
    concepts = Concepts.of_tensors(tensors, threshold, name)
    return lambda images: concepts.hit_by(clip_vision.encode_image(images)["image_embeds"], name)
