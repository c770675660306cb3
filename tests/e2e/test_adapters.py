"""Masks, boxes and SEGS to and from other nodes, in a real graph.

ComfyUI's nodes here are the real ones. Of their models, only MediaPipe's face detectors are real: the outlines that the
same node draws are not, and RT-DETR's weights are random. SAM3 and SDPose do not run for want of weights: what SAM3
gives is written down here as its code builds it, and SDPose's boxes are computed by its real node from keypoints that
are written down. Impact Pack is not installed: a probe node calls the detector the way its nodes do.
"""

import json

import pytest
import torch
from rig.prompts import node


def show(bench, graph, link) -> dict:
    entry = bench.comfy.run(graph | {"show": node("ProbeShow", value=link)})
    return json.loads(entry["outputs"]["show"]["value"][0])


def detected(bench, graph, link=("made", 0)) -> list[list[dict]]:
    return show(bench, graph, list(link))["images"]


def boxes(bench, graph) -> list[list[list[int]]]:
    return [[found["box"] for found in image] for image in detected(bench, graph)]


def value(value) -> dict:
    return node("ProbeValue", text=json.dumps(value))


def from_boxes(bench, images, source: dict, output: int = 0) -> dict:
    """A graph whose node `made` gets the boxes of node `source`."""
    return {
        "image": bench.load(images),
        "source": source,
        "made": node("AfterDetailFromBoxes", bboxes=["source", output], image=["image", 0]),
    }


def media_pipe(bench, images) -> dict:
    return {
        "image": bench.load(images),
        "loader": node("LoadMediaPipeFaceLandmarker", model_name="face-landmarker.safetensors"),
        "source": node(
            "MediaPipeFaceLandmarker",
            face_detection_model=["loader", 0],
            image=["image", 0],
            detector_variant="full",
            num_faces=0,
            min_confidence=0.6,
            missing_frame_fallback="empty",
        ),
    }


def inpainted(bench, graph: dict, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, list[dict]]:
    """Image, mask and report of repairing the objects of node `made`."""
    links = {name: bench.graph(images)["detail"]["inputs"][name] for name in ("model", "positive", "negative", "vae")}
    chain = {
        **{name: item for name, item in bench.graph(images).items() if name not in ("image", "detail")},
        **graph,
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["made", 0]),
        "inpaint": node("AfterDetailInpaint", image=["image", 0], regions=["regions", 0], **links, steps=1),
    }
    tensors, entry = bench.run(chain, image=["inpaint", 0], mask=["inpaint", 1])
    report = json.loads(entry["outputs"]["inpaint"]["report"][0])
    return tensors["image"], tensors["mask"], [item for image in report["images"] for item in image["objects"]]


def test_faces_of_media_pipe_are_repaired(bench, crowd):
    """Real detectors, so the pack's own find the same faces; the node's boxes are as large as the drawn outlines."""
    batch = torch.cat([crowd, torch.full_like(crowd, 0.5)])
    graph = media_pipe(bench, batch) | {
        "made": node("AfterDetailFromBoxes", bboxes=["source", 1], image=["image", 0]),
        "own": node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe"),
    }
    faces, nothing = detected(bench, graph)
    own, none = detected(bench, graph, ("own", 0))
    assert len(faces) == len(own) == 4 and not nothing and not none
    for face, ours in zip(faces, own, strict=True):
        assert face["label"] == "face" and face["score"] == pytest.approx(ours["score"], abs=0.01)
    for face in faces:
        best = min(own, key=lambda ours: abs(ours["box"][0] - face["box"][0]))
        assert face["box"] == pytest.approx(best["box"], abs=15)
    image, mask, objects = inpainted(bench, graph, batch)
    assert [item["status"] for item in objects] == ["inpainted"] * 4
    assert torch.equal(image[mask == 0], batch[mask == 0]) and bool((image[0] != batch[0]).any())


def test_masks_of_media_pipe_are_split_into_faces(bench, crowd):
    graph = media_pipe(bench, crowd) | {
        "mask": node("MediaPipeFaceMask", face_landmarks=["source", 0], regions="all"),
        "made": node("AfterDetailFromMask", mask=["mask", 0], image=["image", 0]),
        "boxes": node("AfterDetailFromBoxes", bboxes=["source", 1], image=["image", 0]),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["made", 0], mask_dilation=0, mask_blur=0),
    }
    (ovals,) = detected(bench, graph)
    (faces,) = detected(bench, graph, ("boxes", 0))
    assert [oval["score"] for oval in ovals] == [1.0] * 4 and all(oval["mask"] for oval in ovals)
    by_column = [sorted(found["box"] for found in group) for group in (ovals, faces)]
    for oval, face in zip(*by_column, strict=True):
        assert oval == pytest.approx(face, abs=2)
    tensors, _ = bench.run(graph, given=["mask", 0], back=["regions", 1])
    assert torch.equal(tensors["given"], tensors["back"])


