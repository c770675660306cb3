"""Running the pack's nodes in a real graph on exact tensors."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file

from . import prompts
from .prompts import Graph, node
from .server import ComfyServer, Event, HistoryEntry, PromptFailed

NANO = "nano-sd15.ckpt"


class Detailing(NamedTuple):
    """What came out of a run: `image` [B, H, W, C] and `mask` [B, H, W] to the bit."""

    image: torch.Tensor
    mask: torch.Tensor
    report: dict[str, Any]
    entry: HistoryEntry

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [item for image in self.report["images"] for item in image["objects"]]

    @property
    def ui(self) -> dict[str, Any]:
        return self.entry["outputs"]["detail"]


class Bench:
    """Images in, detailed images out, through a running ComfyUI."""

    def __init__(self, comfy: ComfyServer, folder: Path):
        self.comfy, self.folder = comfy, folder

    def load(self, tensor: torch.Tensor) -> dict[str, Any]:
        """A node that gives this tensor as IMAGE (0) and MASK (1)."""
        path = self.folder / f"{uuid.uuid4().hex}.safetensors"
        save_file({"tensor": tensor.contiguous().clone()}, path)
        return node("ProbeLoad", path=str(path))

    def graph(self, image: torch.Tensor, checkpoint: str = NANO, **inputs: Any) -> Graph:
        """The whole job in one node, `detail`; `inputs` are its widgets. Two steps unless told otherwise."""
        return (
            prompts.checkpoint(checkpoint)
            | {"image": self.load(image)}
            | {
                "detail": node(
                    "AfterDetail",
                    image=["image", 0],
                    model=["model", 0],
                    positive=["positive", 0],
                    negative=["negative", 0],
                    vae=["model", 2],
                    **{"detector": "face_full_mediapipe", "steps": 2, **inputs},
                )
            }
        )

    def saved(self, graph: Graph, **links: list) -> Graph:
        """`graph` with each linked tensor saved under its name."""
        run = uuid.uuid4().hex
        return graph | {
            f"save {name}": node("ProbeSave", tensor=link, path=str(self.folder / f"{run} {name}.safetensors"))
            for name, link in links.items()
        }

    def run(self, graph: Graph, on_progress: Callable[[Event], None] | None = None, **links: list) -> Saved:
        """Run a graph and read back the linked tensors."""
        full = self.saved(graph, **links)
        entry = self.comfy.run(full, on_progress=on_progress)
        paths = {name: full[f"save {name}"]["inputs"]["path"] for name in links}
        return Saved({name: load_file(path)["tensor"] for name, path in paths.items()}, entry)

    def failure(self, graph: Graph, **links: list) -> str:
        """What a graph that has to fail says, once it has been asked for the linked tensors."""
        try:
            self.comfy.run(self.saved(graph, **links))
        except PromptFailed as failed:
            return failed.reason["exception_message"].strip()
        raise AssertionError("the graph did not fail")

    def detail(self, image: torch.Tensor, checkpoint: str = NANO, **inputs: Any) -> Detailing:
        """Run the whole job on an image."""
        return self.run_detail(self.graph(image, checkpoint, **inputs))

    def run_detail(self, graph: Graph, on_progress: Callable[[Event], None] | None = None) -> Detailing:
        """Run a graph whose node `detail` gives image and mask."""
        tensors, entry = self.run(graph, on_progress, image=["detail", 0], mask=["detail", 1])
        report = json.loads(entry["outputs"]["detail"]["report"][0])
        return Detailing(tensors["image"], tensors["mask"], report, entry)


class Saved(NamedTuple):
    """Tensors by the name they were asked for, and the history entry."""

    tensors: dict[str, torch.Tensor]
    entry: HistoryEntry
