"""The pack on the canvas, in both of ComfyUI's renderers: live masks, picking objects, results, progress, styles."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from rig.browser import TIMEOUT_MS, load, prompt_of, saved
from rig.canvas import (
    DETAILER,
    MASKS,
    NAMES,
    detailing,
    focus,
    masking,
    panel_of,
    press_plus,
    pressed,
    set_widget,
    show,
    widget,
)
from rig.comfyui import ROOT
from rig.example import FACE_MODEL, WIDGETS
from rig.prompts import node
from rig.service import is_idle
from rig.waiting import until

TWO_FACES = "afterdetail-two-faces.jpg"

expect.set_options(timeout=TIMEOUT_MS)


def token_of(panel: Locator) -> str:
    return (panel.locator(".ad-picture img").first.get_attribute("src") or "").split("/")[-3]


def mask_of(panel: Locator) -> str:
    return panel.locator(".ad-mask").evaluate("mask => mask.style.getPropertyValue('--ad-mask')")


def window_of(panel: Locator) -> str:
    return panel.locator(".ad-window").first.evaluate("window => window.style.width")


def eventually(page: Page, panel: Locator, change: str, before: str) -> None:
    """Wait until the JavaScript expression `change` of the panel's element is no longer `before`."""
    page.wait_for_function(
        f"([panel, before]) => String({change}) !== before", arg=[panel.element_handle(), before], timeout=TIMEOUT_MS
    )


MASK = "panel.querySelector('.ad-mask').style.getPropertyValue('--ad-mask')"
WINDOW = "panel.querySelector('.ad-window')?.style.width"


def test_a_slider_changes_the_mask_without_a_run(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(masking(faces), MASKS)
    assert panel.locator(".ad-picture img").first.evaluate("img => img.decode().then(() => img.naturalWidth)") == 640
    mask, window = mask_of(panel), window_of(panel)
    until(lambda: is_idle(canvas.comfy), "idle")  # a run is in the history after its nodes are on the canvas
    queued = len(canvas.comfy.get("/history").json())

    press_plus(page, node_id, "mask_dilation", canvas.in_vue)
    eventually(page, panel, MASK, mask)
    assert widget(page, node_id, "mask_dilation") == 5
    set_widget(page, node_id, "mask_padding", 90)
    eventually(page, panel, WINDOW, window)
    set_widget(page, node_id, "union_masks", True)
    page.wait_for_function(
        "panel => new Set([...panel.querySelectorAll('.ad-window')].map((w) => w.style.width)).size === 1",
        arg=panel.element_handle(),
    )
    assert len(canvas.comfy.get("/history").json()) == queued
    assert not canvas.comfy.get("/queue").json()["queue_running"]
    page.mouse.move(5, 5)  # no tooltip
    canvas.picture("masks")


def test_an_object_clicked_out_is_left_alone_by_the_run(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces), DETAILER)
    panel.get_by_role("button", name="Masks").click()
    panel.locator(".ad-box").nth(1).click()
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_have_count(1)
    assert widget(page, node_id, "pick") == "0, 2"
    assert prompt_of(page)[node_id]["inputs"]["pick"] == "0, 2"
    expect(panel.locator(".ad-list li[data-state=off]")).to_contain_text("face")
    canvas.picture("picked")

    canvas.queue()
    panel.get_by_text("Objects repaired: 2 of").wait_for()
    panel.get_by_role("button", name="Masks").click()
    panel.locator(".ad-box[aria-pressed=false]").click()
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_have_count(0)
    assert widget(page, node_id, "pick") == ""

    with pressed(page, panel.locator(".ad-box").nth(1)), page.expect_response("**/afterdetail/preview"):
        set_widget(page, node_id, "mask_blur", 9)  # the answer draws the objects anew
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_have_count(1)


