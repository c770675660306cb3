"""From the template browser to a repaired face, as a newcomer goes, in both of ComfyUI's renderers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from rig import checkpoints
from rig.browser import TIMEOUT_MS, load
from rig.canvas import DETAILER, detailing, focus, panel_of, set_widget, show, widget
from rig.graphs import graph
from rig.workflows import shipped
from workflow_blueprints import BLUEPRINTS

expect.set_options(timeout=TIMEOUT_MS)

BROWSE = "app.extensionManager.command.execute('Comfy.BrowseTemplates')"
START = "Fix faces - SD 1.5 (start here)"
FOUND = {
    "face": ("Fix Faces", 7),
    "hand": ("Fix Hands", 0),
    "fix": ("Fix Faces", 3),
    "detailer": ("After Detailer", 0),
    "adetailer": ("Fix Faces", 4),
    "facedetailer": ("Fix Faces", 4),
    "hires": ("Fix Faces", 7),
}
"""What is searched for -> the node or blueprint to be found, and its place among the results at the latest."""
MENDING = {"steps": 8, "cfg": 1.0, "denoise": 0.06, "mask_dilation": 24}
RIGHT = """async ([url, box]) => {
    const read = async (side) => {
        const image = new Image()
        image.src = url.replace("/after/", `/${side}/`)
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext("2d")
        context.drawImage(image, 0, 0)
        return context.getImageData(...box).data
    }
    const [before, after] = [await read("before"), await read("after")]
    const rough = (data) => {  // how much neighbours differ: the breakage is coarse noise
        let sum = 0
        for (let at = 4; at < data.length; at += 4) sum += Math.abs(data[at] - data[at - 4])
        return sum / data.length
    }
    return [rough(before), rough(after)]
}"""


@pytest.fixture(scope="module")
def newcomer(canvas, models):
    checkpoints.ensure_all(("face-sd15",), models / "checkpoints")
    canvas.comfy.link_models(models)
    return canvas


def test_a_template_brings_its_own_broken_face_and_a_run_repairs_it(newcomer):
    page = newcomer.page
    page.reload()
    page.wait_for_function("window.app?.vueAppReady && window.app.rootGraphInternal")
    page.evaluate(BROWSE)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("afterdetail", exact=True).first.dispatch_event("click")
    cards = dialog.locator("[data-testid^=template-workflow-]")
    expect(cards.first).to_have_attribute("data-testid", f"template-workflow-{START}.app")
    expect(cards.first.get_by_text("App", exact=True)).to_have_count(1)
    newcomer.picture("template browser")
    cards.first.dispatch_event("click")
    dialog.wait_for(state="hidden")
    page.wait_for_function("id => app.graph.id === id", arg=graph("detail-faces-sd15")["id"])
    if page.evaluate("Boolean(app.graph.extra.linearMode)"):
        page.evaluate("app.extensionManager.command.execute('Comfy.ToggleLinear')")
    loader = next(key for key, node in shipped("detail-faces-sd15").items() if "ckpt_name" in node["inputs"])
    set_widget(page, loader, "ckpt_name", "face-sd15.ckpt")
    detailer = next(key for key, node in shipped("detail-faces-sd15").items() if node["class_type"] == DETAILER)
    for name, value in MENDING.items():
        set_widget(page, detailer, name, value)
    focus(page, detailer)
    newcomer.queue()
    panel = panel_of(page, "After Detailer").first
    expect(panel.locator(".ad-list:visible")).to_contain_text("repaired")
    url = panel.locator(".ad-after").get_attribute("src")
    before, after = page.evaluate(RIGHT, [url, [183, 100, 86, 60]])
    assert after < 0.9 * before, (before, after)
    newcomer.picture("first run")


def test_searching_nodes_shows_this_pack_among_the_first(newcomer):
    """ComfyUI ranks whole words of the display name first, and has seven nodes of its own that are called Face."""
    page = newcomer.page
    page.evaluate("app.extensionManager.command.execute('Workspace.SearchBox.Toggle')")
    box, results = page.locator("input[role=combobox]:visible"), page.get_by_test_id("result-item")
    for word, (name, place) in FOUND.items():
        box.fill("qqqq")
        expect(page.get_by_test_id("no-results")).to_be_visible()
        box.fill(word)
        expect(results.filter(has_text=re.compile(f"^{name}")).first).to_be_visible()
        found = [text.splitlines()[0] for text in results.all_inner_texts()]
        assert found.index(name) <= place, (word, found[:10])
    newcomer.picture("search")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)


def test_the_node_library_shows_the_ready_nodes_first(newcomer):
    page = newcomer.page
    page.evaluate("app.extensionManager.sidebarTab.toggleSidebarTab('node-library')")
    box, rows = page.get_by_placeholder("Search").locator("visible=true").first, page.get_by_role("treeitem")
    for word in ("adetailer", "facedetailer"):
        box.fill("qqqq")
        expect(rows).to_have_count(0)
        box.fill(word)
        for name in BLUEPRINTS:
            expect(rows.filter(has_text=re.compile(f"^{name}$"))).to_have_count(1)
        shown = [text.splitlines()[0] for text in rows.all_inner_texts()]
        assert sorted(shown[2:7]) == sorted(BLUEPRINTS), shown  # below two folders
    newcomer.picture("node library")
    box.fill("")
    page.evaluate("app.extensionManager.sidebarTab.toggleSidebarTab('node-library')")
    expect(box).to_have_count(0)


@pytest.fixture
def routed(newcomer) -> Iterator[Page]:
    """A page whose requests a test answers; none of them is under way when it ends."""
    yield newcomer.page
    newcomer.page.unroute_all(behavior="wait")


def test_a_missing_file_of_a_detector_is_told_on_the_panel_and_fetched_there(routed, newcomer, faces):
    """The server of the weights is not reachable here: its answers stand in for the download."""
    page = routed
    there = {"fetched": False}
    state = {"done": 3, "total": 10, "ended": False, "problem": ""}

    def weights(route):
        method, name = route.request.method, route.request.url.rsplit("/", 1)[-1]
        if method == "POST":
            return route.fulfill(status=202)
        if name == "weights":
            rows = route.fetch().json()
            return route.fulfill(json={} if there["fetched"] else rows)
        there["fetched"] = bool(state["ended"])
        return route.fulfill(json=state)

    page.route("**/afterdetail/weights**", weights)
    page.route("**/afterdetail/weights/**", weights)
    node_id = show(page, detailing(faces), DETAILER)
    panel = panel_of(page, "After Detailer")
    set_widget(page, node_id, "detector", "hand_yolov8n")
    notice = panel.locator(".ad-notice")
    expect(notice).to_contain_text(
        "hand_yolov8n needs the file hand_yolov8n.pt (6.2 MB, Apache-2.0, from huggingface.co)"
    )
    label = page.evaluate(
        "id => app.graph.getNodeById(Number(id)).widgets[0].options.getOptionLabel('hand_yolov8n')", node_id
    )
    assert "needs a file" in label
    newcomer.picture("missing weights")
    notice.get_by_role("button", name="Download").click()
    expect(notice.locator("progress")).to_be_visible()
    state |= {"done": 10, "ended": True}
    expect(notice).to_have_count(0)
    assert widget(page, node_id, "detector") == "hand_yolov8n"


def test_a_node_that_fails_says_why_on_its_panel(newcomer, faces):
    page = newcomer.page
    node_id = show(page, detailing(faces), DETAILER)
    panel = panel_of(page, "After Detailer")
    page.evaluate(
        """id => { const detail = { node_id: id, exception_message: "The detector needs a file." }
        app.api.dispatchEvent(new CustomEvent("execution_error", { detail })) }""",
        node_id,
    )
    expect(panel.locator(".ad-notice").first).to_have_text("The detector needs a file.")


IMPACT = {
    "id": 1,
    "type": "FaceDetailer",
    "pos": [0, 0],
    "size": [300, 400],
    "flags": {},
    "order": 0,
    "mode": 0,
    "inputs": [{"name": "image", "type": "IMAGE", "link": 1}],
    "outputs": [{"name": "image", "type": "IMAGE", "links": [2]}],
    "properties": {},
    "widgets_values": [768, True, 1024, 7, "fixed", 25, 6.5, "dpmpp_2m", "karras", 0.45, 5, True, True, 0.5, 10, 3],
}
ADETAILER = (
    "a face\nSteps: 20, ADetailer model: face_yolov8n.pt, ADetailer confidence: 0.4, ADetailer denoising strength: 0.35"
)


def test_other_detailers_are_converted_from_their_menu(newcomer):
    page = newcomer.page
    loader = {
        "id": 2,
        "type": "LoadImage",
        "pos": [-400, 0],
        "size": [300, 300],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "properties": {},
        "widgets_values": ["afterdetail-face.jpg", "image"],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}, {"name": "MASK", "type": "MASK", "links": None}],
    }
    saver = {
        "id": 3,
        "type": "SaveImage",
        "pos": [800, 0],
        "size": [300, 300],
        "flags": {},
        "order": 2,
        "mode": 0,
        "inputs": [{"name": "images", "type": "IMAGE", "link": 2}],
        "outputs": [],
        "properties": {},
        "widgets_values": ["x"],
    }
    note = {
        "id": 4,
        "type": "Note",
        "pos": [0, 600],
        "size": [300, 300],
        "flags": {},
        "order": 3,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [ADETAILER],
    }
    opened = {
        "version": 0.4,
        "last_node_id": 4,
        "last_link_id": 2,
        "groups": [],
        "config": {},
        "extra": {},
        "nodes": [IMPACT, loader, saver, note],
        "links": [[1, 2, 0, 1, 0, "IMAGE"], [2, 1, 0, 3, 0, "IMAGE"]],
    }
    load(page, opened)
    convert = """id => {
        const extension = app.extensions.find((each) => each.name === "AfterDetail")
        const [item] = extension.getNodeMenuItems(app.graph.getNodeById(id))
        const before = new Set(app.graph.nodes)
        item.callback()
        const made = app.graph.nodes.find((node) => !before.has(node))
        return [String(made.id), item.content, made.inputs[0].link !== null, made.outputs[0].links?.length ?? 0]
    }"""
    node_id, text, wired_in, wired_out = page.evaluate(convert, 1)
    assert text == "Convert to After Detailer" and wired_in and wired_out == 1
    assert (widget(page, node_id, "denoise"), widget(page, node_id, "sampler_name")) == (0.45, "dpmpp_2m")
    assert (widget(page, node_id, "confidence"), widget(page, node_id, "mask_dilation")) == (0.5, 10)
    focus(page, node_id)
    expect(panel_of(page, "After Detailer").locator(".ad-notice")).to_contain_text("no equivalent here: guide_size 768")
    newcomer.picture("converted")
    node_id, *_ = page.evaluate(convert, 4)
    assert (widget(page, node_id, "detector"), widget(page, node_id, "confidence")) == ("face_yolov8n", 0.4)


def test_no_template_names_a_file_that_nobody_has():
    text = json.dumps([graph(stem) for stem in ("lora-embedding-vae", "detail-frames", "detail-faces-sd15")])
    assert "your-" not in text and "example." not in text
