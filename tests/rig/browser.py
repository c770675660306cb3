"""ComfyUI's page in a real Chromium, seen and driven through what the page itself offers."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, sync_playwright

from .comfyui import ROOT
from .prompts import Graph
from .server import ComfyServer

SCREENSHOTS = ROOT / ".run" / "screenshots"
SIZE = (1600, 1000)
SCALE = float(os.environ.get("SCREENSHOT_SCALE", "1"))  # screen pixels for each of the page's
NO_CHROMIUM = "There is no Chromium. For all that runs in a browser, install it (Debian: apt install chromium)."
TIMEOUT_MS = 180_000  # other tests may use this machine too
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
)


class Complaint(NamedTuple):
    """An error or a warning in the page's console; `path` is the file or route it came from."""

    kind: str
    text: str
    path: str


def chromium() -> str | None:
    """The system's Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless browser that reaches this machine only. While it is open, this thread cannot run asyncio."""
    if (executable := chromium()) is None:
        raise FileNotFoundError(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, comfy: ComfyServer) -> Iterator[Page]:
    """ComfyUI's page with an empty canvas, in a browser profile of its own."""
    with new_page(browser) as page:
        open_app(page, comfy)
        yield page


@contextmanager
def new_page(browser: Browser, touch: bool = False) -> Iterator[Page]:
    size: ViewportSize = {"width": SIZE[0], "height": SIZE[1]}
    page = browser.new_page(viewport=size, device_scale_factor=SCALE, has_touch=touch)
    page.set_default_timeout(TIMEOUT_MS)
    tour = page.get_by_role("button", name="Skip", exact=True)  # which newer front ends offer with the first app
    page.add_locator_handler(tour, lambda skip: skip.click())
    yield page
    page.close()


def open_app(page: Page, comfy: ComfyServer) -> None:
    """Go to `comfy` as a new user does, wait for its canvas, and close the template browser."""
    comfy.post("/settings", json={"Comfy.TutorialCompleted": False})  # or a graph without its models would be opened
    page.goto(comfy.url)
    # `app.graph` would complain when asked too early.
    page.wait_for_function("window.app?.vueAppReady && window.app.rootGraphInternal")
    templates = page.get_by_role("dialog")
    templates.wait_for()
    page.keyboard.press("Escape")
    templates.wait_for(state="hidden")


def complaints(page: Page) -> set[Complaint]:
    """Errors and warnings since the page was opened, uncaught exceptions included."""
    logged = [message for message in page.console_messages() if message.type in ("error", "warning")]
    thrown = {Complaint("exception", str(error), "") for error in page.page_errors()}
    return thrown | {
        Complaint(message.type, message.text, urlsplit(message.location["url"]).path) for message in logged
    }


def load(page: Page, graph: dict[str, Any]) -> None:
    """Put a workflow in graph format on the canvas. Newer pages can still be empty when they answer."""
    page.evaluate("graph => app.loadGraphData(graph)", graph)
    page.wait_for_function("count => app.graph.nodes.length === count", arg=len(graph["nodes"]))


def saved(page: Page) -> dict[str, Any]:
    """The workflow on the canvas as ComfyUI writes it into a file, without what is undefined."""
    return json.loads(page.evaluate("JSON.stringify(app.graph.serialize())"))


def prompt_of(page: Page) -> Graph:
    """What the canvas would queue, in API form."""
    return page.evaluate("async () => (await app.graphToPrompt()).output")


def screenshot(page: Page, name: str, part: FloatRect | None = None) -> Path:
    """A picture of the page, or of a part of it, in a folder that git ignores."""
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, clip=part)
    return path
