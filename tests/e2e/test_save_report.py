"""Save Report: what runs without a canvas get besides the picture."""

from __future__ import annotations

import json

import pytest
from rig.prompts import node
from rig.server import PromptRefused
from rig.workflows import STEMS, shipped


def save(prefix: str, report: object = ("detail", 3)) -> dict:
    link = list(report) if isinstance(report, tuple) else report
    return {"save": node("AfterDetailSaveReport", report=link, filename_prefix=prefix)}


def test_the_report_lies_in_the_output_folder_and_is_offered_as_a_file(comfy, bench, photo):
    graph = bench.graph(photo) | save("reports/photo")
    entry = comfy.run(graph)
    (file,) = entry["outputs"]["save"]["files"]
    assert file == {"filename": "photo_00001_.json", "subfolder": "reports", "type": "output"}
    answer = comfy.get("/view", params=file)
    saved = json.loads(answer.content.decode("utf-8"))
    assert saved == json.loads(entry["outputs"]["detail"]["report"][0]) and len(saved["images"][0]["objects"]) == 1


def test_no_file_is_replaced_and_numbers_go_on_after_pictures(comfy, bench, photo):
    folder = comfy.base / "output" / "kept"
    folder.mkdir()
    (folder / "mine_00007_.png").write_bytes(b"a picture")
    (folder / "mine_00009_.json").write_text("{}")
    names = [
        comfy.run(save("kept/mine", f'{{"né": {number}}}'))["outputs"]["save"]["files"][0]["filename"]
        for number in range(2)
    ]
    assert names == ["mine_00010_.json", "mine_00011_.json"]
    assert (folder / "mine_00009_.json").read_text() == "{}"
    assert (folder / "mine_00011_.json").read_text(encoding="utf-8") == '{\n "né": 1\n}'
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("prefix", ["../out", "/tmp/out", "a/../../out"])
def test_a_place_outside_the_output_folder_is_refused_before_the_run(comfy, prefix):
    with pytest.raises(PromptRefused, match=r"filename_prefix: .* leads out of ComfyUI's output folder"):
        comfy.run(save(prefix, "{}"))


def test_another_text_is_no_report(bench):
    said = bench.failure(save("detailed", "a lighthouse"))
    assert said.startswith("report: this text is not JSON") and "Inpaint Regions" in said


@pytest.mark.parametrize("stem", STEMS)
def test_every_workflow_that_repairs_saves_its_report(stem):
    graph = shipped(stem)
    repairs = [key for key, item in graph.items() if item["class_type"] in ("AfterDetail", "AfterDetailInpaint")]
    savers = [item["inputs"] for item in graph.values() if item["class_type"] == "AfterDetailSaveReport"]
    assert [saver["report"][0] for saver in savers] == repairs
    prefixes = {item["inputs"]["filename_prefix"] for item in graph.values() if "filename_prefix" in item["inputs"]}
    assert len(prefixes) == 1
