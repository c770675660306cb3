import json
from pathlib import Path
from typing import Any

import pytest
from afterdetail.batch.workflow import DEFAULT, Workflow, read


def inputs(work: Workflow, title: str) -> dict[str, Any]:
    (found,) = [node["inputs"] for node in work.graph.values() if node["_meta"]["title"] == title]
    return found


def edited(tmp_path: Path, edit) -> Path:
    graph = json.loads(DEFAULT.read_text())
    edit(graph)
    (tmp_path / "edited.json").write_text(json.dumps(graph))
    return tmp_path / "edited.json"


def refused(*arguments, **named) -> str:
    with pytest.raises(ValueError) as caught:
        read(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("setting", "title", "name", "value"),
    [
        ("After Detailer.denoise=0.4", "After Detailer", "denoise", 0.4),
        ("after detailer.steps=7", "After Detailer", "steps", 7),
        ("5.union_masks=true", "After Detailer", "union_masks", True),
        ("5.object_prompts=a = b", "After Detailer", "object_prompts", "a = b"),
        ("SD1.5 checkpoint.ckpt_name=x.safetensors", "SD1.5 checkpoint", "ckpt_name", "x.safetensors"),
        ("3.text=7", "What the faces should look like", "text", "7"),
        ("5.some.nested=7", "After Detailer", "some.nested", 7),
    ],
)
def test_settings_go_to_the_node_of_this_title_or_id(setting, title, name, value):
    work = read(DEFAULT, [setting])
    assert inputs(work, title)[name] == value and type(inputs(work, title)[name]) is type(value)
    assert [name for _, name in work.changes] == [name]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("Nobody.steps=1", "names no node"),
        ("After Detailer.steps", "names no node"),
        ("steps=1", "'After Detailer'"),
        ("5.model=x", "another node is connected"),
    ],
)
def test_a_setting_that_fits_nothing_is_told(setting, said):
    assert said in refused(DEFAULT, [setting])


def test_a_title_of_two_nodes_is_ambiguous(tmp_path):
    def same_titles(graph):
        graph["4"]["_meta"]["title"] = graph["3"]["_meta"]["title"]

    assert "fits the nodes 3, 4" in refused(edited(tmp_path, same_titles), ["What the faces should look like.text=a"])


def test_the_checkpoint_has_a_short_form():
    assert inputs(read(DEFAULT, checkpoint="mine"), "SD1.5 checkpoint")["ckpt_name"] == "mine"
    refiner = DEFAULT.with_name("detail-refiner-sdxl.json")
    assert "sd_xl_refiner_1.0.safetensors" in refused(refiner, checkpoint="mine")


def test_the_digest_tells_settings_but_not_titles_and_places(tmp_path):
    plain = read(DEFAULT).digest

    def retitle(graph):
        graph["5"]["_meta"]["title"] = "Other"
        graph["1"]["inputs"]["image"] = "another example.png"

    assert read(edited(tmp_path, retitle)).digest == plain
    for changed in (
        read(DEFAULT, ["5.denoise=0.4"]),
        read(DEFAULT, checkpoint="other"),
        read(DEFAULT, result="Mask"),
        read(DEFAULT.with_name("detail-hands-sd15.json")),
    ):
        assert changed.digest != plain
    assert read(DEFAULT, ["5.denoise=0.5"]).digest == plain


def test_what_stands_beside_the_way_to_the_result_is_no_setting(tmp_path):
    def alone(graph):
        for key in ("8", "10", "12"):
            del graph[key]

    assert read(edited(tmp_path, alone)).digest == read(DEFAULT).digest
    assert read(DEFAULT, ["7.mask_blur=9"]).digest == read(DEFAULT).digest


def test_a_graph_can_be_sent_with_nothing_beside_picture_and_report():
    work = read(DEFAULT)
    graph = work.for_image("", "run1", alone=True)
    assert work.report_nodes == ["12"]
    assert set(graph) == {"1", "2", "3", "4", "5", "6", "12"}
    assert graph["6"]["inputs"]["filename_prefix"] == graph["12"]["inputs"]["filename_prefix"] == "detailed-run1"


def test_the_picture_goes_in_and_the_result_has_a_name_of_its_own():
    work = read(DEFAULT)
    one, two = work.for_image("x.png [temp]", "run1"), work.for_image("x.png [temp]", "run2")
    assert one["1"]["inputs"]["image"] == "x.png [temp]"
    assert one["6"]["inputs"]["filename_prefix"] != two["6"]["inputs"]["filename_prefix"]
    assert work.graph["1"]["inputs"]["image"] == "afterdetail-face.jpg"


def test_what_goes_in_and_comes_out_is_named_where_it_is_not_plain():
    merge = DEFAULT.with_name("photo-merge.json")
    assert "4 nodes of the kind LoadImage" in refused(merge) and "--input" in refused(merge)
    title = next(n["_meta"]["title"] for n in json.loads(merge.read_text()).values() if n["class_type"] == "LoadImage")
    assert read(merge, source=title).graph
    frames = DEFAULT.with_name("detail-frames.json")
    assert "0 nodes of the kind LoadImage" in refused(frames)
    assert "has no input `image`" in refused(DEFAULT, source="2")
    assert "0 nodes of the workflow are called 'Nobody'" in refused(DEFAULT, result="Nobody")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"nodes": [], "links": []}', '{"1": {"inputs": {}}}'])
def test_other_files_are_no_workflows(tmp_path, text):
    (tmp_path / "other.json").write_text(text)
    assert "other.json" in refused(tmp_path / "other.json")
    assert "cannot be read" in refused(tmp_path / "gone.json")