def test_boxes_of_rt_detr(bench, photo):
    """The real node and network, with random weights: boxes of any size, class and score, and of the real format."""
    detect = node(
        "RTDETR_detect",
        model=["model", 0],
        image=["image", 0],
        threshold=0.0,
        class_name="all",
        max_detections=5,
    )
    graph = from_boxes(bench, torch.cat([photo, photo.flip(2)]), detect) | {
        "model": node("UNETLoader", unet_name="rtdetr.pt", weight_dtype="default")
    }
    given, made = show(bench, graph, ["source", 0]), detected(bench, graph)
    assert [len(frame) for frame in given] == [len(frame) for frame in made] == [5, 5]
    for before, after in zip(given[0], made[0], strict=True):
        assert (before["label"], before["score"]) == (after["label"], after["score"])
        assert after["extent"][:2] == pytest.approx([before["x"], before["y"]], abs=1e-6)


def test_boxes_of_sam3(bench, photo):
    """Written down: SAM3_Detect gives one list per frame, of dicts with a score and no label; a frame may be empty."""
    frames = [[{"x": 10.5, "y": 20.0, "width": 30.25, "height": 40.0, "score": 0.75}], []]
    (found,), nothing = detected(bench, from_boxes(bench, photo.repeat(2, 1, 1, 1), value(frames)))
    assert found["extent"] == [10.5, 20.0, 40.75, 60.0] and found["score"] == 0.75 and found["label"] == "object"
    assert nothing == []


def test_individual_masks_of_sam3(bench, photo):
    """Written down: all objects of all frames in one batch of masks, [0, H, W] when there are none."""
    masks = torch.zeros(3, 512, 512)
    for i in range(3):
        masks[i, 100 * i : 100 * i + 50, 200:260] = masks[i, 450:460, 20 * i : 20 * i + 9] = 1
    graph = {
        "image": bench.load(photo),
        "masks": bench.load(masks),
        "made": node("AfterDetailFromMask", mask=["masks", 1], split=False, image=["image", 0]),
    }
    assert boxes(bench, graph) == [[[0, 0, 260, 460], [20, 100, 260, 460], [40, 200, 260, 460]]]
    assert boxes(bench, graph | {"masks": bench.load(masks[:0])}) == [[]]


def test_faces_of_sdpose(bench, photo):
    """The real node on keypoints that are written down: a ring of 70 points, as its extractor gives them."""
    ring = torch.linspace(0, 6.28, 70)
    points = torch.stack([200 + 40 * ring.cos(), 150 + 40 * ring.sin(), torch.ones(70)], 1).flatten().tolist()
    frame = {"canvas_width": 512, "canvas_height": 512, "people": [{"face_keypoints_2d": points}]}
    source = node("SDPoseFaceBBoxes", keypoints=["keypoints", 0], scale=1.5, force_square=True)
    graph = from_boxes(bench, photo, source) | {"keypoints": value([frame])}
    ((face,),) = boxes(bench, graph)
    assert face[0] < 160 and face[1] < 110 and face[2] > 240 and face[3] > 190


def test_boxes_drawn_by_hand(bench, photo):
    """The real nodes Bounding Box, a single dict, and Create Bounding Boxes, a list in a list or an empty list."""
    batch = photo.repeat(2, 1, 1, 1)
    one = node("PrimitiveBoundingBox", x=10, y=20, width=30, height=40)
    assert boxes(bench, from_boxes(bench, batch, one)) == [[[10, 20, 40, 60]]] * 2
    editor = {"__value__": [{"x": 100, "y": 50, "width": 60, "height": 70}, {"x": 0, "y": 0, "width": 9, "height": 9}]}
    drawn = node("CreateBoundingBoxes", width=512, height=512, editor_state=editor)
    assert boxes(bench, from_boxes(bench, batch, drawn, 1)) == [[[100, 50, 160, 120], [0, 0, 9, 9]]] * 2
    blank = node("CreateBoundingBoxes", width=512, height=512, editor_state={"__value__": []})
    assert boxes(bench, from_boxes(bench, batch, blank, 1)) == [[], []]


def test_nodes_of_comfyui_take_what_detect_gives(bench, crowd):
    """Real nodes: Draw BBoxes, Crop By Bounding Boxes, Create Bounding Boxes and, for the mask, Grow Mask."""
    graph = {
        "image": bench.load(crowd),
        "detect": node("AfterDetailDetect", image=["image", 0], detector="face_full_mediapipe"),
        "draw": node("DrawBBoxes", image=["image", 0], bboxes=["detect", 2]),
        "crop": node(
            "CropByBBoxes",
            image=["image", 0],
            bboxes=["detect", 2],
            padding=0,
            keep_aspect="stretch",
            output_width=128,
            output_height=64,
        ),
        "grow": node("GrowMask", mask=["detect", 1], expand=3, tapered_corners=False),
        "create": node(
            "CreateBoundingBoxes",
            bboxes=["detect", 2],
            width=1024,
            height=512,
            editor_state={"__value__": []},
        ),
    }
    found = detected(bench, graph, ("detect", 0))[0]
    tensors, _ = bench.run(graph, drawn=["draw", 0], crop=["crop", 0], mask=["detect", 1], grown=["grow", 0])
    for face in found:
        x0, y0, _, _ = map(round, face["extent"])
        frame = tensors["drawn"][0, y0 - 1 : y0 + 3, x0 + 5 : x0 + 40]
        assert bool((frame == torch.tensor([1.0, 0.0, 0.0])).all(-1).any())
    assert tensors["crop"].shape == (1, 64, 128, 3)
    assert float(tensors["grown"].sum()) > float(tensors["mask"].sum()) > 0
    assert len(show(bench, graph, ["create", 1])[0]) == len(found) == 4


