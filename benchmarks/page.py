"""From a moved slider to the redrawn masks on ComfyUI's page: the way to the server and back, and the work of both."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from playwright.sync_api import Page
from rig.browser import NO_CHROMIUM, browsing, chromium, opened
from rig.canvas import focus, masking, panel_of, show
from rig.crowd import crowd
from rig.make import MODELS_CACHE
from rig.server import ComfyServer

OBJECTS, SIDE = 20, 1024
VALUES = {
    "mask_dilation": [10, 15, 20, 25, 30, 35, 40, 5],
    "mask_blur": [5, 6, 8, 10, 12, 15, 20, 4],
    "mask_padding": [40, 50, 60, 70, 80, 90, 100, 32],
    "union_masks": [True, False] * 4,
}
# The panel draws the mask, the boxes and the rows in one go.
MILLISECONDS = """async ([panel, id, name, values]) => {
    const node = app.graph.nodes.find((node) => String(node.id) === id)
    const widget = node.widgets.find((widget) => widget.name === name)
    const times = []
    for (const value of values) {
        const start = performance.now()
        const drawn = new Promise((resolve) => {
            const observer = new MutationObserver(() => {
                observer.disconnect()
                resolve(performance.now())
            })
            observer.observe(panel.querySelector(".ad-picture"), { attributes: true, childList: true, subtree: true })
        })
        widget.value = value
        widget.callback?.(value, app.canvas, node)
        times.push((await drawn) - start)
        await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return times
}"""


def times_of(page: Page, picture: str) -> tuple[int, dict[str, list[float]]]:
    """How many objects the panel shows, and milliseconds by widget."""
    node_id = show(page, masking(picture, scan="2"), "AfterDetailRegions")
    page.evaluate("app.queuePrompt(0, 1)")
    panel = panel_of(page, "Mask Regions")
    panel.locator(".ad-box").first.wait_for()
    focus(page, node_id)
    page.wait_for_timeout(1000)
    handle = panel.element_handle()
    times = {name: page.evaluate(MILLISECONDS, [handle, node_id, name, values]) for name, values in VALUES.items()}
    return panel.locator(".ad-box").count(), times


def main() -> None:
    if chromium() is None:
        print(NO_CHROMIUM)
        return
    heights = range(90, 90 + OBJECTS)
    with ComfyServer(Path(MODELS_CACHE)) as comfy, browsing() as browser:
        picture = comfy.upload(crowd(heights, SIDE).image, "crowd.png")
        print("| moved | " + " | ".join(VALUES) + " |\n" + "|---" * (len(VALUES) + 1) + "|")
        for in_vue in (False, True):
            comfy.post("/settings", json={"Comfy.VueNodes.Enabled": in_vue})
            with opened(browser, comfy) as page:
                count, times = times_of(page, picture)
            cells = (f"{median(column):.0f} ms, at most {max(column):.0f}" for column in times.values())
            renderer = "Vue nodes" if in_vue else "classic canvas"
            print(f"| {renderer}, {count} objects | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
