"""Tweaking, running and comparing on the node's panel, in both of ComfyUI's renderers."""

from __future__ import annotations

import re

from PIL import Image
from playwright.sync_api import Locator, Page, expect
from rig.browser import TIMEOUT_MS, load, prompt_of, saved
from rig.canvas import DETAILER, MASKS, detailing, focus, masking, pressed, set_widget, still, widget
from rig.photos import photo
from rig.prompts import node

expect.set_options(timeout=TIMEOUT_MS)

MASKS_OPEN, RESULT_OPEN = "[data-view=live][aria-pressed=true]", "[data-view=result][aria-pressed=true]"

DRAWN = "id => app.graph.getNodeById(Number(id)).widgets.find((widget) => widget.name === 'pick')._displayValue"
TRACKER = "app.extensionManager.workflow.activeWorkflow.changeTracker"
MEMORIES = "app.graph.nodes.map((node) => node.properties.afterdetail?.memory).filter(Boolean)"
KEPT = """() => Object.entries(localStorage).some(([key, text]) =>
    key.startsWith("Comfy.Workflow.Draft") && text.includes(app.graph.nodes.at(-1).properties.afterdetail.memory))"""
REPORT = "id => app.graph.getNodeById(Number(id)).afterdetailPanel.run.report"


def test_only_widgets_that_change_masks_open_the_masks(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces), DETAILER)
    for name, value in (("denoise", 0.4), ("steps", 3), ("cfg", 5), ("seed", 12)):
        set_widget(page, node_id, name, value)
        expect(panel.locator(RESULT_OPEN)).to_have_count(1)
    set_widget(page, node_id, "mask_padding", 60)
    expect(panel.locator(MASKS_OPEN)).to_have_count(1)


def test_runs_stay_to_be_compared_and_their_seed_can_be_used_again(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces, seed=3), DETAILER)
    canvas.run_again(node_id, panel, seed=4, denoise=0.7)
    thumbs = panel.locator(".ad-thumb")
    expect(thumbs).to_have_count(2)
    expect(thumbs.first).to_have_attribute("title", re.compile("Run 2: seed 4, denoise 0.7"))
    newest = panel.locator(".ad-after").get_attribute("src")
    thumbs.nth(1).click()
    expect(thumbs.nth(1)).to_have_attribute("aria-pressed", "true")
    oldest = panel.locator(".ad-after").get_attribute("src")
    assert oldest != newest
    panel.get_by_role("button", name="Compare with this run").first.click()
    expect(panel.locator(".ad-picture img").first).to_have_attribute("src", newest or "")
    expect(panel.locator(".ad-hold")).to_have_text("A")
    canvas.picture("runs")
    panel.get_by_role("button", name="Set the seed").click()
    assert widget(page, node_id, "seed") == 3
    for seed in range(5, 11):
        canvas.run_again(node_id, panel, seed=seed)
    expect(thumbs).to_have_count(6)


def test_results_survive_undo_copies_and_a_reload_of_a_graph_built_by_hand(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces), DETAILER, by_hand=True)
    capture(page)
    set_widget(page, node_id, "steps", 3)
    capture(page)
    page.evaluate(f"{TRACKER}.undo()")
    expect(panel.locator(".ad-box")).to_have_count(3)
    copy(page, node_id)
    expect(panel).to_have_count(2)
    expect(panel.nth(1).locator(".ad-box")).to_have_count(3)
    assert len(set(page.evaluate(MEMORIES))) == 2
    capture(page)
    page.wait_for_function(KEPT)
    page.reload()
    for at in range(2):
        expect(panel.nth(at).locator(".ad-box")).to_have_count(3)


def test_results_survive_undo_of_all_that_was_done_since_before_the_run(canvas, faces):
    """The node that comes back has no memory's name, and a copy of it, and the page after this one, find its runs."""
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces), DETAILER)
    page.evaluate(
        f"""async () => {{
            const tracker = {TRACKER}
            tracker.captureCanvasState()
            const before = structuredClone(tracker.activeState)
            for (const node of before.nodes) delete node.properties.afterdetail
            tracker.undoQueue.push(before)
            await tracker.undo()
        }}"""
    )
    expect(panel.locator(".ad-box")).to_have_count(3)
    assert not page.evaluate("app.graph.nodes.some((node) => node.properties.afterdetail)")
    page.reload()
    expect(panel.locator(".ad-box")).to_have_count(3)
    copy(page, node_id)
    expect(panel).to_have_count(2)
    expect(panel.nth(1).locator(".ad-box")).to_have_count(3)


