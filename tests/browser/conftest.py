from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from rig.browser import NO_CHROMIUM, browsing, chromium, complaints, new_page, open_app, opened
from rig.canvas import Canvas
from rig.photos import collage
from rig.server import ComfyServer

SETTINGS = {"Comfy.Execution.PreviewMethod": "latent2rgb", "Comfy.ColorPalette": "dark"}


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


@pytest.fixture(scope="module", params=[False, True], ids=["classic", "vue"])
def canvas(request: pytest.FixtureRequest, browser: Browser, comfy: ComfyServer) -> Iterator[Canvas]:
    """One page for the tests of a renderer; none of its complaints may be about this pack."""
    comfy.post("/settings", json={**SETTINGS, "Comfy.VueNodes.Enabled": request.param})
    with new_page(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        open_app(page, comfy)
        yield Canvas(page, comfy, request.param)
        about_us = [
            complaint for complaint in complaints(page) if "afterdetail" in f"{complaint.path} {complaint.text}"
        ]
    comfy.post("/settings", json={"Comfy.VueNodes.Enabled": False})
    assert not about_us


@pytest.fixture(scope="module")
def faces(comfy: ComfyServer) -> str:
    """A picture of three faces, 640 x 320, in the input folder."""
    return comfy.upload(collage([120, 90, 140], (640, 320)).image, "faces.png")
