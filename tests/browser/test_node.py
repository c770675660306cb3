"""How After Detailer stands on the canvas: its rows, its sockets and its height."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from rig.browser import TIMEOUT_MS, load, prompt_of, saved
from rig.canvas import DETAILER, MASKS, detailing, focus, masking, panel_of, show, still

expect.set_options(timeout=TIMEOUT_MS)

MASKS_OPEN, RESULT_OPEN = "[data-view=live][aria-pressed=true]", "[data-view=result][aria-pressed=true]"

HEIGHT = "id => app.graph.getNodeById(Number(id)).size[1]"
SIZES = """id => {
    const node = app.graph.getNodeById(Number(id))
    return [node.size[1], node.computeSize()[1]]
}"""
TOUCHED = ["detector", "confidence", "denoise", "mask_padding", "resolution", "steps"]
ADVANCED = ("seed", "cfg", "mask_dilation", "object_prompts", "pick")
HIGHEST = 400  # pixels of a new node before its panel
EMPTY = 100  # pixels below the panel, where Vue's renderer has a badge and a button
ROWS = """id => {
    const labels = document.querySelectorAll(`[data-node-id="${id}"] [data-testid=widget-layout-field-label]`)
    const top = (label) => label.getBoundingClientRect().top
    return [...labels].sort((one, other) => top(one) - top(other)).map((label) => label.textContent.trim())
}"""
SOCKET_ROWS = """id => {
    const node = app.graph.getNodeById(Number(id))
    const sockets = node.inputs.flatMap((input, at) => input.widget ? [] : [[input.name, node.getInputPos(at)[1]]])
    return Object.fromEntries(sockets)
}"""


def test_the_node_is_short_until_its_advanced_widgets_are_opened(canvas, faces):
    page = canvas.page
    node_id = canvas.page.evaluate(
        """() => { app.graph.clear(); const node = LiteGraph.createNode("AfterDetail"); app.graph.add(node)
        return String(node.id) }"""
    )
    focus(page, node_id)
    panel = panel_of(page, "After Detailer")
    expect(still(panel)).to_be_visible()
    shown = page.evaluate(
        "id => { const node = app.graph.getNodeById(Number(id));"
        "return node.widgets.filter((w) => node.isWidgetVisible(w)).map((w) => w.name) }",
        node_id,
    )
    assert not set(ADVANCED) & set(shown)
    if canvas.in_vue:
        node = page.locator(f'[data-node-id="{node_id}"]')
        for name in TOUCHED:
            expect(node.get_by_text(name, exact=True)).to_be_visible()
        for name in ADVANCED:
            expect(node.get_by_text(name, exact=True)).to_have_count(0)
        empty = node.evaluate(
            "(node, panel) => node.getBoundingClientRect().bottom - panel.getBoundingClientRect().bottom",
            panel.element_handle(),
        )
        assert empty < EMPTY
        node.get_by_text(re.compile("advanced", re.IGNORECASE)).last.click()
        expect(node.get_by_text("cfg", exact=True)).to_be_visible()
        page.wait_for_function(
            f"([id, first]) => ({ROWS})(id).join().startsWith(first)", arg=[node_id, ",".join(TOUCHED)]
        )
        canvas.picture("advanced")
    else:
        assert laid_out(page, node_id)[:6] == TOUCHED
        page.wait_for_function(  # it is fitted when the server has said which files are missing
            f"([id, panel, most]) => ({HEIGHT})(id) - panel.offsetHeight <= most",
            arg=[node_id, panel.element_handle(), HIGHEST],
        )
        canvas.picture("short")
        panel.get_by_role("button", name="Advanced").click()
        assert laid_out(page, node_id)[:6] == TOUCHED
        assert set(ADVANCED) <= set(laid_out(page, node_id))
        rows = page.evaluate(SOCKET_ROWS, node_id)
        assert len(set(rows.values())) == len(rows) > 10
    saved = page.evaluate("id => app.graph.getNodeById(Number(id)).serialize().widgets_values", node_id)
    assert saved[:3] == ["face_auto", 0.3, 0] or saved[1:3] == [0.3, 0]  # the order of the ids


def test_the_properties_panel_of_the_page_leaves_the_nodes_own_panel_where_it_is(canvas, faces):
    page = canvas.page
    node_id = page.evaluate(
        """() => { app.graph.clear(); const node = LiteGraph.createNode("AfterDetail"); app.graph.add(node)
        app.canvas.selectNode(node); return String(node.id) }"""
    )
    focus(page, node_id)
    page.get_by_label("Toggle properties panel").first.click()
    properties = page.get_by_test_id("properties-panel")
    expect(properties.get_by_text("confidence", exact=True).first).to_be_visible()
    expect(properties.get_by_text("afterdetail_panel")).to_have_count(0)
    expect(properties.get_by_role("region", name="After Detailer")).to_have_count(0)
    expect(still(panel_of(page, "After Detailer"))).to_be_visible()
    canvas.picture("properties")
    page.get_by_label("Toggle properties panel").first.click()  # the page remembers it
    expect(properties).to_have_count(0)


def laid_out(page: Page, node_id: str) -> list[str]:
    return page.evaluate("id => app.graph.getNodeById(Number(id)).getLayoutWidgets().map((w) => w.name)", node_id)


def test_an_optional_socket_has_a_row_once_it_holds_a_link_and_keeps_it_in_a_saved_graph(canvas, faces):
    page = canvas.page
    node_id = show(page, detailing(faces, clip=["model", 1]), DETAILER)
    for _ in range(2):
        rows = page.evaluate(SOCKET_ROWS, node_id)
        assert "clip" in prompt_of(page)[node_id]["inputs"]
        if not canvas.in_vue:
            assert rows["vae"] < rows["clip"] and rows["guider"] == rows["image"]
        graph = saved(page)
        [node] = [each for each in graph["nodes"] if str(each["id"]) == node_id]
        assert not [each for each in node["inputs"] if each.get("pos") and "widget" not in each]
        load(page, graph)
    page.evaluate(
        "id => { const node = app.graph.getNodeById(Number(id)); node.disconnectInput(node.findInputSlot('clip')) }",
        node_id,
    )
    if not canvas.in_vue:
        page.wait_for_function(
            f"id => {{ const rows = ({SOCKET_ROWS})(id); return rows.clip === rows.image }}", arg=node_id
        )


def test_the_panel_is_a_slim_bar_until_the_first_run_and_then_as_high_as_it_was_dragged(canvas, faces):
    page = canvas.page
    _, panel = canvas.run(masking(faces), MASKS)
    node_id = page.evaluate("String(app.graph.nodes.find((node) => node.type === 'AfterDetailRegions').id)")
    height = panel.evaluate("panel => panel.offsetHeight")
    handle = panel.get_by_role("separator")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 20, box["y"] + 62, steps=4)
    page.mouse.up()
    taller = still(panel).evaluate("panel => panel.offsetHeight")
    assert taller > height + 40
    load(page, saved(page))
    focus(page, node_id)
    expect(panel.locator(".ad-box")).to_have_count(3)
    assert abs(still(panel).evaluate("panel => panel.offsetHeight") - taller) <= 2
    if not canvas.in_vue:
        high, needed = page.evaluate(SIZES, node_id)
        assert high == needed  # no empty room below
    panel.get_by_role("button", name="Show or hide").click()
    expect(panel.locator(".ad-body")).to_be_hidden()
    assert still(panel).evaluate("panel => panel.offsetHeight") < 60
