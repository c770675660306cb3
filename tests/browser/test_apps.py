"""Templates as apps: from the template browser to a repaired face without a graph; a form for every workflow."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from rig import checkpoints
from rig.browser import TIMEOUT_MS, new_page, screenshot
from rig.canvas import CUT_OFF, panel_of, set_widget, widget
from rig.graphs import graph
from rig.prompts import node
from rig.server import ComfyServer
from rig.workflows import STEMS, shipped
from safetensors.torch import save_file
from translations import table
from workflow_apps import OPEN

expect.set_options(timeout=TIMEOUT_MS)

FIRST = "detail-faces-sd15"
FACE = (183, 100, 269, 160)
MENDING = {"steps": 8, "cfg": 1.0, "denoise": 0.06, "mask_dilation": 24}
"""What the small trained model wants in place of a full-grown one's 20 steps at 0.5."""
(DETAILER,) = (key for key, each in shipped(FIRST).items() if each["class_type"] == "AfterDetail")
DENOISE = f"app.graph.getNodeById({DETAILER}).widgets.find((widget) => widget.name === 'denoise').value"
SCREENS = {"wide": (1600, 1000), "phone": (390, 844)}
LABELS = ("Picture", "Checkpoint", "What to fix", "What it should look like", "Strength", "Before and after")


