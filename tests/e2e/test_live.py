"""The canvas's routes: what a node saw in its last run, under other widget values, is what a run with them would do."""

import base64
import shutil
from io import BytesIO

import numpy as np
import pytest
import torch
from fixtures.drawn_faces import draw
from PIL import Image
from rig.comfyui import ROOT
from rig.prompts import Graph, node

FOUND = {"detector": "face_full_mediapipe"}
SMALL = {"resolution": "off", "steps": 1}
TUNED = {"mask_dilation": 20, "mask_blur": 9, "mask_padding": 50, "x_offset": 12, "resolution": "square"}


@pytest.fixture
def regions_graph(bench, crowd):
    """Nodes `image`, `detect` and `regions`."""

    def graph(image=crowd, detect=None, **widgets):
        return {
            "image": bench.load(image),
            "detect": node("AfterDetailDetect", image=["image", 0], **(FOUND | (detect or {}))),
            "regions": node("AfterDetailRegions", image=["image", 0], detections=["detect", 0], **widgets),
        }

    return graph


@pytest.fixture(scope="module")
def tiny_yolo(comfy):
    """A picture [1, 384, 512, 3] and a network that knows its faces, more or less surely."""
    name = "faces.safetensors"
    target = comfy.base / "models" / "ultralytics" / "bbox" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests" / "fixtures" / "tiny_face.safetensors", target)
    picture, _ = draw(np.random.default_rng(1), 512, 384, 5, (0.05, 0.2))
    return torch.from_numpy(picture).float()[None], f"bbox/{name}"


def run_of(entry, node_id):
    [run] = entry["outputs"][node_id]["afterdetail"]
    return run


def preview(comfy, token, **widgets):
    return comfy.post("/afterdetail/preview", json={"token": token, "image": 0, "widgets": widgets}).json()


def refusal(comfy, status, **body):
    answer = comfy.send("POST", "/afterdetail/preview", json=body)
    assert answer.status_code == status, answer.text
    return answer.text


def alpha_of(seen):
    picture = Image.open(BytesIO(base64.b64decode(seen["mask"].partition(",")[2])))
    return np.asarray(picture.getchannel("A"), dtype=np.float32) / 255


def halved(mask):
    """A run's mask [1, 512, 1024] at the size in which the canvas gets it."""
    return torch.nn.functional.avg_pool2d(mask, 2)[0].numpy()


@pytest.mark.parametrize("widgets", [TUNED, {"union_masks": True}, {"invert": True, "mask_blur": 0}, {"pick": "2, 0"}])
def test_a_preview_is_what_a_run_would_do(bench, comfy, regions_graph, widgets):
    _, entry = bench.run(regions_graph(), mask=["regions", 1])
    seen = preview(comfy, run_of(entry, "regions")["token"], **widgets)
    tensors, again = bench.run(regions_graph(**widgets), mask=["regions", 1])
    np.testing.assert_allclose(alpha_of(seen), halved(tensors["mask"]), atol=1 / 255)
    same = preview(comfy, run_of(again, "regions")["token"])
    assert seen == same


def test_a_preview_at_the_whole_job_gives_the_windows_of_its_report(bench, comfy, crowd):
    done = bench.detail(crowd, **SMALL)
    [run] = done.ui["afterdetail"]
    for widgets in ({"mask_padding": 60, "upscale": 1.5}, {"pick": "3, 1"}):
        seen = preview(comfy, run["token"], **widgets)
        report = [item for item in bench.detail(crowd, **SMALL, **widgets).objects if item["window"]]
        looked = [item for item in seen["objects"] if item["selected"]]
        for key in ("box", "window", "sampled_at", "score"):
            assert sorted(map(str, (item[key] for item in looked))) == sorted(str(item[key]) for item in report)


def test_every_object_is_there_with_the_reason_it_is_left_out(bench, comfy, regions_graph):
    _, entry = bench.run(regions_graph(), mask=["regions", 1])
    token = run_of(entry, "detect")["token"]
    seen = preview(comfy, token, pick="1, 0", max_num_detections=1)
    assert [(item["place"], item["selected"], item["reason"]) for item in seen["objects"]] == [
        (1, True, None),
        (0, False, "beyond max_num_detections 1"),
        (2, False, "left out by pick"),
        (3, False, "left out by pick"),
    ]
    seen = preview(comfy, token, max_area=0.0)
    assert all("outside min_area to max_area" in item["reason"] for item in seen["objects"])
    assert not alpha_of(preview(comfy, token, pick="none")).any()


def test_prompts_of_single_objects_are_shown(bench, comfy, crowd):
    graph = bench.graph(crowd, **SMALL)
    graph["detail"]["inputs"]["clip"] = ["model", 1]
    [run] = bench.run_detail(graph).ui["afterdetail"]
    seen = preview(comfy, run["token"], object_prompts="old\n\nface: young", pick="2, 0, 1")
    assert [(item["place"], item["prompt"]) for item in seen["objects"]] == [
        (2, "young"),
        (0, "old"),
        (1, "young"),
        (3, None),
    ]


