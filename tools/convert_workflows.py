"""`make workflows`: writes each workflow anew from the canvas, its API form and its picture too, by ComfyUI's own page.

The graph files are what people edit: save one from the canvas over its file, then run this, for all or for the stems
that are given. The note in each comes from README.md.
"""

import json
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page
from rig.browser import browsing, load, opened
from rig.graphs import FOLDER, api_form, open_graph, provide
from rig.server import ComfyServer
from rig.workflows import STEMS
from workflow_apps import with_app
from workflow_layout import MARGIN, lay_out
from workflow_thumbnails import MASKED, REPAIRED

NOTES = ("MarkdownNote", "Note")
NOTE_COLORS = {"color": "#363610", "bgcolor": "#242409"}
"""On which words and links can be read in both themes, which make lighter colours of the same, and both renderers."""
MODELS = Path(__file__).with_name("workflow_models.json")
THUMBNAIL_WIDTH = 600
JPEG_QUALITY = 80
LINE_LENGTH = 120
QUIET = {
    "Comfy.Minimap.Visible": False,
    "Comfy.Graph.CanvasMenu": False,
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
}
VUE = "on => app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on)"
HEIGHTS = """[...document.querySelectorAll(".lg-node")].map((node) => [node.dataset.nodeId, node.offsetHeight - 30])"""
CANVAS = "#graph-canvas-container"
SHOW_ALL = """margin => {
    app.extensionManager.focusMode = true
    app.canvas.ds.scale = 1
    app.canvas.ds.offset = [margin, margin]
    app.canvas.setDirty(true, true)
}"""
CANVAS_ONLY = ":has(> .window-actions-spacer) { visibility: hidden }"


def main() -> None:
    with tempfile.TemporaryDirectory() as models, ComfyServer() as comfy, browsing() as browser:
        provide(comfy, Path(models))
        comfy.post("/settings", json=QUIET)
        for stem in sys.argv[1:] or STEMS:
            with opened(browser, comfy) as page:  # a page of its own: pictures shown on nodes outlive a graph
                open_graph(page, stem)
                write(page, stem)
            print(stem)


def write(page: Page, stem: str) -> None:
    """The files of the workflow on the canvas."""
    graph = json.loads(page.evaluate("async () => JSON.stringify((await app.graphToPrompt()).workflow)"))
    lay_out(graph, heights_in_vue(page, graph))
    name_models(graph)
    for note in (node for node in graph["nodes"] if node["type"] in NOTES):
        note |= NOTE_COLORS
    with_app(graph, stem)
    del graph["extra"]["ds"]  # where the canvas stood; without it, it fits the graph
    (FOLDER / f"{stem}.json").write_text(in_few_lines(graph) + "\n", encoding="utf-8")
    (FOLDER / "api" / f"{stem}.json").write_text(in_few_lines(api_form(page)) + "\n", encoding="utf-8")
    if stem in (*REPAIRED, *MASKED):
        return
    open_graph(page, stem)
    thumbnail(page, graph).save(FOLDER / f"{stem}.jpg", quality=JPEG_QUALITY, optimize=True)


def heights_in_vue(page: Page, graph: dict[str, Any]) -> dict[int, float]:
    """How high Vue's nodes are, which hold more than those of the classic renderer."""
    page.evaluate(VUE, True)
    load(page, graph)
    page.wait_for_function("document.querySelectorAll('.lg-node').length === app.graph.nodes.length")
    heights = page.evaluate(HEIGHTS)
    page.evaluate(VUE, False)
    return {int(node): height for node, height in heights}


def name_models(graph: dict[str, Any]) -> None:
    """Tell ComfyUI where the files that nodes name come from: it offers to download them."""
    table = json.loads(MODELS.read_text(encoding="utf-8"))
    for node in graph["nodes"]:
        text = json.dumps(node.get("widgets_values") or [])
        named = [name for name, model in table.items() if name in text or embedding(name, model) in text]
        if named and node["type"] not in NOTES:
            node["properties"]["models"] = [{"name": name, **table[name]} for name in named]


def embedding(name: str, model: dict[str, str]) -> str:
    """How a prompt names an embedding; something that no prompt has for other models."""
    return f"embedding:{Path(name).stem}" if model["directory"] == "embeddings" else "\0"


def in_few_lines(value: Any, indent: int = 0) -> str:
    """JSON in which everything that fits into a line stands in one."""
    line = json.dumps(value, ensure_ascii=False)
    inner = " " * (indent + 2)
    if indent + len(line) <= LINE_LENGTH:
        return line
    match value:
        case dict():
            entries = [f"{inner}{json.dumps(key)}: {in_few_lines(item, indent + 2)}" for key, item in value.items()]
        case list():
            entries = [f"{inner}{in_few_lines(item, indent + 2)}" for item in value]
        case _:
            return line
    return line[0] + "\n" + ",\n".join(entries) + "\n" + " " * indent + line[-1]


def thumbnail(page: Page, graph: dict[str, Any]) -> Image.Image:
    """The canvas with the whole graph, made small."""
    boxes = [group["bounding"] for group in graph["groups"]]
    width, height = (round(max(box[axis] + box[axis + 2] for box in boxes)) + 2 * MARGIN for axis in (0, 1))
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(SHOW_ALL, MARGIN)
    page.wait_for_function("app.graph.nodes.every(node => node.type != 'LoadImage' || node.imgs)")
    page.add_style_tag(content=CANVAS_ONLY)
    picture = Image.open(BytesIO(page.locator(CANVAS).screenshot()))
    return picture.convert("RGB").resize(
        (THUMBNAIL_WIDTH, round(THUMBNAIL_WIDTH * height / width)), Image.Resampling.LANCZOS
    )


if __name__ == "__main__":
    main()
