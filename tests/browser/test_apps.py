"""Templates as apps: from the template browser to a repaired face without a graph."""

from __future__ import annotations

import re
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
from rig.canvas import CUT_OFF, panel_of, set_widget, still, widget
from rig.contrast import READABLE, contrast
from rig.graphs import graph
from rig.prompts import node
from rig.server import ComfyServer
from rig.service import is_idle
from rig.waiting import until
from rig.workflows import shipped
from safetensors.torch import save_file
from translations import table

expect.set_options(timeout=TIMEOUT_MS)

FIRST = "detail-faces-sd15"
FACE = (183, 100, 269, 160)
(CHECKPOINT,) = (each["inputs"]["ckpt_name"] for each in shipped(FIRST).values() if "ckpt_name" in each["inputs"])
MENDING = {"steps": 8, "cfg": 1.0, "denoise": 0.06, "mask_dilation": 24}
"""What the small trained model wants in place of a full-grown one's 20 steps at 0.5."""
(DETAILER,) = (key for key, each in shipped(FIRST).items() if each["class_type"] == "AfterDetail")
DENOISE = f"app.graph.getNodeById({DETAILER}).widgets.find((widget) => widget.name === 'denoise').value"
INK_AND_GROUND = """panel => {
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number)
    let place = panel
    while (numbers(getComputedStyle(place).backgroundColor)[3] === 0) place = place.parentElement
    const colors = [getComputedStyle(panel).color, getComputedStyle(place).backgroundColor]
    return colors.map((color) => numbers(color).slice(0, 3))
}"""
SIDES = """async (source) => {
    const image = new Image()
    image.src = source
    await image.decode()
    return [image.naturalWidth, image.naturalHeight]
}"""
SCREENS = {"wide": (1600, 1000), "phone": (390, 844)}
LABELS = ("Picture", "Checkpoint", "What to fix", "What it should look like", "Strength", "Before and after")


