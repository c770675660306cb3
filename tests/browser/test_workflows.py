"""Every shipped workflow opens on the canvas, can be read there, and is the same graph as its API form."""

import json
import re
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import combinations, count

import numpy as np
import pytest
from afterdetail.canvas.templates import templates
from afterdetail.detailer.family import SDXL
from convert_workflows import NOTE_COLORS
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from rig.browser import TIMEOUT_MS, opened, screenshot
from rig.canvas import focus
from rig.contrast import READABLE, contrast
from rig.graphs import ABOUT, FOLDER, api_form, graph, model_files, open_graph, page_of, provide
from rig.server import ComfyServer
from rig.waiting import until
from rig.workflows import STEMS, shipped, where
from workflow_thumbnails import MASKED, REPAIRED
from workflow_thumbnails import SIZE as THUMBNAIL_SIZE

expect.set_options(timeout=TIMEOUT_MS)

TITLE_HEIGHT = 30
THUMBNAIL_WIDTH, THUMBNAIL_BYTES = 600, 40_000
# Widgets whose value ComfyUI would not take: not in the list, or out of range.
WRONG_VALUES = """app.graph.nodes.flatMap(node => (node.widgets ?? []).filter(widget => {
    const { values, min, max } = widget.options ?? {}
    if (widget.type === 'combo') return !(typeof values === 'function' ? values() : values).includes(widget.value)
    return typeof widget.value === 'number' && (widget.value < min || widget.value > max)
}).map(widget => `${node.title}: ${widget.name} = ${widget.value}`))"""
UNKNOWN_TYPES = "app.graph.nodes.map(node => node.type).filter(type => !(type in LiteGraph.registered_node_types))"
IS_OPEN = """([title, id]) =>
    app.graph.id === id && app.extensionManager.workflow.activeWorkflow.filename === title"""
VUE = "on => app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on)"
OPEN_PANELS = """async () => {
    for (const { afterdetailPanel: panel } of app.graph.nodes.filter((node) => node.afterdetailPanel)) {
        panel.body.hidden = false
        panel.fit()
    }
    const heights = () => [...document.querySelectorAll(".lg-node")].map((node) => node.offsetHeight).join()
    for (let before = null; before !== heights(); ) {  // until they are laid out
        before = heights()
        for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame)
    }
}"""
IN_VUE = """app.graph.nodes.map(({ id, title, pos }) => {
    const { offsetWidth, offsetHeight } = document.querySelector(`.lg-node[data-node-id="${id}"]`)
    return [`${id} ${title}`, [pos[0], pos[1] - 30, pos[0] + offsetWidth, pos[1] - 30 + offsetHeight]]
})"""

INKS = """note => [...note.querySelectorAll("p, p *, li, li *")].filter((word) => word.innerText?.trim()).map((word) =>
    [word.outerHTML.slice(0, 80), getComputedStyle(word).color.match(/\\d+/g).slice(0, 3).map(Number)])"""
