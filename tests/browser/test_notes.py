"""Every sentence that a run has to tell stands on the node that tells it, in both of ComfyUI's renderers."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from rig.browser import TIMEOUT_MS
from rig.canvas import DETAILER, MASKS, detailing, focus, masking, panel_of, show
from rig.prompts import node
from rig.waiting import until

expect.set_options(timeout=TIMEOUT_MS)


def test_what_a_detailer_tells_of_its_run_stands_below_the_result(canvas, faces):
    before = {*history(canvas)}
    graph = detailing(faces, clip=["model", 1], object_prompts="a face\nan elf\na dwarf\na troll")
    node_id, panel = canvas.run(graph, DETAILER)
    expect(panel.locator(".ad-notes")).to_contain_text("there are 4 lines and 3 objects")
    told = panel.locator(".ad-notes p").all_inner_texts()
    new = until(lambda: {*history(canvas)} - before, "an entry of the run, which the page hears of before")
    assert told in [history(canvas)[prompt]["outputs"].get(node_id, {}).get("notes") for prompt in new]
    canvas.picture("notes")


def test_what_a_node_before_the_masks_tells_stands_there_too(canvas, faces):
    graph = masking(faces) | {"painted": node("SolidMask", value=0.0, width=640, height=320)}
    graph["detect"] = node("AfterDetailFromMask", mask=["painted", 0], image=["image", 0])
    show(canvas.page, graph, MASKS)
    canvas.queue()
    for kind in (MASKS, "AfterDetailFromMask"):
        node_id = canvas.page.evaluate("kind => String(app.graph.nodes.find((node) => node.type === kind).id)", kind)
        focus(canvas.page, node_id)
        name = canvas.page.evaluate("kind => LiteGraph.registered_node_types[kind].nodeData.display_name", kind)
        expect(panel_of(canvas.page, name)).to_contain_text("Nothing is painted in the mask, so there are no objects.")
    canvas.picture("notes of a converter")


def history(canvas) -> dict[str, Any]:
    return canvas.comfy.get("/history").json()
