"""The page opens with this pack as it does without."""

from playwright.sync_api import Page, Route
from rig.browser import complaints, new_page, open_app, opened, screenshot
from rig.waiting import until

PACK = "afterdetail"


def without_the_pack(page: Page) -> None:
    """Hide the pack's scripts and nodes from the page."""

    def scripts(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=[path for path in response.json() if PACK not in path])

    def nodes(route: Route) -> None:
        response = route.fetch()
        kept = {key: node for key, node in response.json().items() if not node["python_module"].endswith(PACK)}
        route.fulfill(response=response, json=kept)

    page.route("**/api/extensions", scripts)
    page.route("**/api/object_info", nodes)


def is_known(page: Page) -> bool:
    return page.evaluate("'AfterDetail' in LiteGraph.registered_node_types")


def test_the_page_opens_without_a_complaint_of_ours(browser, comfy):
    with opened(browser, comfy) as page:
        assert is_known(page)
        screenshot(page, "opened")
        with_pack = complaints(page)
    with new_page(browser) as page:
        without_the_pack(page)
        open_app(page, comfy)
        assert not is_known(page)
        until(lambda: with_pack <= complaints(page), f"every one of {with_pack}")  # some come late