@pytest.fixture(scope="module")
def trained(comfy: ComfyServer, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ComfyServer:
    """A ComfyUI where the first template's checkpoint is the small model that was trained on faces."""
    checkpoints.ensure_all(("face-sd15",), models / "checkpoints")
    loaded = torch.load(models / "checkpoints" / "face-sd15.ckpt", weights_only=True)
    (name,) = [node["inputs"]["ckpt_name"] for node in shipped(FIRST).values() if "ckpt_name" in node["inputs"]]
    kept, path = tmp_path_factory.mktemp("trained") / name, comfy.base / "models" / "checkpoints" / name
    save_file({key: value.contiguous() for key, value in loaded["state_dict"].items()}, kept)
    path.unlink(missing_ok=True)
    path.symlink_to(kept)
    return comfy


@pytest.fixture(params=["classic", "vue"])
def app_page(request: pytest.FixtureRequest, browser: Browser, trained: ComfyServer) -> Iterator[Page]:
    trained.post("/settings", json={"Comfy.VueNodes.Enabled": request.param == "vue"})
    with new_page(browser, touch=True) as page:
        yield page
    trained.post("/settings", json={"Comfy.VueNodes.Enabled": False, "Comfy.Locale": "en"})


@pytest.mark.parametrize(("screen", "language"), [("wide", "en"), ("phone", "fr")])
def test_three_clicks_lead_from_the_template_browser_to_a_repaired_face(app_page, trained, screen, language):
    """On a phone ComfyUI's list of packs is folded and an app opens on its outputs: three taps more."""
    page = app_page
    words = {text: text for text in LABELS} if language == "en" else table(language)
    open_first_template(page, trained, screen, language)
    if screen == "phone":
        tab(page, "control").click()
    expect(run_button(page)).to_be_visible()
    for text in LABELS:
        expect(page.get_by_test_id("linear-widgets").get_by_text(words[text], exact=True)).to_be_visible()
    screenshot(page, f"app {screen}")
    result = run_app(page, screen)
    expect(page.get_by_test_id("linear-output-info").get_by_role("button")).to_have_count(4)  # the run has ended
    screenshot(page, f"app result {screen}")
    broken, mended = as_it_was(trained), picture(trained, result)
    assert roughness(mended.crop(FACE)) < 0.9 * roughness(broken.crop(FACE))
    below = (0, 320, *broken.size)
    assert (pixels(mended.crop(below)) == pixels(broken.crop(below))).all()


def test_the_panel_of_an_app_fits_a_phone_and_works_by_touch(app_page, trained):
    page = app_page
    open_first_template(page, trained, "phone", "en")
    tab(page, "control").tap()
    run_app(page, "phone")
    tab(page, "control").tap()
    panel = page.get_by_test_id("linear-widgets").locator(".ad-panel")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        panel.scroll_into_view_if_needed()
        assert panel.evaluate(CUT_OFF) == []
        assert panel.evaluate("panel => panel.offsetWidth - panel.querySelector('.ad-stage').offsetWidth") <= 8
        screenshot(page, f"app panel {width}")
    panel.get_by_role("button", name="Masks").tap()
    panel.locator(".ad-box").tap()
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_have_count(1)
    assert widget(page, DETAILER, "pick") == "none"
    tab(page, "preview").tap()
    tab(page, "control").tap()
    expect(panel.locator(".ad-box")).to_have_count(1)
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.evaluate("app.extensionManager.command.execute('Comfy.ToggleLinear')")
    expect(panel_of(page, "After Detailer").locator(".ad-box")).to_have_count(1)


def test_rerun_and_reuse_parameters_give_the_same_picture(app_page, trained):
    page = app_page
    open_first_template(page, trained, "wide", "en")
    first = picture(trained, run_app(page, "wide"))
    set_widget(page, DETAILER, "denoise", 0.3)
    page.get_by_role("button", name="Reuse Parameters").click()
    page.wait_for_function(f"{DENOISE} === 0.06")
    before = len(trained.get("/history").json())
    set_widget(page, DETAILER, "denoise", 0.3)
    page.get_by_role("button", name="Rerun").click()
    page.wait_for_function(
        "async (before) => Object.keys(await (await fetch('/history')).json()).length > before", arg=before
    )
    again = [entry for entry in trained.get("/history").json().values() if entry["status"]["completed"]][-1]
    (saver,) = [key for key, each in shipped(FIRST).items() if each["class_type"] == "SaveImage"]
    assert (pixels(trained.images(again, saver)[0].convert("RGB")) == pixels(first)).all()


def run_app(page: Page, screen: str) -> str:
    """Press Run; the address of what then stands in the result area."""
    for name, value in MENDING.items():
        set_widget(page, DETAILER, name, value)
    run_button(page).click()
    if screen == "phone":
        tab(page, "preview").click()
    return result_in(page.locator("#mobile-app-preview-panel") if screen == "phone" else page.locator("body"))


def open_first_template(page: Page, comfy: ComfyServer, screen: str, language: str) -> None:
    """As a newcomer sees it, before whom the template browser stands open."""
    comfy.post("/settings", json={"Comfy.TutorialCompleted": False, "Comfy.Locale": language})
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(comfy.url)
    browsed = page.get_by_role("dialog")
    browsed.wait_for()
    if screen == "phone":
        browsed.get_by_role("button").first.click()
    browsed.get_by_text("afterdetail", exact=True).first.click()
    browsed.locator("[data-testid^=template-workflow-]").first.click()
    page.wait_for_function("id => window.app?.graph?.id === id", arg=graph(FIRST)["id"])


def run_button(page: Page) -> Locator:
    return page.get_by_test_id("linear-run-button").get_by_role("button").last


def tab(page: Page, name: str) -> Locator:
    """Of a phone's page: control is Edit & Run, preview is Outputs."""
    return page.locator(f"#mobile-app-{name}-tab")


def result_in(area: Locator) -> str:
    """The address of the picture in the result area."""
    shown = area.locator("img[src*='filename=detailed']:visible").first
    expect(shown).to_be_visible()
    return shown.get_attribute("src") or ""


def picture(comfy: ComfyServer, address: str) -> Image.Image:
    name = address.split("filename=")[1].split("&")[0]
    answer = comfy.send("GET", f"/view?filename={name}&type=output&subfolder=")
    return Image.open(BytesIO(answer.content)).convert("RGB")


def as_it_was(comfy: ComfyServer) -> Image.Image:
    """The template's picture as ComfyUI reads and saves it."""
    graph = {"in": node("LoadImage", image="afterdetail-face.jpg")}
    graph["out"] = node("SaveImage", images=["in", 0], filename_prefix="as it was")
    return comfy.images(comfy.run(graph), "out")[0].convert("RGB")


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, float)


def roughness(image: Image.Image) -> float:
    """How much neighbours differ: the breakage is coarse noise."""
    return float(np.abs(np.diff(pixels(image), axis=1)).mean())


@pytest.mark.parametrize("stem", STEMS)
def test_every_workflow_names_what_its_form_asks_for_and_shows(stem):
    opened = graph(stem)
    ids = {str(node["id"]): node for node in opened["nodes"]}
    form = opened["extra"]["linearData"]
    assert form["inputs"] and all(node in ids for node, _ in form["inputs"])
    assert form["outputs"] and all(ids[node]["type"].startswith(("Save", "ImageCompare")) for node in form["outputs"])
    assert bool(opened["extra"].get("linearMode")) == (stem in OPEN)