def capture(page: Page) -> None:
    """What the page does after every click and key."""
    page.evaluate(f"{TRACKER}.captureCanvasState()")


def copy(page: Page, node_id: str) -> None:
    page.evaluate(
        """id => { const node = app.graph.getNodeById(Number(id))
        app.canvas.select(node); app.canvas.copyToClipboard(); app.canvas.pasteFromClipboard() }""",
        node_id,
    )


def test_a_second_copy_of_a_workflow_shows_no_run_of_the_first(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run_saved(detailing(faces), DETAILER)
    template = saved(page)
    for each in template["nodes"]:
        each["properties"].pop("afterdetail", None)
    load(page, template)
    focus(page, node_id)
    expect(panel.locator(".ad-message")).to_be_visible()
    assert page.evaluate(MEMORIES) == []
    expect(panel.locator(".ad-box")).to_have_count(0)


def test_nothing_found_is_one_line_with_what_to_try(canvas, comfy):
    page = canvas.page
    empty = comfy.upload(Image.new("RGB", (320, 240), (90, 120, 150)), "empty.png")
    node_id, panel = canvas.run(detailing(empty), DETAILER, objects=0)
    expect(panel.locator(".ad-notice")).to_contain_text("Nothing was found here")
    expect(panel.locator(".ad-list:visible, .ad-split:visible")).to_have_count(0)
    canvas.picture("nothing found")
    closer = panel.get_by_role("button", name="Look for small objects")
    with pressed(page, closer), page.expect_response("**/afterdetail/preview"):
        set_widget(page, node_id, "mask_blur", 9)  # the answer draws the notice anew
    assert widget(page, node_id, "scan") == "2"
    panel.get_by_role("button", name="Lower confidence to 0.15").click()
    assert widget(page, node_id, "confidence") == 0.15


def test_a_pick_left_over_from_another_picture_is_named_and_cleared(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(detailing(faces, pick="7"), DETAILER)
    expect(panel.locator(".ad-notice")).to_contain_text("3 found, all left out by pick")
    canvas.picture("left out by pick")
    panel.get_by_role("button", name="Clear pick").click()
    assert widget(page, node_id, "pick") == ""
    expect(panel.locator(".ad-notice")).to_have_count(0)


def test_an_empty_pick_says_that_it_takes_all(canvas, faces):
    page = canvas.page
    node_id, panel = canvas.run(masking(faces), MASKS)
    if canvas.in_vue:
        expect(page.locator(f'[data-node-id="{node_id}"]').get_by_placeholder("all")).to_be_visible()
    else:
        assert page.evaluate(DRAWN, node_id) == "all"
        panel.locator(".ad-box").first.click()
        assert page.evaluate(DRAWN, node_id) == "1-2"
    assert prompt_of(page)[node_id]["inputs"]["pick"] == ("" if canvas.in_vue else "1-2")


def test_of_thirty_objects_the_list_scrolls_and_the_picture_stays(canvas, comfy, faces):
    dots = Image.new("RGB", (640, 320))
    for place in range(30):
        dots.paste(
            (255, 255, 255),
            (20 + 60 * (place % 10), 40 + 90 * (place // 10), 50 + 60 * (place % 10), 80 + 90 * (place // 10)),
        )
    graph = masking(faces) | {"dots": node("LoadImageMask", image=comfy.upload(dots, "dots.png"), channel="red")}
    graph["detect"] = node("AfterDetailFromMask", mask=["dots", 0], image=["image", 0])
    _, panel = canvas.run(graph, MASKS, objects=30)
    rows, stage = panel.locator(".ad-list"), panel.locator(".ad-stage")
    before = stage.bounding_box()
    assert before is not None and before["height"] > 100
    assert rows.evaluate("rows => rows.scrollHeight > 2 * rows.clientHeight")
    rows.locator("li").last.scroll_into_view_if_needed()
    assert rows.evaluate("rows => rows.scrollTop > 0")
    assert still(stage).bounding_box() == before
    canvas.picture("thirty objects")


def test_the_face_that_is_judged_lies_open_and_a_key_shows_it_before(canvas, faces):
    page = canvas.page
    _, panel = canvas.run(detailing(faces), DETAILER)
    page.mouse.move(5, 5)
    expect(panel.locator(".ad-marks:visible")).to_have_css("opacity", "0")
    panel.locator(".ad-stage").first.hover()
    expect(panel.locator(".ad-marks:visible")).to_have_css("opacity", "1")
    after = panel.locator(".ad-after:visible")
    expect(after).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    page.keyboard.down("b")
    expect(panel.locator(".ad-after")).to_have_css("clip-path", "inset(0px 0px 0px 100%)")
    page.keyboard.up("b")
    expect(after).to_have_css("clip-path", "inset(0px 0px 0px 50%)")


def test_an_object_lies_side_by_side_at_the_size_it_was_sampled_at(canvas, faces):
    page = canvas.page
    _, panel = canvas.run(detailing(faces, resolution="square"), DETAILER)
    panel.get_by_role("button", name="Next object").click()
    panel.get_by_role("button", name="side by side").click()
    crops = page.locator("dialog .ad-crop")
    expect(crops).to_have_count(2)
    assert crops.evaluate_all("crops => crops.map((crop) => [crop.clientWidth, crop.clientHeight])") == [[512, 512]] * 2
    canvas.picture("side by side")
    page.keyboard.press("Escape")
    expect(crops).to_have_count(0)


def test_an_object_has_one_colour_and_one_number_in_both_views(canvas, faces):
    _, panel = canvas.run(detailing(faces), DETAILER)
    items = panel.locator(".ad-list:visible li")
    of = """items => items.map((item) =>
        [item.querySelector('.ad-toggle').textContent, item.style.getPropertyValue('--ad-color')])"""
    result = items.evaluate_all(of)
    panel.get_by_role("button", name="Masks").click()
    expect(items).to_have_count(3)  # the server has answered
    assert items.evaluate_all(of) == result
    assert [name for name, _ in result] == ["face 0", "face 1", "face 2"]


def test_a_seed_is_copied_without_https(canvas, faces):
    page = canvas.page
    _, panel = canvas.run(detailing(faces), DETAILER)
    page.evaluate(
        """() => { Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true })
        document.execCommand = () => { window.copied = document.activeElement.value; return true } }"""
    )
    item = panel.locator(".ad-list:visible li").first
    item.get_by_role("button", name="Copy seed").click()
    expect(item.get_by_text("copied")).to_be_visible()
    assert page.evaluate("window.copied") == item.locator("code").inner_text()
    page.evaluate("delete navigator.clipboard")


def test_windows_and_crops_of_a_lying_face_are_turned_with_it(canvas, comfy):
    lying = comfy.upload(photo("astronaut").transpose(Image.Transpose.ROTATE_270), "lying.png")
    graph = masking(lying, scan="turned", confidence=0.7)
    graph[MASKS]["inputs"]["upright"] = True
    _, panel = canvas.run(graph, MASKS, objects=1)
    assert abs(degrees(panel.locator(".ad-window").first) - 90) < 10
    canvas.picture("turned window")
    _, panel = canvas.run(detailing(lying, detector="face_auto", upright=True), DETAILER, objects=1)
    panel.locator(".ad-result .ad-list .ad-toggle").first.click()
    panel.get_by_role("button", name="side by side").click()
    crop = canvas.page.locator("dialog .ad-crop img").last
    expect(crop).to_be_visible()
    assert abs(degrees(crop) + 90) < 10
    canvas.picture("turned crops")
    canvas.page.keyboard.press("Escape")


def degrees(turned: Locator) -> float:
    return float(turned.evaluate("element => parseFloat(element.style.rotate)"))


def test_an_object_whose_repair_was_worse_says_so_in_its_line(canvas, faces):
    """The untrained model's repairs are, and one that is left alone does not count as repaired."""
    node_id, panel = canvas.run(detailing(faces, denoise=1.0, keep="if better"), DETAILER)
    report = panel.page.evaluate(REPORT, node_id)
    rejected = [item for item in report["images"][0]["objects"] if item["status"] == "rejected"]
    assert rejected and all(item["judged"] for item in rejected)
    said = re.compile(r"left as it was: the repair was worse \([a-z ,]+\)")
    expect(panel.locator(".ad-list:visible li").filter(has_text=said)).to_have_count(len(rejected))
    expect(panel.locator(".ad-line")).to_have_text(f"Objects repaired: {3 - len(rejected)} of 3")
    canvas.picture("rejected")