@pytest.mark.parametrize("output", [0, 1])
def test_a_detector_lent_to_impact_pack_comes_back_as_detections(bench, crowd, output):
    """A probe node stands for Impact Pack's."""
    graph = {
        "image": bench.load(crowd),
        "provider": node("AfterDetailDetectorProvider", detector="face_mesh_mediapipe"),
        "impact": node("ProbeImpact", detector=["provider", output], image=["image", 0]),
        "made": node("AfterDetailFromSEGS", segs=["impact", 0], image=["image", 0]),
        "own": node("AfterDetailDetect", image=["image", 0], detector="face_mesh_mediapipe", confidence=0.5),
    }
    (found,), (own,) = detected(bench, graph), detected(bench, graph, ("own", 0))
    assert [face["label"] for face in found] == [f"face {place}" for place in range(len(own))]
    for face, ours in zip(found, own, strict=True):
        assert face["score"] == pytest.approx(ours["score"]) and face["extent"] == ours["box"]
        assert face["box"] == pytest.approx(ours["box"], abs=6)
        assert (face["mask"] is None) == (output == 0)
    tensors, _ = bench.run(graph, combined=["impact", 1], own=["own", 1])
    assert torch.equal(tensors["combined"], tensors["own"]) == (output == 1)


def test_there_and_back_through_segs(bench, crowd):
    graph = {
        "image": bench.load(crowd),
        "detect": node("AfterDetailDetect", image=["image", 0], detector="face_mesh_mediapipe"),
        "segs": node("AfterDetailToSEGS", detections=["detect", 0], image=["image", 0]),
        "made": node("AfterDetailFromSEGS", segs=["segs", 0], image=["image", 0]),
        "regions": node("AfterDetailRegions", image=["image", 0], detections=["made", 0], mask_dilation=0, mask_blur=0),
    }
    kept = ("box", "mask", "label", "score", "index")
    there, back = (
        [{name: face[name] for name in kept} for face in detected(bench, graph, link)[0]]
        for link in (("detect", 0), ("made", 0))
    )
    assert there == back and len(there) > 0
    tensors, _ = bench.run(graph, there=["detect", 1], back=["regions", 1])
    assert torch.equal(tensors["there"], tensors["back"])


def test_each_image_of_a_batch_to_segs_by_rebatch_images(bench, crowd):
    """What the sentence about batches advises."""
    graph = {
        "image": bench.load(torch.cat([crowd, crowd.flip(2)])),
        "single": node("RebatchImages", images=["image", 0], batch_size=1),
        "detect": node("AfterDetailDetect", image=["single", 0], detector="face_full_mediapipe"),
        "segs": node("AfterDetailToSEGS", detections=["detect", 0], image=["single", 0]),
    }
    entry = bench.comfy.run(graph | {"show": node("ProbeShow", value=["segs", 0])})
    each = [json.loads(text) for text in entry["outputs"]["show"]["value"]]
    assert [(size, len(items)) for size, items in each] == [([512, 1024], 4)] * 2
    graph["detect"]["inputs"]["image"] = graph["segs"]["inputs"]["image"] = ["image", 0]
    assert "this is a batch of 2: put Rebatch Images" in bench.failure(graph | shown("segs"))


def shown(name: str) -> dict:
    return {"show": node("ProbeShow", value=[name, 0])}


def test_what_cannot_be_used_is_a_sentence(bench, photo):
    boxes = from_boxes(bench, photo, value([{"x": 1, "y": 2, "width": 0, "height": 5}]))
    assert "Box 0 of the image is 0 wide and 5 high: give" in bench.failure(boxes | shown("made"))
    nameless = from_boxes(bench, photo, value([[{"x": 1, "y": 2, "width": 3}]]))
    assert "Box 0 of the image has no 'height'" in bench.failure(nameless | shown("made"))
    mask = {
        "image": bench.load(photo),
        "mask": bench.load(torch.ones(1, 100, 90)),
        "made": node("AfterDetailFromMask", mask=["mask", 1], image=["image", 0]),
    }
    assert "The mask is 90x100 and the image 512x512: resize" in bench.failure(mask | shown("made"))
    segs = {
        "image": bench.load(photo),
        "segs": value([[64, 48], []]),
        "made": node("AfterDetailFromSEGS", segs=["segs", 0], image=["image", 0]),
    }
    assert "The SEGS were made for an image of 48x64 and this one is 512x512" in bench.failure(segs | shown("made"))
