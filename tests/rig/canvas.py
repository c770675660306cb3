"""Working on ComfyUI's canvas as a user does, in either of its renderers."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

from .prompts import Graph, node

NODE = "app.graph.nodes.find((node) => String(node.id) === id)"
WIDGET = f"{NODE}.widgets.find((widget) => widget.name === name)"
VIEW = {"left": 420, "top": 120, "height": 840}
"""Where a node in focus stands on the page, and how high it may be; ComfyUI's own bars are around."""


def masking(picture: str, **detecting: Any) -> Graph:
    """Nodes `image`, `detect` with these inputs, `AfterDetailRegions` and `show`."""
    return {
        "image": node("LoadImage", image=picture),
        "detect": node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe", **detecting),
        "AfterDetailRegions": node("AfterDetailRegions", image=["image", 0], detections=["detect", 0]),
        "show": node("MaskPreview", mask=["AfterDetailRegions", 1]),
    }


def numbered(graph: Graph) -> Graph:
    """The page wants numbers for ids."""
    numbers = {name: str(number) for number, name in enumerate(graph, 1)}

    def renamed(value: Any) -> Any:
        return [numbers[value[0]], value[1]] if isinstance(value, list) else value

    return {
        numbers[name]: {**item, "inputs": {key: renamed(value) for key, value in item["inputs"].items()}}
        for name, item in graph.items()
    }


def show(page: Page, graph: Graph, kind: str) -> str:
    """Put an API-format graph on the canvas with its node `kind` in focus; that node's id."""
    graph = numbered(graph)
    page.evaluate("graph => app.loadApiJson(graph, 'canvas')", graph)
    [node_id] = [key for key, item in graph.items() if item["class_type"] == kind]
    focus(page, node_id)
    return node_id


def focus(page: Page, node_id: str) -> None:
    """Nothing but this node in view, as large as it may be."""
    page.evaluate(
        f"""([id, view]) => {{
            app.graph.nodes.forEach((node, place) => (node.pos = [-9000 - 900 * place, -9000]))
            const node = {NODE}
            node.pos = [0, 0]
            const scale = Math.min(1, view.height / node.size[1])
            Object.assign(app.canvas.ds, {{ scale, offset: [view.left / scale, view.top / scale] }})
            app.canvas.setDirty(true, true)
        }}""",
        [node_id, VIEW],
    )


def set_widget(page: Page, node_id: str, name: str, value: object) -> None:
    """What the renderers do when a user changes a widget."""
    page.evaluate(
        f"""([id, name, value]) => {{
            {WIDGET}.value = value
            {WIDGET}.callback?.(value, app.canvas, {NODE})
        }}""",
        [node_id, name, value],
    )


def widget(page: Page, node_id: str, name: str) -> Any:
    return page.evaluate(f"([id, name]) => {WIDGET}.value", [node_id, name])


def press_plus(page: Page, node_id: str, name: str, in_vue: bool) -> None:
    """Click what increases a number widget by one step."""
    if in_vue:
        row = page.locator(f'[data-node-id="{node_id}"] [data-testid="node-widget"]').filter(has_text=name)
        row.get_by_role("button").last.click()
        return
    x, y = page.evaluate(
        f"""([id, name]) => {{
            const [node, widget] = [{NODE}, {WIDGET}]
            const {{ scale, offset }} = app.canvas.ds
            const {{ left, top }} = app.canvas.canvas.getBoundingClientRect()
            return [
                left + (node.pos[0] + node.size[0] - 24 + offset[0]) * scale,
                top + (node.pos[1] + widget.y + 10 + offset[1]) * scale
            ]
        }}""",
        [node_id, name],
    )
    page.mouse.click(x, y)


def panel_of(page: Page, display_name: str) -> Locator:
    """What the pack shows on a node."""
    return page.get_by_role("region", name=display_name)
