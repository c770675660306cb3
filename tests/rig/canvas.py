"""Working on ComfyUI's canvas as a user does, in either of its renderers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from playwright.sync_api import Locator, Page, expect

from .browser import load, saved, screenshot
from .prompts import Graph, checkpoint, node
from .server import ComfyServer

MASKS, DETAILER = "AfterDetailRegions", "AfterDetail"
NAMES = {MASKS: "Mask Regions", DETAILER: "After Detailer", "AfterDetailStylePreset": "Style Preset"}

NODE = "app.graph.nodes.find((node) => String(node.id) === id)"
WIDGET = f"{NODE}.widgets.find((widget) => widget.name === name)"
SHOW = """async ([graph, byHand]) => {
    const path = () => app.extensionManager.workflow.activeWorkflow?.path
    const before = path()
    const { clear } = app.rootGraph
    if (!byHand) app.rootGraph.clear = function () {
        clear.call(this)
        this.id = crypto.randomUUID()
    }
    await app.loadApiJson(graph, `canvas ${Date.now()}`)  // of a name that is open already, newer pages make one tab
    app.rootGraph.clear = clear
    while (path() === before) await new Promise((resolve) => setTimeout(resolve, 10))
}"""
IN_FOCUS = """() => {
    const { scale, offset } = app.canvas.ds
    const node = app.graph.nodes.find((node) => node.pos[0] === 0 && node.pos[1] === 0)
    const drawn = document.querySelector(`.lg-node[data-node-id="${node?.id}"]`)?.getBoundingClientRect()
    if (drawn?.width) return { x: drawn.x, y: drawn.y, width: drawn.width, height: drawn.height }
    const { left, top, width } = app.canvas.canvas.getBoundingClientRect()
    const title = LiteGraph.NODE_TITLE_HEIGHT
    return node && width && !drawn && {
        x: left + offset[0] * scale,
        y: top + (offset[1] - title) * scale,
        width: node.size[0] * scale,
        height: (node.size[1] + title) * scale
    }
}"""
# What is cut off at a side; the picture and the tables may be larger than what is seen of them.
CUT_OFF = """panel => [...panel.querySelectorAll(":not(.ad-stage *, .ad-scroll, .ad-scroll *)")].filter((element) =>
    getComputedStyle(element).display !== "inline" && element.scrollWidth > element.clientWidth + 1
).map((element) => element.outerHTML)"""
STILL = """async element => {
    const place = () => JSON.stringify(element.getBoundingClientRect())
    for (let before = null, frames = 0; frames < 3; ) {
        before = place()
        await new Promise(requestAnimationFrame)
        frames = place() === before ? frames + 1 : 0
    }
}"""
VIEW = {"left": 420, "top": 120, "height": 840}
"""Where a node in focus stands on the page, and how high it may be; ComfyUI's own bars are around."""


class Canvas(NamedTuple):
    """ComfyUI's page in one renderer."""

    page: Page
    comfy: ComfyServer
    in_vue: bool

    def queue(self) -> None:
        self.page.evaluate("app.queuePrompt(0, 1)")

    def run(self, graph: Graph, kind: str, objects: int = 3, by_hand: bool = False) -> tuple[str, Locator]:
        """Queue a graph from the canvas; the id of its node `kind`, and its panel once that shows `objects` found."""
        return self.run_shown(show(self.page, graph, kind, by_hand), kind, objects)

    def run_saved(self, graph: Graph, kind: str) -> tuple[str, Locator]:
        """The same with a graph that was saved and opened before, and so has an id."""
        node_id = show(self.page, graph, kind)
        load(self.page, saved(self.page))
        return self.run_shown(node_id, kind)

    def run_shown(self, node_id: str, kind: str, objects: int = 3) -> tuple[str, Locator]:
        self.queue()
        panel = panel_of(self.page, NAMES[kind])
        # The server has answered.
        if objects:
            expect(panel.locator(".ad-box")).to_have_count(objects)
        else:
            expect(panel.locator(".ad-notice")).to_be_visible()
        focus(self.page, node_id)
        return node_id, still(panel)

    def run_again(self, node_id: str, panel: Locator, **widgets: Any) -> None:
        """Queue with other widget values and wait until the panel shows what came of it."""
        page = self.page
        for name, value in widgets.items():
            set_widget(page, node_id, name, value)
        picture = panel.locator(".ad-picture img").first
        before = picture.get_attribute("src") or ""
        self.queue()
        expect(picture).not_to_have_attribute("src", before)  # each run has its own
        expect(panel.locator(".ad-progress")).to_be_hidden()
        focus(page, node_id)

    def picture(self, name: str) -> None:
        """A screenshot of the page, and one of the node in focus alone."""
        name = f"{name} {'vue' if self.in_vue else 'classic'}"
        screenshot(self.page, name)
        if part := self.page.evaluate(IN_FOCUS):
            screenshot(self.page, f"{name} node", part)


def detailing(picture: str, model: str = "nano-sd15.ckpt", **inputs: Any) -> Graph:
    """Nodes `image`, `AfterDetail` with these inputs and few steps of a tiny model, and `show`."""
    wired = {"model": ["model", 0], "positive": ["positive", 0], "negative": ["negative", 0], "vae": ["model", 2]}
    fixed = {"detector": "face_full_mediapipe", "resolution": "off", "steps": 2}
    return checkpoint(model) | {
        "image": node("LoadImage", image=picture),
        DETAILER: node(DETAILER, image=["image", 0], **wired | fixed | inputs),
        "show": node("PreviewImage", images=[DETAILER, 0]),
    }


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


def show(page: Page, graph: Graph, kind: str, by_hand: bool = False) -> str:
    """Put an API-format graph on the canvas with its node `kind` in focus; that node's id.

    by_hand: with the all-zero id that ComfyUI gives to graphs built there. It keeps the widget values and the open tab
    of such a graph for the next one, so that tests should have no other use for it.
    """
    graph = numbered(graph)
    page.evaluate(SHOW, [graph, by_hand])
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


def still(part: Locator) -> Locator:
    """The same part of the page, once it has stood still for a few frames: nodes are laid out as they are drawn."""
    part.evaluate(STILL)
    return part


@contextmanager
def pressed(page: Page, part: Locator) -> Iterator[None]:
    """Meanwhile the mouse button is down on this part of the page; a click, if that is still there in the end."""
    box = still(part).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    yield
    page.mouse.up()


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
