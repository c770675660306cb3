"""Shipped workflows, with what a user would choose replaced by what tests have."""

from __future__ import annotations

import copy
import json
from typing import Any

from .comfyui import ROOT
from .prompts import Graph

FOLDER = ROOT / "workflows" / "api"
STEMS = sorted(path.stem for path in FOLDER.parent.glob("*.json"))
STAND_INS = {
    "lora_name": "nano-sd15-lora.safetensors",
    "vae_name": "sd15-vae.pt",
    "photomaker_model_name": "photomaker.pt",
    "model_name": "depth-anything.pt",
}
TINY_VAES = {"ae.safetensors": "tiny-flux-vae.pt", "qwen_image_vae.safetensors": "tiny-wan-vae.pt"}
FAMILIES = {"flux": "flux", "lumina2": "z-image", "qwen_image": "qwen-image"}
"""By the type of the text encoder."""
ENCODERS = ("CLIPLoader", "DualCLIPLoader")
SIDES = ("width", "height", "target_width", "target_height")
SMALL = 128
SMALLEST_OF_LARGE = "512x512"
"""For families of a megapixel, whose VAEs have their real layers."""


def shipped(stem: str) -> Graph:
    return json.loads((FOLDER / f"{stem}.json").read_text(encoding="utf-8"))


def small(stem: str, **files: str) -> Graph:
    """The workflow on tiny models and at tiny sizes; `files` are uploaded: image, mask, file.

    `record`: the folder for what a model of a large family is given; left out, it is not kept.
    """
    graph = shipped(stem)
    encoders = [item["inputs"]["type"] for item in graph.values() if item["class_type"] in ENCODERS]
    for item in graph.values():
        inputs = item["inputs"]
        tiny_vae = TINY_VAES.get(inputs.get("vae_name"))
        inputs |= {name: value for name, value in STAND_INS.items() if name in inputs}
        inputs |= {side: SMALL for side in SIDES if isinstance(inputs.get(side), int)}
        if "ckpt_name" in inputs:
            inputs["ckpt_name"] = checkpoint_like(inputs["ckpt_name"])
        if "control_net_name" in inputs:
            family = "sd15" if "sd15" in inputs["control_net_name"] else "sdxl"
            inputs["control_net_name"] = f"nano-{family}-controlnet.safetensors"
        if isinstance(inputs.get("steps"), int):
            inputs["steps"] = 2
        if tiny_vae:
            inputs["vae_name"] = tiny_vae
        match item["class_type"]:
            case "UNETLoader":
                family = FAMILIES[encoders[0]]
                item |= {
                    "class_type": "ProbeTinyModel",
                    "inputs": {"family": family, "record": files.get("record", "")},
                }
            case "CLIPLoader" | "DualCLIPLoader":
                item |= {"class_type": "ProbeTinyClip", "inputs": {"family": FAMILIES[inputs["type"]]}}
            case "LoadImage":
                inputs["image"] = files["image"]
            case "LoadImageMask":
                inputs["image"] = files["mask"]
            case "LoadVideo":
                inputs["file"] = files["file"]
            case "AfterDetail" if encoders:
                inputs["resolution"] = SMALLEST_OF_LARGE
            case "PrimitiveInt" if item["_meta"]["title"] == "Steps":
                inputs["value"] = 2
            case "PrimitiveInt" if item["_meta"]["title"] in ("Width", "Height"):
                inputs["value"] = SMALL
            case "DA3Inference":
                inputs["resolution"] = 140
        if "EasyNegative" in str(inputs.get("text")):
            inputs["text"] = inputs["text"].replace("EasyNegative", "sd15-embedding")
    return graph


def checkpoint_like(name: str) -> str:
    if "refiner" in name:
        return "nano-refiner.ckpt"
    return "nano-sdxl.ckpt" if "xl" in name else "nano-sd15.ckpt"


def where(graph: Graph, class_type: str, title: str = "") -> str:
    """The id of the one node of this class, or of this class and title."""
    (found,) = [
        key for key, item in graph.items() if item["class_type"] == class_type and title in item["_meta"]["title"]
    ]
    return found


def changed(graph: Graph, class_type: str, title: str = "", **inputs: Any) -> Graph:
    """The workflow with other inputs of one node."""
    other = copy.deepcopy(graph)
    other[where(graph, class_type, title)]["inputs"] |= inputs
    return other
