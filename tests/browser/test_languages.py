"""The panels on the nodes in the languages that ComfyUI's page offers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from rig.browser import TIMEOUT_MS, complaints, load, new_page, open_app, saved, screenshot
from rig.canvas import CUT_OFF, focus, panel_of, show, still
from rig.photos import collage
from rig.prompts import checkpoint, node
from rig.server import ComfyServer
from translations import LANGUAGES, phrases, table

DETAILER, STYLES = "AfterDetail", "AfterDetailStylePreset"
OFFERED = [language for language in LANGUAGES if language != "de"]
PLACE = re.compile(r"\\{\w+\\}")  # as re.escape leaves it

SHOWN = """panel => [panel, ...panel.querySelectorAll(":not(.ad-styles *)")].flatMap((element) => [
    ...[...element.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE).map((child) => child.data),
    ...["aria-label", "title", "placeholder", "alt"].map((name) => element.getAttribute(name))
]).filter(Boolean)"""
NOTE_LINES = """panel => {
    window.told = []
    const line = panel.querySelector(".ad-progress span")
    new MutationObserver(() => window.told.push(line.textContent)).observe(line, { childList: true })
}"""

expect.set_options(timeout=TIMEOUT_MS)


class Run(NamedTuple):
    """A page with a repaired picture on After Detailer, and a Style Preset; `lines` are the progress it told."""

    page: Page
    detailer: str
    styles: str
    lines: list[str]

    def speak(self, language: str) -> None:
        self.page.evaluate("language => app.extensionManager.setting.set('Comfy.Locale', language)", language)


@pytest.fixture(scope="module")
def run(browser: Browser, comfy: ComfyServer) -> Iterator[Run]:
    """The run is one in Japanese, and so is its progress."""
    picture = comfy.upload(collage([120, 90, 140], (640, 320)).image, "faces.png")
    wired = {"model": ["model", 0], "positive": ["positive", 0], "negative": ["negative", 0], "vae": ["model", 2]}
    fixed = {"detector": "face_full_mediapipe", "resolution": "square", "steps": 3}
    graph = checkpoint("nano-sd15.ckpt") | {
        "image": node("LoadImage", image=picture),
        DETAILER: node(DETAILER, image=["image", 0], **wired | fixed),
        STYLES: node(STYLES, style_preset="base", prompt="a red fox"),
        "show": node("PreviewImage", images=[DETAILER, 0]),
    }
    with new_page(browser) as page:
        open_app(page, comfy)
        detailer = show(page, graph, DETAILER)
        load(page, saved(page))
        run = Run(page, detailer, str(list(graph).index(STYLES) + 1), [])
        panel = panel_of(page, "After Detailer")
        run.speak("ja")
        expect(panel.locator(".ad-message")).to_have_text(re.compile("^一度実行すると"))
        panel.evaluate(NOTE_LINES)
        page.evaluate("app.queuePrompt(0, 1)")
        expect(panel.locator(".ad-box")).to_have_count(3)
        run.lines.extend(page.evaluate("window.told"))
        yield run
        about_us = [each for each in complaints(page) if "afterdetail" in f"{each.path} {each.text}"]
    comfy.post("/settings", json={"Comfy.Locale": "en"})
    assert not about_us


def test_progress_is_told_in_the_language_of_the_page(run):
    assert "face 3 個中 1～3 個目、ステップ 2/3" in run.lines


@pytest.mark.parametrize("language", OFFERED)
def test_a_panel_speaks_the_language_that_is_chosen_and_no_other(run, language):
    """At once: the page then opens its graph again."""
    page, words = run.page, table(language)
    focus(page, run.detailer)  # newer pages draw no panel that is out of sight
    run.speak(language)
    detailer, styles = panel_of(page, "After Detailer"), page.locator(".ad-style-panel")
    masks, result = detailer.locator("[data-view=live]"), detailer.locator("[data-view=result]")
    page.mouse.move(0, 0)  # what is pointed at is described
    summary = said(words, "Objects repaired: {done} of {count}", done=3, count=3)
    expect(page.locator(".ad-panel:not(.ad-style-panel) .ad-line")).to_have_text(summary)
    focus(page, run.detailer)
    expect(result).to_have_text(words["Result"])
    looks_right(detailer, language)
    screenshot(page, f"result {language}")

    detailer.get_by_role("button", name=words["Next object"]).click()
    steps = detailer.locator(".ad-steps").get_by_role("status")
    expect(steps).to_have_text(said(words, "object {number} ({count} in all)", number=1, count=3))
    masks.click()
    detailer.locator(".ad-box").first.hover()
    expect(detailer.locator(".ad-line")).to_contain_text(said(words, "sampled at {size}", size="512x512"))
    looks_right(detailer, language)
    screenshot(page, f"masks {language}")

    focus(page, run.styles)
    expect(styles.locator(".ad-search span")).to_have_text(said(words, "{found} of {count}", found=78, count=78))
    looks_right(styles, language)
    screenshot(page, f"styles {language}")


def said(words: dict[str, str], text: str, **values: object) -> str:
    return words[text].format(**values)


def looks_right(panel: Locator, language: str) -> None:
    """No English, and nothing that its place is too small for."""
    english = [text for text in phrases() if table(language)[text] != text]
    patterns = [re.compile(PLACE.sub(".+", re.escape(text))) for text in english]
    shown = still(panel).evaluate(SHOWN)
    assert not [text for text in shown if any(pattern.fullmatch(text) for pattern in patterns)]
    assert not [text for text in shown if "undefined" in text or "{" in text]
    assert not panel.evaluate(CUT_OFF)
