"""`make workflows`: writes each workflow anew from the canvas, its API form and its picture too, by ComfyUI's own page.

The graph files are what people edit: save one from the canvas over its file, then run this, for all or for the stems
that are given. The note in each comes from README.md.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page
from rig.browser import browsing, opened
from rig.graphs import FOLDER, api_form, open_graph, provide
from rig.server import ComfyServer
from rig.workflows import STEMS

Rectangle = tuple[float, float, float, float]  # left, top, width, height; a node's title lies above its top

TITLE = 30
MARGIN = 25  # from a node to its group's edge, and from a group to the picture's
THUMBNAIL_WIDTH = 600
JPEG_QUALITY = 80
LINE_LENGTH = 120
QUIET = {
    "Comfy.Minimap.Visible": False,
    "Comfy.Graph.CanvasMenu": False,
    "Comfy.Graph.CanvasInfo": False,
    "Comfy.NodeBadge.NodeSourceBadgeMode": "None",
}
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
    make_room(graph)
    del graph["extra"]["ds"]  # where the canvas stood; without it, it fits the graph
    (FOLDER / f"{stem}.json").write_text(in_few_lines(graph) + "\n", encoding="utf-8")
    (FOLDER / "api" / f"{stem}.json").write_text(in_few_lines(api_form(page)) + "\n", encoding="utf-8")
    open_graph(page, stem)
    thumbnail(page, graph).save(FOLDER / f"{stem}.jpg", quality=JPEG_QUALITY, optimize=True)


def make_room(graph: dict[str, Any]) -> None:
    """Move down what nodes cover that grew, as they do when they get more widgets, and fit the groups to them."""
    inside = [[node for node in graph["nodes"] if holds(group["bounding"], node["pos"])] for group in graph["groups"]]
    for group, nodes in zip(graph["groups"], inside, strict=True):
        x, y, width, height = group["bounding"]
        above: list[Rectangle] = []
        for node in sorted(nodes, key=lambda node: node["pos"][1]):
            node["pos"][1] += overlap_below(above, (*node["pos"], *node["size"]), TITLE + MARGIN)
            above.append((*node["pos"], *node["size"]))
        group["bounding"] = [
            *(x, y),
            max([width, *(left + node_width + MARGIN - x for left, _, node_width, _ in above)]),
            max([height, *(top + node_height + MARGIN - y for _, top, _, node_height in above)]),
        ]
    above = []
    for group, nodes in sorted(zip(graph["groups"], inside, strict=True), key=lambda pair: pair[0]["bounding"][1]):
        down = overlap_below(above, tuple(group["bounding"]), MARGIN)
        for position in (group["bounding"], *(node["pos"] for node in nodes)):
            position[1] += down
        above.append(tuple(group["bounding"]))


def holds(bounding: Sequence[float], position: Sequence[float]) -> bool:
    x, y, width, height = bounding
    return x <= position[0] <= x + width and y <= position[1] <= y + height


def overlap_below(above: Sequence[Rectangle], rectangle: Rectangle, gap: float) -> float:
    """How far down a rectangle (left, top, width, height) has to go to lie `gap` below all it shares a column with."""
    left, top, width, _ = rectangle
    ends = [y + height + gap for x, y, other, height in above if x < left + width and left < x + other]
    return max([0, *(end - top for end in ends)])


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
