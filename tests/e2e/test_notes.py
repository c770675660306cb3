"""What nodes have to tell reaches their UI output, the report and the log."""

import json
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from rig.comfyui import ROOT
from rig.prompts import node

IGNORED = "only_inside is an empty mask, as of a picture without transparency: it is ignored."


def told(entry, node_id):
    return entry["outputs"].get(node_id, {}).get("notes")


def uploaded(comfy, picture: Image.Image, form: str = "PNG") -> str:
    buffer = BytesIO()
    picture.save(buffer, form)
    return comfy.upload(buffer.getvalue(), f"{picture.mode}.{form.lower()}")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_the_mask_of_a_picture_without_transparency_hides_no_face(bench, comfy, photo, mode):
    picture = Image.fromarray((photo[0].numpy() * 255).astype(np.uint8)).convert(mode)
    graph = {
        "image": node("LoadImage", image=uploaded(comfy, picture)),
        "detect": node(
            "AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe", only_inside=["image", 1]
        ),
    }
    tensors, entry = bench.run(graph, mask=["detect", 1])
    assert bool(tensors["mask"].any()) and told(entry, "detect") == [IGNORED]


def test_a_jpeg_mask_gives_the_areas_that_were_painted(bench, comfy, photo):
    mask = np.zeros((512, 512), np.uint8)
    mask[100:200, 100:220] = mask[300:420, 50:120] = mask[2, 2] = 255
    graph = bench.graph(photo, denoise=0) | {
        "mask": node("LoadImageMask", image=uploaded(comfy, Image.fromarray(mask), "JPEG"), channel="red"),
        "made": node("AfterDetailFromMask", mask=["mask", 0], image=["image", 0]),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["made", 0]),
    }
    whole = graph.pop("detail")["inputs"]
    wires = {name: whole[name] for name in ("image", "model", "positive", "negative", "vae", "denoise")}
    graph["detail"] = node("AfterDetailInpaint", regions=["regions", 0], **wires)
    before = len(comfy.log())
    done = bench.run_detail(graph)
    speck = "Areas of the mask with fewer than min_area 8 pixels were left out: 1."
    assert [item["label"] for item in done.objects] == ["mask", "mask"]
    assert told(done.entry, "made") == [speck] and done.report["notes"][0] == speck
    assert comfy.log()[before:].count(speck) == 1, "logged where it arises, and by no node after that"


def test_a_pick_that_misses_is_said_in_all_three_places(bench, comfy, crowd):
    before = len(comfy.log())
    done = bench.detail(crowd, pick="2, 7")
    missed = "pick names 7, and no object has that number: the numbers are 0-3."
    left_out = "Objects 0-1, 3: skipped, left out by pick."
    assert done.ui["notes"] == done.report["notes"] == [missed, left_out]
    assert comfy.log()[before:].count(missed) == comfy.log()[before:].count(left_out) == 1
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in done.ui)
    assert done.ui["num_objects_detected"] == [4] and done.ui["num_objects_inpainted"] == [1]
    assert [item["status"] for item in done.objects] == ["skipped", "skipped", "inpainted", "skipped"]


def test_a_note_of_one_picture_of_a_list_does_not_break_the_others(bench, photo, landscape):
    """ComfyUI runs the node once for each picture, and joins what it says by the keys of the first."""
    batch = torch.cat([photo, landscape[:, :400, :512].repeat(1, 2, 1, 1)[:, :512]])
    graph = {
        "image": bench.load(batch),
        "one by one": node("RebatchImages", images=["image", 0], batch_size=1),
        "detect": node("AfterDetailDetect", image=["one by one", 0], detector="face_full_mediapipe"),
        "filter": node("AfterDetailFilter", detections=["detect", 0], pick="0, 3"),
    }
    graph["show"] = node("ProbeShow", value=["filter", 1])
    entry = bench.comfy.run(graph)
    assert told(entry, "filter") == ["pick names 3, and no object has that number: the numbers are 0."]
    assert told(entry, "detect") == []


def test_notes_of_converters_and_filters_reach_the_report(bench, photo):
    """What a node in between says stands on that node, in the report of the one that repairs, and once in the log."""
    outside = [{"x": 900, "y": 900, "width": 50, "height": 50, "label": "face", "score": 0.9}]
    inside = [{"x": 180, "y": 60, "width": 90, "height": 120, "label": "face", "score": 0.8}]
    graph = bench.graph(photo, denoise=0) | {
        "boxes": node("ProbeValue", text=json.dumps([*outside, *inside])),
        "made": node("AfterDetailFromBoxes", bboxes=["boxes", 0], image=["image", 0]),
        "kept": node("AfterDetailFilter", detections=["made", 0], labels="face, cat"),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["kept", 0]),
    }
    whole = graph.pop("detail")["inputs"]
    wires = {name: whole[name] for name in ("image", "model", "positive", "negative", "vae", "denoise")}
    graph["detail"] = node("AfterDetailInpaint", regions=["regions", 0], **wires)
    before = len(bench.comfy.log())
    done = bench.run_detail(graph)
    outlying = "Box 0 of the image lies outside the 512x512 pixels: left out."
    unknown = "No object has the label cat: found were face."
    assert told(done.entry, "made") == [outlying] and told(done.entry, "kept") == [outlying, unknown]
    assert {outlying, unknown} <= set(done.report["notes"]) and done.report["notes"] == done.ui["notes"]
    log = bench.comfy.log()[before:]
    assert log.count(outlying) == log.count(unknown) == 1
