"""Shipped workflows in graph format, as ComfyUI's page opens them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
from playwright.sync_api import Page
from skimage import data

from .browser import load, prompt_of
from .comfyui import ROOT
from .prompts import Graph
from .server import ComfyServer
from .workflows import STEMS

FOLDER = ROOT / "workflows"
ABOUT = "About this workflow"
VIDEO_PREVIEW = "video-preview"  # a widget that a node gets once its video is there, of no use to ComfyUI
LOADERS = {
    "CLIPLoader": "text_encoders",
    "CheckpointLoaderSimple": "checkpoints",
    "ControlNetLoader": "controlnet",
    "DualCLIPLoader": "text_encoders",
    "LoadDA3Model": "geometry_estimation",
    "LoraLoader": "loras",
    "PhotoMakerLoader": "photomaker",
    "UNETLoader": "diffusion_models",
    "VAELoader": "vae",
}

CanvasGraph = dict[str, Any]


def graph(stem: str) -> CanvasGraph:
    """The shipped file."""
    return json.loads((FOLDER / f"{stem}.json").read_text(encoding="utf-8"))


def page_of(stem: str) -> str:
    """What the README says about a workflow, with links to the models.

    What is `code` there is bold: Vue's nodes draw code in a blue of their own that no colour of a note suits.
    """
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^### {re.escape(stem)}\n\n(.*?)\n(?=\n##)", readme, re.M | re.S)
    text = re.sub(r"\n(?! *[\n-]) *", " ", text)  # a paragraph or an item in one line
    models = json.loads((ROOT / "tools" / "workflow_models.json").read_text(encoding="utf-8"))
    for name, model in models.items():
        text = text.replace(f"`{name}`", f"[{name}]({model['url']})")
    return text.replace("`", "**")


def model_files(opened: CanvasGraph) -> list[tuple[str, str]]:
    """The folder and the name of each file that its loaders name."""
    loaders = [node for node in opened["nodes"] if node["type"] in LOADERS]
    return [
        (LOADERS[node["type"]], value)
        for node in loaders
        for value in node["widgets_values"]
        if Path(str(value)).suffix in (".bin", ".ckpt", ".pt", ".safetensors")
    ]


def provide(comfy: ComfyServer, models: Path) -> None:
    """Give `comfy` the models that the workflows name: empty files in the folder `models`, never loaded."""
    for folder, name in (file for stem in STEMS for file in model_files(graph(stem))):
        path = models / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    comfy.link_models(models)


def write_video(path: Path) -> None:
    """Two frames of a photo."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("h264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 512, 512, "yuv420p"
        for shift in (0, 4):
            frame = av.VideoFrame.from_ndarray(np.roll(data.astronaut(), shift, 1), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())


def open_graph(page: Page, stem: str) -> None:
    """Put the shipped file on the canvas as a graph, its note as the README has it now."""
    opened = graph(stem)
    opened["extra"].pop("linearMode", None)  # as an app it would show no canvas
    for node in opened["nodes"]:
        if node.get("title") == ABOUT:
            node["widgets_values"] = [page_of(stem)]
    load(page, opened)


def api_form(page: Page) -> Graph:
    """The canvas in API form, the same whether a video is there already or not."""
    prompt = prompt_of(page)
    for node in prompt.values():
        node["inputs"].pop(VIDEO_PREVIEW, None)
    return prompt