def test_the_order_is_typed_or_dragged(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(masking(faces), MASKS)
    rows = panel.locator(".ad-list li")
    rows.nth(2).locator("input").fill("0")
    with page.expect_response("**/afterdetail/preview"):  # it draws the rows anew, which would end a drag
        rows.nth(2).locator("input").press("Enter")
    page.wait_for_function(
        "panel => panel.querySelector('.ad-list .ad-toggle').title.startsWith('face 2')", arg=panel.element_handle()
    )
    assert widget(page, node_id, "pick") == "2, 0-1"
    rows.nth(0).drag_to(rows.nth(2), source_position={"x": 180, "y": 8}, target_position={"x": 180, "y": 8})
    expect(rows.nth(0).locator(".ad-toggle")).to_have_attribute("title", re.compile("^face 0"))
    assert widget(page, node_id, "pick") == ""


def test_pointing_at_an_object_describes_it(canvas, faces):
    _, panel = canvas.run(masking(faces), MASKS)
    panel.locator(".ad-box").nth(1).hover()
    expect(panel.locator(".ad-line")).to_have_text(
        re.compile(r"^face 1, score 0\.\d\d, \d+x\d+ px, sampled at \d+x\d+$")
    )


def test_a_saved_graph_comes_back_with_everything_after_a_reload(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run_saved(masking(faces), MASKS)
    panel.locator(".ad-box").nth(0).click()
    set_widget(page, node_id, "mask_blur", 11)
    graph = saved(page)
    page.reload()
    panel.wait_for(state="attached")  # ComfyUI opens the graph of before by itself, as it was when it was loaded
    load(page, graph)
    focus(page, node_id)
    assert (widget(page, node_id, "pick"), widget(page, node_id, "mask_blur")) == ("1-2", 11)
    expect(panel.locator(".ad-box")).to_have_count(3)
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_have_count(1)


def test_what_a_removed_node_saw_is_dropped(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(masking(faces), MASKS)
    token = token_of(panel)
    with page.expect_response(lambda answer: answer.request.method == "DELETE" and token in answer.url) as dropped:
        page.evaluate("id => app.graph.remove(app.graph.getNodeById(Number(id)))", node_id)
    assert dropped.value.status == 204
    expect(panel).to_have_count(0)


def test_a_page_that_outlived_the_server_starts_anew(canvas, faces):
    """The run that it remembers is none that the server knows."""
    page = canvas.page
    node_id, panel = canvas.run_saved(masking(faces), MASKS)
    page.evaluate(
        """for (const key of Object.keys(sessionStorage)) if (key.startsWith("afterdetail:")) {
            sessionStorage.setItem(key, sessionStorage.getItem(key).replace(/"token":"../, '"token":"zz'))
        }"""
    )
    with page.expect_response("**/afterdetail/preview/zz*"):
        load(page, saved(page))
    focus(page, node_id)
    expect(panel.locator(".ad-message")).to_contain_text("Run once to see")


def test_before_and_after_object_by_object(canvas):
    page = canvas.page
    two_broken_faces = canvas.comfy.upload(ROOT / "workflows" / "pictures" / TWO_FACES, TWO_FACES)
    mending = detailing(two_broken_faces, FACE_MODEL, **WIDGETS | {"detector": "face_auto", "resolution": "auto"})
    _, panel = canvas.run(mending, DETAILER, objects=2)
    slider, after = panel.get_by_role("slider"), panel.get_by_alt_text("After the repair")
    slider.fill("20")
    expect(after).to_have_css("clip-path", "inset(0px 0px 0px 20%)")
    panel.get_by_role("button", name="Next object").click()
    expect(panel.locator(".ad-line")).to_contain_text("face 1")
    expect(panel.locator(".ad-line")).to_contain_text("sampled at 640x768 (the sd15 size nearest in shape to ")
    assert "scale(1)" not in (panel.locator(".ad-picture").get_attribute("style") or "")
    seed = panel.locator(".ad-list li").nth(1).locator("code").inner_text()
    panel.get_by_role("button", name=f"Copy seed {seed}").click()
    expect(panel.get_by_role("button", name=f"Copy seed {seed}")).to_have_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == seed
    canvas.picture("result")


def test_a_failed_object_is_marked_with_the_reason(canvas, faces):
    """A text encoder that does not belong to the model, asked for one of them: the others are repaired."""
    graph = detailing(faces, clip=["xl", 1], object_prompts="a face") | {
        "xl": node("CheckpointLoaderSimple", ckpt_name="nano-sdxl.ckpt"),
    }
    _, panel = canvas.run(graph, DETAILER)
    expect(panel.locator(".ad-box[data-state=failed]")).to_have_count(1)
    expect(panel.locator(".ad-list li").first).to_contain_text("text encoder")
    canvas.picture("failed")


def test_progress_names_the_object_and_shows_its_crop(canvas, faces):
    page = canvas.page
    show(page, detailing(faces, steps=12, batch_size=1, seed=7 + canvas.in_vue), DETAILER)
    panel = panel_of(page, NAMES[DETAILER])
    panel.locator(".ad-progress").evaluate(
        """progress => {
            window.told = []
            const note = () => window.told.push([
                progress.querySelector("span").textContent,
                progress.querySelector("progress").value,
                progress.querySelector("img").src.slice(0, 5)
            ])
            new MutationObserver(note).observe(progress, { subtree: true, childList: true, attributes: true })
        }"""
    )
    canvas.queue()
    expect(panel.locator(".ad-view")).to_be_visible()
    told = page.evaluate("window.told")
    lines = [line for line, _, _ in told]
    assert "face 1 of 3, step 1/12" in lines and "face 3 of 3, step 12/12" in lines
    assert any(done > 12 for _, done, _ in told)
    assert any(source == "blob:" for _, _, source in told)
    expect(panel.locator(".ad-progress")).to_be_hidden()
    live = page.locator(".lg-node:has(.ad-panel) img:not(.ad-panel *)")  # ComfyUI's own
    expect(live.locator("visible=true")).to_have_count(0)


def test_styles_are_searched_and_shown_in_words(canvas):
    page = canvas.page
    graph = {
        "AfterDetailStylePreset": node("AfterDetailStylePreset", style_preset="base", prompt="a red fox"),
        "text": node("PreviewAny", source=["AfterDetailStylePreset", 0]),
    }
    node_id = show(page, graph, "AfterDetailStylePreset")
    panel = panel_of(page, NAMES["AfterDetailStylePreset"])
    styles = panel.locator(".ad-styles button")
    expect(styles).to_have_count(78)
    panel.get_by_role("searchbox").fill("neon")
    expect(panel.locator(".ad-search span")).to_have_text(re.compile(r"^\d of 78$"))
    panel.get_by_role("button", name="neon-punk").click()
    assert widget(page, node_id, "style_preset") == "neon-punk"
    expect(panel.locator("dd").first).to_contain_text("a red fox")
    set_widget(page, node_id, "prompt", "a grey wolf")
    expect(panel.locator("dd").first).to_contain_text("a grey wolf")
    canvas.picture("styles")


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(masking(faces), MASKS)
    controls = panel.locator("button:visible, input:visible")
    controls.first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")  # so that the page knows that the keyboard is used
    for place in range(controls.count()):
        expect(controls.nth(place)).to_be_focused()
        assert controls.nth(place).evaluate("control => getComputedStyle(control).outlineStyle") == "solid"
        assert controls.nth(place).evaluate("control => control.ariaLabel || control.textContent")
        page.keyboard.press("Tab")
    panel.locator(".ad-box").nth(2).focus()
    page.keyboard.press("Space")
    expect(panel.locator(".ad-box[aria-pressed=false]")).to_be_focused()
    assert widget(page, node_id, "pick") == "0-1"
    page.keyboard.press("Delete")  # on the canvas it would remove the node
    assert page.evaluate("id => app.graph.getNodeById(Number(id)) !== null", node_id)


def test_themes_and_reduced_motion(canvas, faces):
    page = canvas.page
    _, panel = canvas.run(detailing(faces), DETAILER)
    dark = panel.evaluate("panel => getComputedStyle(panel).color")
    page.evaluate("app.extensionManager.setting.set('Comfy.ColorPalette', 'light')")
    eventually(page, panel, "getComputedStyle(panel).color", dark)
    canvas.picture("light")
    page.evaluate("app.extensionManager.setting.set('Comfy.ColorPalette', 'dark')")
    page.emulate_media(reduced_motion="reduce")
    expect(panel.locator(".ad-picture")).to_have_css("transition-duration", re.compile("^0s$"))
    expect(panel.locator(".ad-picture")).to_have_css("transition-property", "none")
    page.emulate_media(reduced_motion="no-preference")
