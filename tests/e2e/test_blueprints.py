"""The blueprints in ComfyUI's node library: listed, described, and the graphs of the workflows they are made of."""

import json

import pytest
from rig.comfyui import ROOT
from workflow_blueprints import BLUEPRINTS, FOLDER, WORKFLOWS, made_of, title_of

NAMES = list(BLUEPRINTS)


def stored(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_blueprint_is_made_of_its_workflow(name):
    graph = json.loads((WORKFLOWS / f"{BLUEPRINTS[name].stem}.json").read_text(encoding="utf-8"))
    assert stored(name) == made_of(graph, name, BLUEPRINTS[name])


def test_comfyui_lists_them_under_this_pack_with_what_they_are_found_by(comfy):
    listed = [(entry["name"], entry["info"]) for entry in comfy.get("/global_subgraphs").json().values()]
    ours = {name: info["search_aliases"] for name, info in listed if info["node_pack"] == "custom_nodes.afterdetail"}
    assert ours == {name: stored(name)["extra"]["BlueprintSearchAliases"] for name in NAMES}
    assert any(info["node_pack"] != "custom_nodes.afterdetail" for _, info in listed)


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_a_picture_and_a_model_and_shows_few_plain_widgets(name):
    blueprint = stored(name)
    [outer], [subgraph] = blueprint["nodes"], blueprint["definitions"]["subgraphs"]
    assert {"image", "model", "vae"} <= {item["name"] for item in outer["inputs"]}
    assert outer["outputs"][0]["name"] == "image"
    inside = {str(node["id"]): node for node in subgraph["nodes"]}
    shown = outer["properties"]["proxyWidgets"]
    assert 3 <= len(shown) <= 5 and all(node in inside for node, _ in shown)
    assert {"face", "adetailer"} <= set(blueprint["extra"]["BlueprintSearchAliases"])
    assert blueprint["extra"]["BlueprintDescription"] and (ROOT / "subgraphs" / f"{name}.json").is_file()
    assert {title_of(node) for node in subgraph["nodes"]} == set(BLUEPRINTS[name].inside)