def test_confidence_moves_both_ways_where_that_is_exact(bench, comfy, regions_graph, tiny_yolo):
    """YOLO boxes do not depend on the threshold: looking lower is asked for once, and changes no run."""
    drawn, name = tiny_yolo

    def run(confidence):
        found = {"detector": name, "confidence": confidence}
        _, entry = bench.run(regions_graph(drawn, found), mask=["regions", 1])
        return run_of(entry, "detect")["token"]

    def selected(seen):
        return [item for item in seen["objects"] if item["selected"]]

    scores = sorted(item["score"] for item in selected(preview(comfy, run(0.1))))
    middle = (scores[0] + scores[-1]) / 2
    token = run(middle)
    for confidence in (0.1, middle, scores[-1] + 1e-4):
        seen = preview(comfy, token, confidence=confidence)
        assert selected(seen) == selected(preview(comfy, run(confidence)))
        assert seen["notes"] == []
    assert 0 < len(selected(preview(comfy, token))) < len(scores)
    assert "below 0.10 show after the next run" in preview(comfy, token, confidence=0.05)["notes"][0]


def test_what_only_a_run_can_know_is_said(bench, comfy, regions_graph):
    _, entry = bench.run(regions_graph(), mask=["regions", 1])
    token = run_of(entry, "detect")["token"]
    assert preview(comfy, token, confidence=0.5)["notes"] == []  # below the detector's own floor nothing changes
    assert "boxes may come out" in preview(comfy, token, confidence=0.7)["notes"][0]
    assert preview(comfy, token, detector="hand_mediapipe")["notes"] == [
        "detector has changed: run the graph to look again."
    ]


def test_pictures_before_and_after(bench, comfy, crowd):
    done = bench.detail(torch.cat([crowd, crowd.flip(2)]), max_num_detections=1, **SMALL)
    [run] = done.ui["afterdetail"]
    assert (run["shown"], run["painted"], run["width"], run["height"]) == (2, True, 1024, 512)
    for side, tensors in (("before", torch.cat([crowd, crowd.flip(2)])), ("after", done.image)):
        for index, tensor in enumerate(tensors):
            answer = comfy.get(f"/afterdetail/preview/{run['token']}/{side}/{index}")
            picture = np.asarray(Image.open(BytesIO(answer.content)), dtype=np.float32) / 255
            assert np.abs(picture - tensor.numpy()).mean() < 0.02
    assert comfy.send("GET", f"/afterdetail/preview/{run['token']}/after/2").status_code == 404


def test_removed_nodes_are_forgotten(bench, comfy, regions_graph):
    """All but the last few, which undo may bring back."""
    tokens = []
    for offset in range(30, 35):
        _, entry = bench.run(regions_graph(x_offset=offset), mask=["regions", 1])
        tokens.append(run_of(entry, "regions")["token"])
    for token in tokens:
        assert comfy.send("DELETE", f"/afterdetail/preview/{token}").status_code == 204
    assert "no longer in memory" in refusal(comfy, 410, token=tokens[0], image=0, widgets={})
    assert [comfy.get(f"/afterdetail/preview/{token}").json()["available"] for token in tokens] == [False, *[True] * 4]


@pytest.mark.parametrize(
    ("widgets", "sentence"),
    [
        ({"mask_blur": -3}, "mask_blur cannot be -3"),
        ({"mask_blur": "wide"}, "mask_blur cannot be 'wide'"),
        ({"mask_dilation": 10**9}, "mask_dilation cannot be 1000000000"),
        ({"union_masks": 1}, "union_masks cannot be 1"),
        ({"pick": "a"}, "write places and ranges"),
        ({"resolution": "7x7"}, "resolution cannot be '7x7'"),
        ({"base_model": ["sdxl"]}, "base_model cannot be"),
        ({"upscale": 8.0}, "too many for a live mask"),
    ],
)
def test_bad_values_are_sentences(bench, comfy, regions_graph, widgets, sentence):
    _, entry = bench.run(regions_graph(), mask=["regions", 1])
    body = {"token": run_of(entry, "regions")["token"], "image": 0, "widgets": widgets}
    assert sentence in refusal(comfy, 400, **body)


def test_a_malformed_request_and_a_missing_image_are_sentences(bench, comfy, regions_graph):
    _, entry = bench.run(regions_graph(), mask=["regions", 1])
    assert 'Send {"token"' in refusal(comfy, 400, token=7)
    assert 'Send {"token"' in comfy.send("POST", "/afterdetail/preview", data=b"\xff").text
    assert "the batch has 1" in refusal(comfy, 400, token=run_of(entry, "regions")["token"], image=4, widgets={})


def test_a_run_that_nobody_watches_keeps_nothing(bench, comfy, crowd):
    done = comfy.wait(comfy.queue(bench.graph(crowd, **SMALL) | preview_of("detail"), client_id="nobody"))
    assert done["status"]["status_str"] == "success"
    assert "afterdetail" not in done["outputs"]["detail"] and "report" in done["outputs"]["detail"]


def preview_of(node_id):
    return {"preview": node("PreviewImage", images=[node_id, 0])}


def test_styles_are_worded_by_the_server(comfy):
    table = comfy.post("/afterdetail/styles", json={"prompt": "a cat", "negative_prompt": "dogs"}).json()
    graph = Graph()
    for number, name in enumerate(("base", table[10]["name"])):
        graph |= {
            f"style {number}": node(
                "AfterDetailStylePreset", style_preset=name, prompt="a cat", negative_prompt="dogs"
            ),
            f"prompt {number}": node("PreviewAny", source=[f"style {number}", 0]),
        }
    outputs = comfy.run(graph)["outputs"]
    by_name = {style["name"]: style for style in table}
    assert len(table) >= 78
    for number, name in enumerate(("base", table[10]["name"])):
        assert outputs[f"prompt {number}"]["text"] == [by_name[name]["prompt"]]
    assert comfy.send("POST", "/afterdetail/styles", json=[]).status_code == 400
