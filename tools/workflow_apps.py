"""The simple page that a workflow opens as in ComfyUI's App mode: which widgets it asks for, and what it shows.

The form is read off the graph, so that every workflow has one; those in OPEN open as apps.
"""

from __future__ import annotations

from typing import Any

Graph = dict[str, Any]

OPEN = ("detail-faces-sd15", "detail-faces-sdxl", "detail-hands-sd15", "fix-what-i-paint", "generate-and-detail-sdxl")
PANEL = "afterdetail_panel"
FORM = (
    ("LoadImage", "image"),
    ("LoadVideo", "file"),
    ("CheckpointLoaderSimple", "ckpt_name"),
    ("ControlNetLoader", "control_net_name"),
    ("AfterDetail", "detector"),
    ("AfterDetailDetect", "detector"),
    ("AfterDetailStylePreset", "prompt"),
    ("CLIPTextEncode", "text"),
    ("ControlNetApplyAdvanced", "strength"),
    ("AfterDetail", "denoise"),
    ("AfterDetailInpaint", "denoise"),
    ("KSampler", "denoise"),
    ("AfterDetail", PANEL),
    ("AfterDetailInpaint", PANEL),
)
"""Node and widget in the order of the form; of several nodes of a kind the first, of one widget's kinds the first."""
SHOWN = ("AfterDetail", "AfterDetailInpaint", "SaveImage")
"""What the result area shows: the saved picture, and of what repaired it, before and after side by side."""
SHOWN_OF_VIDEOS = ("SaveVideo",)


def with_app(graph: Graph, stem: str) -> None:
    """Name the graph's inputs and outputs for App mode."""
    first = {}
    for node in sorted(graph["nodes"], key=lambda node: node["id"]):
        if node.get("mode", 0) == 0:
            first.setdefault(node["type"], node)
    inputs, asked = [], set()
    for kind, widget in FORM:
        if kind in first and widget not in asked:
            inputs.append([str(first[kind]["id"]), widget])
            asked.add(widget)
    kinds = SHOWN if "SaveImage" in first else SHOWN_OF_VIDEOS
    outputs = [str(node["id"]) for kind in kinds for node in graph["nodes"] if node["type"] == kind]
    graph["extra"]["linearData"] = {"inputs": inputs, "outputs": outputs}
    graph["extra"]["afterdetail"] = {"form": stem in OPEN}
    graph["extra"].pop("linearMode", None)
    if stem in OPEN:
        graph["extra"]["linearMode"] = True
