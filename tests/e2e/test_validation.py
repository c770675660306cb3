"""What needs no picture is refused before the run; a linked value when it comes, in the same words."""

from __future__ import annotations

from typing import Any

import pytest
from rig.detailing import Bench
from rig.prompts import Graph, node
from rig.server import PromptRefused

ABSENT = "person_yolov8s-seg"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("AfterDetail", {"seeds": "1,x"}, "seeds holds 'x': write whole numbers from 0 to 2^64 - 1 and commas."),
    ("AfterDetail", {"pick": "0, two"}, "pick is '0, two': write places and ranges from 0 on, such as 0, 2-4."),
    (
        "AfterDetail",
        {"object_prompts": "a <lora:mine:x> face"},
        "object_prompts holds <lora:mine:x>: write its strength",
    ),
    ("AfterDetail", {"detector": ABSENT}, "needs the file person_yolov8s-seg.pt, which is not there."),
    ("AfterDetail", {"detector": "face_full_mediapip"}, "Nearest: face_full_mediapipe"),
    ("AfterDetail", {"sampler_name": "eulr"}, "Unknown sampler_name 'eulr'. Nearest: euler"),
    ("AfterDetail", {"scheduler": "norml"}, "Unknown scheduler 'norml'. Nearest: normal"),
    ("AfterDetail", {"resolution": "1024x1025"}, "Unknown resolution '1024x1025'. Nearest: 1024x1024"),
    ("AfterDetailInpaint", {"seeds": "-1"}, "seeds holds '-1'"),
    ("AfterDetailRegions", {"pick": "1-"}, "pick is '1-'"),
    ("AfterDetailFilter", {"pick": "all"}, "pick is 'all'"),
    ("AfterDetailFilter", {"min_area": 2.0}, "min_area is 2.0: use a value from 0.0 to 1.0."),
    ("AfterDetailDetect", {"min_area": 0.5, "max_area": 0.1}, "min_area 0.5 is above max_area 0.1"),
    ("AfterDetailDetect", {"labels": "hand, cat"}, "Unknown labels 'hand, cat': use face."),
    ("AfterDetailDetect", {"detector": ABSENT}, "or turn on download_missing to have it fetched"),
    ("AfterDetailDetectorProvider", {"detector": ABSENT}, "needs the file"),
    ("AfterDetailStylePreset", {"style_preset": "anme"}, "anime"),
]
ENDS = {
    "AfterDetail": "detail",
    "AfterDetailDetectorProvider": "AfterDetailDetectorProvider",
    "AfterDetailStylePreset": "AfterDetailStylePreset",
}
"""What is shown, where it is not the end of the row."""
LINKED = [case for case in REFUSED if case[0] == "AfterDetail" and set(case[1]) <= {"seeds", "pick"}]


def chain(bench: Bench, photo: Any, class_type: str, **widgets: Any) -> Graph:
    """All nodes in a row, one of them with these widgets, and the only output is what comes of that one."""
    graph = bench.graph(photo)
    image = {"image": ["image", 0]}
    inputs = {
        "AfterDetailDetect": image | {"detector": "face_full_mediapipe"},
        "AfterDetailFilter": {"detections": ["AfterDetailDetect", 0]},
        "AfterDetailRegions": image | {"detections": ["AfterDetailFilter", 0]},
        "AfterDetailInpaint": image
        | {"regions": ["AfterDetailRegions", 0], "steps": 2}
        | {name: graph["detail"]["inputs"][name] for name in ("model", "positive", "negative", "vae")},
        "AfterDetailDetectorProvider": {"detector": "face_full_mediapipe"},
        "AfterDetailStylePreset": {"style_preset": "base"},
    }
    graph |= {name: node(name, **values) for name, values in inputs.items()}
    graph["detail" if class_type == "AfterDetail" else class_type]["inputs"] |= widgets
    return graph | {"show": node("ProbeShow", value=[ENDS.get(class_type, "AfterDetailInpaint"), 0])}


@pytest.mark.parametrize(("class_type", "widgets", "said"), REFUSED)
def test_it_is_refused_before_the_run(bench, photo, class_type, widgets, said):
    with pytest.raises(PromptRefused) as refused:
        bench.comfy.run(chain(bench, photo, class_type, **widgets))
    (about,) = refused.value.answer["node_errors"].values()
    assert about["class_type"] == class_type and all(said in error["details"] for error in about["errors"])


@pytest.mark.parametrize(("class_type", "widgets", "said"), LINKED)
def test_a_linked_value_is_refused_in_the_run_in_the_same_words(bench, photo, class_type, widgets, said):
    graph = bench.graph(photo, **{name: [name, 0] for name in widgets})
    graph |= {name: node("PrimitiveString", value=value) for name, value in widgets.items()}
    assert bench.failure(graph, image=["detail", 0]) == said


def test_linked_labels_are_refused_in_the_run_in_the_same_words(bench, photo):
    graph = chain(bench, photo, "AfterDetailDetect", labels=["wanted", 0])
    graph["wanted"] = node("PrimitiveString", value="cat")
    assert bench.failure(graph, image=["AfterDetailInpaint", 0]) == "Unknown labels 'cat': use face."


def test_good_values_and_a_download_that_is_linked_are_queued(bench, photo):
    assert bench.comfy.run(chain(bench, photo, "AfterDetail", seeds="1, 2,", pick="0, 2-4"))
    assert bench.comfy.run(chain(bench, photo, "AfterDetailDetect", labels="Face, cat"))
    graph = chain(bench, photo, "AfterDetailDetect", detector=ABSENT, download_missing=["wanted", 0], min_area=0.0)
    graph["wanted"] = node("PrimitiveBoolean", value=False)
    assert "needs the file" in bench.failure(graph, image=["AfterDetailInpaint", 0])