TO_THE_END = """card => {
    for (let part = card; part; part = part.parentElement) part.scrollTop = part.scrollHeight
}"""
SEARCHED = {"face": "Fix faces", "hand": "Fix hands", "fix": "Fix", "detailer": "Fix faces", "adetailer": "Fix faces"}
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.fixture(scope="module")
def page(browser: Browser, comfy: ComfyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all workflows, on a ComfyUI that has the files they name."""
    provide(comfy, tmp_path_factory.mktemp("models"))
    with opened(browser, comfy) as page:
        yield page


def rectangle(node: dict) -> Rectangle:
    """What a node takes up, title included."""
    (x, y), (width, height) = node["pos"], node["size"]
    return x, y - TITLE_HEIGHT, x + width, y + height


def area(group: dict) -> Rectangle:
    x, y, width, height = group["bounding"]
    return x, y, x + width, y + height


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def holds(outer: Rectangle, inner: Rectangle) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


@pytest.mark.parametrize("stem", STEMS)
def test_both_forms_are_the_same_graph(page, stem):
    open_graph(page, stem)
    assert page.evaluate(UNKNOWN_TYPES) == []
    assert page.evaluate(WRONG_VALUES) == []
    assert api_form(page) == shipped(stem)


def test_a_changed_widget_changes_the_api_form(page):
    """Otherwise the test above would pass whatever the canvas holds."""
    open_graph(page, "detail-faces-sd15")
    page.evaluate("app.graph.getNodeById(5).widgets.find(widget => widget.name === 'denoise').value = 7")
    assert page.evaluate(WRONG_VALUES) == ["After Detailer: denoise = 7"]
    assert api_form(page)["5"]["inputs"] == shipped("detail-faces-sd15")["5"]["inputs"] | {"denoise": 7}


def test_a_bypassed_merger_leaves_its_picture_out(page):
    open_graph(page, "photo-merge")
    merged_three, merged_four = (
        where(shipped("photo-merge"), "ConditioningAverage", share) for share in ("Two", "Three")
    )
    page.evaluate("id => app.graph.getNodeById(id).mode = 4", int(merged_four))  # Ctrl+B
    sampler = where(shipped("photo-merge"), "KSampler")
    assert shipped("photo-merge")[sampler]["inputs"]["positive"] == [merged_four, 0]
    assert api_form(page)[sampler]["inputs"]["positive"] == [merged_three, 0]


@pytest.mark.parametrize("stem", STEMS)
def test_nodes_and_groups_are_laid_out_side_by_side(page, stem):
    """As the page draws them, which makes nodes as large as their widgets need."""
    open_graph(page, stem)
    drawn = json.loads(page.evaluate("JSON.stringify(app.graph.serialize())"))
    nodes, groups = {node["id"]: node for node in drawn["nodes"]}, drawn["groups"]
    for one, other in combinations(nodes.values(), 2):
        assert not overlap(rectangle(one), rectangle(other)), (one["title"], other["title"])
    for one, other in combinations(groups, 2):
        assert not overlap(area(one), area(other)), (one["title"], other["title"])
    for node in nodes.values():
        assert any(holds(area(group), rectangle(node)) for group in groups), node["title"]
    for _, source, _, target, *_ in drawn["links"]:
        assert rectangle(nodes[source])[2] < rectangle(nodes[target])[0], (
            nodes[source]["title"],
            nodes[target]["title"],
        )


@pytest.mark.parametrize("stem", STEMS)
def test_the_note_says_what_the_readme_says_and_names_every_model(stem):
    nodes = graph(stem)["nodes"]
    (about,) = [node for node in nodes if node.get("title") == ABOUT]
    assert about["widgets_values"] == [page_of(stem)]
    for folder, name in model_files(graph(stem)):
        assert f"models/{folder}" in page_of(stem)
        assert name in page_of(stem)


@pytest.mark.parametrize("stem", STEMS)
def test_the_note_says_of_a_model_that_downloads_under_another_name_to_rename_it(stem):
    for node in graph(stem)["nodes"]:
        for model in node["properties"].get("models", []):
            downloaded = model["url"].rsplit("/", 1)[-1]
            assert downloaded == model["name"] or f"it downloads as **{downloaded}**, so rename it" in page_of(stem)


@pytest.mark.parametrize("vue", [False, True], ids=["classic", "vue"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_word_of_a_note_can_be_read(page, vue, theme):
    page.evaluate(VUE, vue)
    page.evaluate("theme => app.extensionManager.setting.set('Comfy.ColorPalette', theme)", theme)
    open_graph(page, "inpaint-mask")
    (about,) = [node["id"] for node in graph("inpaint-mask")["nodes"] if node.get("title") == ABOUT]
    focus(page, str(about))
    places = f'.comfy-markdown:visible, .lg-node[data-node-id="{about}"]'
    note = page.locator(places, has=page.get_by_role("listitem")).first
    expect(note).to_be_visible()
    page.evaluate("async () => { for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame) }")
    screenshot(page, f"note {theme} {'vue' if vue else 'classic'}")
    pixels = np.asarray(Image.open(BytesIO(note.screenshot())).convert("RGB")).reshape(-1, 3)
    colors, counts = np.unique(pixels, axis=0, return_counts=True)
    ground = colors[counts.argmax()]
    for tag, color in note.evaluate(INKS):
        assert contrast(color, ground) >= READABLE, (tag, color, ground)
    page.evaluate(VUE, False)
    page.evaluate("app.extensionManager.setting.set('Comfy.ColorPalette', 'dark')")


@pytest.mark.parametrize("stem", STEMS)
def test_every_note_has_the_same_colours_and_no_words_in_code_style(stem):
    """Vue's nodes draw such words in a blue that no colour of a note suits in both themes."""
    notes = [node for node in graph(stem)["nodes"] if node["type"] == "MarkdownNote"]
    assert not [note for note in notes if "`" in str(note)]
    assert all(NOTE_COLORS.items() <= note.items() for note in notes)


def test_the_sizes_beside_a_generated_picture_are_those_of_its_model():
    (note,) = [node for node in graph("generate-and-detail-sdxl")["nodes"] if node.get("title") == "Sizes"]
    known = [str(size) for size in SDXL.sizes if size.area <= 1.1 * SDXL.native.area]
    assert re.findall(r"\d+x\d+", note["widgets_values"][0]) == known


@pytest.mark.parametrize("stem", STEMS)
def test_the_picture_is_small_and_of_this_graph_or_of_what_it_does(stem):
    path = FOLDER / f"{stem}.jpg"
    groups = [area(group) for group in graph(stem)["groups"]]
    with Image.open(path) as picture:
        assert picture.width == THUMBNAIL_WIDTH and path.stat().st_size < THUMBNAIL_BYTES
        wide, high = (max(group[side] for group in groups) + 50 for side in (2, 3))
        wide, high = THUMBNAIL_SIZE if stem in (*REPAIRED, *MASKED) else (wide, high)
        assert picture.width / picture.height == pytest.approx(wide / high, rel=0.02)


def test_nodes_lie_side_by_side_in_vue_too_and_with_open_panels(page):
    """Vue's nodes hold more; after a run the panels are open."""
    page.evaluate(VUE, True)
    for stem in STEMS:
        open_graph(page, stem)
        page.wait_for_function("document.querySelectorAll('.lg-node').length === app.graph.nodes.length")
        page.evaluate(OPEN_PANELS)
        drawn = {title: tuple(sides) for title, sides in page.evaluate(IN_VUE)}
        for (one, first), (other, second) in combinations(drawn.items(), 2):
            assert not overlap(first, second), (stem, one, other)
    page.evaluate(VUE, False)


def test_all_open_from_the_template_browser_by_their_titles_in_their_order(page):
    page.set_viewport_size({"width": 800, "height": 600})  # drawn without a GPU, a large page is slow
    listed = {template.stem: template for template in templates()}
    described = page.evaluate("window.__COMFYUI_FRONTEND_VERSION__.startsWith('1.47.')")  # 1.58's cards are not
    for stem in STEMS:
        title, name = listed[stem].title, listed[stem].name
        page.evaluate("app.extensionManager.command.execute('Comfy.BrowseTemplates')")
        browser = page.get_by_role("dialog")
        browser.get_by_text("afterdetail", exact=True).first.dispatch_event("click")
        cards = browser.locator("[data-testid^=template-workflow-]")
        until(lambda cards=cards: all_drawn(cards), "every template")
        card = browser.get_by_test_id(f"template-workflow-{name}")
        card.evaluate("card => card.scrollIntoView()")  # its picture is fetched when it is seen
        picture = card.locator("img")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == THUMBNAIL_WIDTH
        shown = cards.evaluate_all("cards => cards.map((card) => card.dataset.testid)")
        assert shown == [f"template-workflow-{each.name}" for each in templates() if each.stem in STEMS]
        assert card.locator("p[title]").all_inner_texts() == ([listed[stem].description] if described else [])
        card.dispatch_event("click")
        expect(browser).to_have_count(0)
        page.wait_for_function(IS_OPEN, arg=[title, graph(stem)["id"]])
        assert api_form(page) == shipped(stem)


def all_drawn(cards: Locator) -> bool:
    """The page draws 24, and more when what is below them comes into view."""
    cards.last.evaluate(TO_THE_END)
    return cards.count() == len(STEMS)


def test_searching_templates_shows_this_packs_among_the_first(page):
    """By relevance: newer pages begin with what ComfyUI counts as popular, and count its own templates only."""
    page.set_viewport_size({"width": 1600, "height": 1000})  # where the categories are shown
    page.evaluate("app.extensionManager.command.execute('Comfy.BrowseTemplates')")
    browser = page.get_by_role("dialog")
    browser.get_by_text("All Templates", exact=True).first.click()
    box, cards = browser.locator("input").first, browser.locator("[data-testid^=template-workflow-]")

    def found(word: str, title: str, pauses: Iterator[int]) -> bool:
        box.fill(word[:-1])  # what is typed while the page still draws its list is lost
        box.fill(word)
        by_popularity = browser.get_by_role("combobox").filter(has_text="Popular").locator("visible=true")
        if by_popularity.count():
            by_popularity.first.click()
            page.get_by_role("option", name="Relevance").click()
        page.wait_for_timeout(next(pauses))  # longer each time: a busy page would never be done with the word before
        first = cards.evaluate_all("cards => cards.slice(0, 5).map((card) => card.dataset.testid)")
        return any(name.startswith(f"template-workflow-{title}") for name in first)

    for word, title in SEARCHED.items():
        search = partial(found, word, title, count(500, 500))
        until(search, f"{title} among the first that {word} finds")
    screenshot(page, "searched templates")
    page.keyboard.press("Escape")
    expect(browser).to_have_count(0)
