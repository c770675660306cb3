"""A ready node on the canvas: its values survive saving, F5 and copying, and go into the API form, which runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from rig.browser import load, prompt_of, saved
from rig.comfyui import ROOT
from rig.prompts import Graph
from workflow_blueprints import BLUEPRINTS, FOLDER

WIRE = """([picture, checkpoint]) => {
    const add = (kind) => {
        const made = LiteGraph.createNode(kind)
        app.graph.add(made)
        return made
    }
    const [block] = app.graph.nodes
    for (const { widgets } of block.subgraph.nodes) {
        const steps = widgets?.find((widget) => widget.name === "steps")
        if (steps) steps.value = 2
    }
    const [loader, model] = [add("LoadImage"), add("CheckpointLoaderSimple")]
    loader.widgets.find((widget) => widget.name === "image").value = picture
    model.widgets[0].value = checkpoint
    const sources = { image: [loader, 0], mask: [loader, 1], model: [model, 0], clip: [model, 1], vae: [model, 2] }
    for (const [name, [node, slot]] of Object.entries(sources)) {
        const place = block.inputs.findIndex((input) => input.name === name)
        if (place >= 0) node.connect(slot, block, place)
    }
    block.connect(0, add("SaveImage"), 0)
    app.canvas.select(block)
    app.canvas.copyToClipboard()
    const before = new Set(app.graph.nodes)
    app.canvas.pasteFromClipboard({ connectInputs: true })
    const copy = app.graph.nodes.find((node) => !before.has(node))  // of a type of its own
    copy.connect(0, add("SaveImage"), 0)
    return [block.id, copy.id]
}"""
SET = """([id, name, value]) => {
    const { widgets } = app.graph.getNodeById(id)
    widgets.find((widget) => (widget.label ?? widget.name) === name || widget.name === name).value = value
}"""
CAPTURE = "app.extensionManager.workflow.activeWorkflow.changeTracker.captureCanvasState()"
KEPT = """values => Object.entries(localStorage).some(([key, text]) =>
    key.startsWith("Comfy.Workflow.Draft") && values.every((value) => text.includes(value)))"""
"""The page opens such a draft when it is loaded again."""


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_values_survive_saving_copying_and_a_reload_and_reach_the_api_form(page, comfy, faces, name, tmp_path):
    load(page, stored(name))
    ids = page.evaluate(WIRE, [faces, "nano-sd15.ckpt"])
    assert len(set(ids)) == 2
    for node_id, strength in zip(ids, (0.37, 0.21), strict=True):
        page.evaluate(SET, [node_id, "Strength", strength])
    assert strengths(page) == [0.21, 0.37]
    prompt = prompt_of(page)
    load(page, saved(page))
    assert prompt_of(page) == prompt
    page.evaluate(CAPTURE)
    page.wait_for_function(KEPT, arg=["0.21", "0.37"])
    page.reload()
    page.wait_for_function("window.app?.rootGraphInternal && app.graph.nodes.length === 6")
    assert prompt_of(page) == prompt
    entry = comfy.run(prompt)
    assert entry["status"]["completed"] and len(comfy.images(entry)) >= 2
    assert run_as_a_batch(prompt, comfy.base / "input" / faces, comfy.url, tmp_path)


def run_as_a_batch(prompt: Graph, picture: Path, server: str, folder: Path) -> list[Path]:
    """The pictures that the batch command makes with this graph of one picture."""
    workflow, output = folder / "workflow.json", folder / "output"
    workflow.write_text(json.dumps(prompt), encoding="utf-8")
    saver = next(key for key, node in prompt.items() if node["class_type"] == "SaveImage")
    options = ["--workflow", workflow, "--result", saver, "--output", output, "--server", server]
    environment = {"PYTHONPATH": str(ROOT / ".pack"), "HOME": str(folder), "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-m", "afterdetail.batch", picture, *options]
    subprocess.run(command, check=True, timeout=300, env=os.environ | environment)
    return list(output.glob("*.png"))


def stored(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def strengths(page: Page) -> list[float]:
    """Of what paints, whichever node that is."""
    nodes = prompt_of(page).values()
    return sorted(node["inputs"]["denoise"] for node in nodes if "denoise" in node["inputs"])
