"""Apps as files: a form in every workflow; what was saved in App mode opens as it was, to the same API form."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from rig.browser import TIMEOUT_MS, load, prompt_of
from rig.canvas import set_widget
from rig.graphs import graph
from rig.workflows import STEMS, shipped, where
from workflow_apps import OPEN, SHOWN

FIRST = "detail-faces-sd15"
DETAILER, LOOK = where(shipped(FIRST), "AfterDetail"), where(shipped(FIRST), "CLIPTextEncode", "should look")
CHANGES = ((DETAILER, "denoise", 0.33), (DETAILER, "pick", "0"), (LOOK, "text", "a calm face"))
LABELS = ("Picture", "Checkpoint", "What to fix", "What it should look like", "Strength", "Before and after")
OPEN_FILE = """([text, name]) => app.handleFile(new File([text], name, { type: "application/json" }))"""
FORM = "({ form: app.rootGraph.extra.linearData, opens: app.rootGraph.extra.linearMode })"


def test_a_file_of_an_app_opens_as_it_was_saved(page):
    load(page, graph(FIRST))
    is_an_app(page)
    for node_id, name, value in CHANGES:
        set_widget(page, node_id, name, value)
    saved = page.evaluate("JSON.stringify(app.rootGraph.serialize())")
    prompt, form = prompt_of(page), page.evaluate(FORM)
    assert form["opens"] and form["form"]["inputs"] == graph(FIRST)["extra"]["linearData"]["inputs"]
    page.evaluate("app.rootGraph.clear()")
    page.evaluate(OPEN_FILE, [saved, "mine.app.json"])
    page.wait_for_function("id => app.rootGraph.id === id", arg=graph(FIRST)["id"])
    is_an_app(page)
    assert prompt_of(page) == prompt
    assert page.evaluate(FORM) == form
    opened = json.loads(page.evaluate("JSON.stringify(app.rootGraph.serialize())"))
    assert values(opened) == values(json.loads(saved))


def is_an_app(page: Page) -> None:
    form = page.get_by_test_id("linear-widgets")
    for text in LABELS:
        expect(form.get_by_text(text, exact=True)).to_be_visible(timeout=TIMEOUT_MS)


def values(opened: dict) -> dict[int, list]:
    return {node["id"]: node.get("widgets_values", []) for node in opened["nodes"]}


@pytest.mark.parametrize("stem", STEMS)
def test_every_workflow_names_what_its_form_asks_for_and_shows(stem):
    opened = graph(stem)
    ids = {str(node["id"]): node for node in opened["nodes"]}
    form = opened["extra"]["linearData"]
    assert form["inputs"] and all(node in ids for node, _ in form["inputs"])
    *_, saved = form["outputs"]
    assert ids[saved]["type"].startswith("Save") and all(
        ids[node]["type"] in (*SHOWN, "SaveVideo") for node in form["outputs"]
    )
    assert all(int(node) < int(saved) for node in form["outputs"][:-1])  # or it would be the one that is shown first
    assert bool(opened["extra"].get("linearMode")) == (stem in OPEN)
