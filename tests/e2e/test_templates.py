"""What the template browser is told: ComfyUI's own templates as they are, and ours with words for each."""

import pytest
from afterdetail.canvas.templates import LIST, PACK, titled
from rig.workflows import STEMS


@pytest.mark.parametrize("index", ["index.json", "index.fr.json"])
def test_the_index_has_a_title_and_a_description_for_each_of_ours_after_all_of_comfyuis(comfy, index):
    *core, ours = comfy.get(f"/templates/{index}").json()
    assert len(core) > 1 and all(category["moduleName"] == "default" for category in core)
    assert [card["title"] for card in ours["templates"]] == titled(STEMS)
    assert all(card["description"] for card in ours["templates"])
    for card in ours["templates"]:
        assert comfy.get(f"{LIST}/{ours['moduleName']}/{card['name']}.json").json()["nodes"]
        picture = comfy.get(f"{LIST}/{ours['moduleName']}/{card['name']}.{card['mediaSubtype']}")
        assert picture.headers["Content-Type"] == "image/jpeg"


def test_none_is_listed_twice(comfy):
    assert PACK.name not in comfy.get(LIST).json()
