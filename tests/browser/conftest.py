from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from rig.browser import NO_CHROMIUM, browsing, chromium, opened
from rig.server import ComfyServer


@pytest.fixture(scope="module")  # not session: the browser's event loop stands in the way of other tests' own
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip(NO_CHROMIUM)
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, comfy: ComfyServer) -> Iterator[Page]:
    """ComfyUI's page with an empty canvas."""
    with opened(browser, comfy) as page:
        yield page