@pytest.fixture(scope="module")
def trained(comfy: ComfyServer, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ComfyServer:
    """A ComfyUI where the first template's checkpoint is the small model that was trained on faces."""
    checkpoints.ensure_all(("face-sd15",), models / "checkpoints")
    loaded = torch.load(models / "checkpoints" / "face-sd15.ckpt", weights_only=True)
    kept, path = tmp_path_factory.mktemp("trained") / CHECKPOINT, comfy.base / "models" / "checkpoints" / CHECKPOINT
    save_file({key: value.contiguous() for key, value in loaded["state_dict"].items()}, kept)
    path.unlink(missing_ok=True)
    path.symlink_to(kept)
    return comfy


@pytest.fixture(params=["classic", "vue"])
def app_page(request: pytest.FixtureRequest, browser: Browser, trained: ComfyServer) -> Iterator[Page]:
    trained.post("/settings", json={"Comfy.VueNodes.Enabled": request.param == "vue"})
    with new_page(browser, touch=True) as page:
        yield page
    trained.post(
        "/settings", json={"Comfy.VueNodes.Enabled": False, "Comfy.Locale": "en", "Comfy.ColorPalette": "dark"}
    )


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
    has_ended(page)
    screenshot(page, f"app result {screen}")
    shows_the_repaired_picture_and_both_side_by_side(page)
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
    expect(panel.locator(".ad-stage")).to_be_visible()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        fits(page, panel, f"app panel {width}")
    panel.evaluate("panel => { panel.style.width = '260px' }")  # ComfyUI's page itself is cut off on a narrower screen
    fits(page, panel, "app panel in a column of 260")
    panel.evaluate("panel => { panel.style.width = '' }")
    touches(page, panel)
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


def fits(page: Page, panel: Locator, name: str) -> None:
    """The picture is as wide as the panel, and nothing is cut off."""
    panel.scroll_into_view_if_needed()
    assert still(panel).evaluate(CUT_OFF) == []
    assert panel.evaluate("panel => panel.offsetWidth - panel.querySelector('.ad-stage').offsetWidth") <= 8
    screenshot(page, name)


def touches(page: Page, panel: Locator) -> None:
    """Slide between before and after, and zoom with two fingers, in and out again."""
    slider, after = panel.get_by_role("slider"), panel.locator(".ad-after")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    finger = [(box["x"] + share * box["width"], middle) for share in (0.5, 0.4, 0.3, 0.2)]
    fingers(page, [[place] for place in finger])
    expect(after).to_have_css("clip-path", re.compile(r"inset\(0px 0px 0px (1\d|2\d)(\.\d+)?%\)"))
    stage = panel.locator(".ad-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    zoom = "panel => Number(panel.querySelector('.ad-picture').style.getPropertyValue('--ad-zoom') || 1)"
    apart = [[(x - reach, y), (x + reach, y)] for reach in (20, 30, 40, 50)]
    fingers(page, apart)
    until(lambda: panel.evaluate(zoom) == pytest.approx(2.5, rel=0.05), "zoomed in")
    fingers(page, apart[::-1])
    until(lambda: panel.evaluate(zoom) == pytest.approx(1), "zoomed out")


def fingers(page: Page, steps: list[list[tuple[float, float]]]) -> None:
    """Put fingers down at the first places, move them to the others, and lift them."""
    session = page.context.new_cdp_session(page)
    for kind, places in zip(["touchStart", *["touchMove"] * (len(steps) - 1), "touchEnd"], [*steps, []], strict=True):
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.detach()


def test_live_masks_in_the_form_follow_its_widgets(app_page, trained):
    page = app_page
    open_first_template(page, trained, "wide", "en")
    run_app(page, "wide")
    panel = page.get_by_test_id("linear-widgets").locator(".ad-panel")
    set_widget(page, DETAILER, "detector", "hand_auto")
    expect(panel.locator("[data-view=live]")).to_have_attribute("aria-pressed", "true")
    expect(panel.locator(".ad-notes:visible")).to_contain_text("detector has changed: run the graph to look again.")
    mask = panel.locator(".ad-mask")
    before = mask.get_attribute("style") or ""
    set_widget(page, DETAILER, "detector", "face_auto")
    set_widget(page, DETAILER, "mask_dilation", 60)
    expect(mask).not_to_have_attribute("style", before)


def test_an_app_is_readable_in_the_light_theme(app_page, trained):
    page = app_page
    trained.post("/settings", json={"Comfy.ColorPalette": "light"})
    open_first_template(page, trained, "wide", "en")
    run_app(page, "wide")
    panel = page.get_by_test_id("linear-widgets").locator(".ad-panel")
    expect(panel.locator(".ad-list")).to_contain_text("repaired")
    ink, ground = panel.evaluate(INK_AND_GROUND)
    assert contrast(ink, ground) >= READABLE and sum(ground) > 3 * 200, (ink, ground)
    panel.scroll_into_view_if_needed()
    has_ended(page)
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    screenshot(page, "app result light")


def test_rerun_and_reuse_parameters_give_the_same_picture(app_page, trained):
    page = app_page
    open_first_template(page, trained, "wide", "en")
    first = picture(trained, run_app(page, "wide"))
    set_widget(page, DETAILER, "denoise", 0.3)
    page.get_by_role("button", name="Reuse Parameters").click()
    page.wait_for_function(f"{DENOISE} === 0.06")
    until(lambda: is_idle(trained), "idle")  # a run is in the history after its picture is shown
    before = len(trained.get("/history").json())
    set_widget(page, DETAILER, "denoise", 0.3)
    page.get_by_role("button", name="Rerun").click()
    page.wait_for_function(
        "async (before) => Object.keys(await (await fetch('/history')).json()).length > before", arg=before
    )
    again = [entry for entry in trained.get("/history").json().values() if entry["status"]["completed"]][-1]
    (saver,) = [key for key, each in shipped(FIRST).items() if each["class_type"] == "SaveImage"]
    assert (pixels(trained.images(again, saver)[0].convert("RGB")) == pixels(first)).all()


def test_a_run_that_is_all_cached_shows_the_repaired_picture_first_too(app_page, trained):
    page = app_page
    open_first_template(page, trained, "wide", "en")
    run_app(page, "wide")
    has_ended(page)
    run_button(page).click()
    has_ended(page, runs=2)
    shows_the_repaired_picture_and_both_side_by_side(page, runs=2)


def shows_the_repaired_picture_and_both_side_by_side(page: Page, runs: int = 1) -> None:
    kept = page.get_by_test_id("linear-history-item")
    expect(kept).to_have_count(2 * runs)
    pictures = kept.locator("img").evaluate_all("images => images.map((image) => image.src)")
    assert ["filename=detailed" in source for source in pictures] == [True, False] * runs
    for both in pictures[1::2]:
        assert "filename=afterdetail" in both and page.evaluate(SIDES, both) == [2 * 512 + 8, 512]


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


def has_ended(page: Page, runs: int = 1) -> None:
    """The last of so many runs, whose result is shown."""
    expect(page.get_by_test_id("linear-history-item")).to_have_count(2 * runs)
    expect(page.get_by_test_id("linear-output-info").get_by_role("button")).to_have_count(4)


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
