"""A file that a workflow needs and that is not there is said in its form, with where to get it."""

from __future__ import annotations

import json

from playwright.sync_api import expect
from rig.browser import TIMEOUT_MS, load, screenshot
from rig.canvas import set_widget
from rig.graphs import graph
from rig.workflows import shipped, where

expect.set_options(timeout=TIMEOUT_MS)

FIRST = "detail-faces-sd15"
DETAILER, LOADER = where(shipped(FIRST), "AfterDetail"), where(shipped(FIRST), "CheckpointLoaderSimple")
CHECKPOINT = shipped(FIRST)[LOADER]["inputs"]["ckpt_name"]
MISSING = "a-checkpoint-that-is-not-here.safetensors"


def test_a_missing_checkpoint_or_detector_is_said_in_the_form_with_where_to_get_it(page, comfy):
    load(page, json.loads(json.dumps(graph(FIRST)).replace(CHECKPOINT, MISSING)))
    notice = page.get_by_test_id("linear-widgets").locator(".ad-notice")
    expect(notice).to_contain_text(f"{MISSING} is not in models/checkpoints.")
    screenshot(page, "app missing checkpoint")
    set_widget(page, LOADER, "ckpt_name", CHECKPOINT)
    expect(notice).to_have_count(0)
    set_widget(page, LOADER, "ckpt_name", MISSING)
    page.evaluate("window.open = (address) => (window.wanted = address)")
    notice.get_by_role("button", name="Download").click()
    assert page.evaluate("window.wanted").startswith("https://huggingface.co/")
    file = comfy.base / "models" / "checkpoints" / MISSING
    file.touch()
    notice.get_by_role("button", name="Look again").click()
    expect(notice).to_have_count(0)
    file.unlink()
    set_widget(page, DETAILER, "detector", "hand_yolov8n")
    expect(notice).to_contain_text("hand_yolov8n needs the file hand_yolov8n.pt")
    expect(notice.get_by_role("button", name="Download")).to_be_visible()
