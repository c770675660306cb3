"""Structure Hints in real graphs: for whole pictures, for crops, and what it says."""

import pytest
import torch
from references.pictures import TEMPLATES, template
from rig import prompts
from rig.prompts import node

IMAGE = ["image", 0]
PRESET = {"positive": ["positive", 0], "negative": ["negative", 0]}
SAMPLER = {"steps": 2, "cfg": 5.0, "seed": 0, "denoise": 0.6, "sampler_name": "euler", "scheduler": "normal"}


@pytest.fixture(scope="module")
def hands() -> torch.Tensor:
    """Two hands far apart, and a face."""
    return torch.from_numpy(template(TEMPLATES["open_hands"]).copy()).float()[None] / 255


def found(bench, image, detector="hand_auto"):
    return {
        "image": bench.load(image),
        "detect": node("AfterDetailDetect", image=IMAGE, detector=detector),
        "regions": node("AfterDetailRegions", image=IMAGE, detections=["detect", 0], mask_padding=48),
    }


def hints(**inputs):
    return node("AfterDetailHints", image=IMAGE, **inputs)


def drawn(picture: torch.Tensor) -> torch.Tensor:
    return picture.amax(-1) > 0


def test_joints_lie_on_the_hands_and_nowhere_else(bench, hands):
    graph = found(bench, hands) | {"hints": hints(detections=["detect", 0])}
    tensors, entry = bench.run(graph, hint=["hints", 0], mask=["detect", 1])
    hint, mask = tensors["hint"][0], tensors["mask"][0] > 0
    assert hint.shape == hands.shape[1:]
    assert drawn(hint)[mask].any() and not drawn(hint)[:, 150:300].any(), "the face is between the hands"
    assert (drawn(hint) & ~mask).sum() < 0.2 * drawn(hint).sum()
    assert len(entry["outputs"]["hints"]["images"]) == 1 and entry["outputs"]["hints"]["notes"] == []


def test_a_controlnet_between_crop_and_paste_is_shown_each_crops_own_joints(bench, hands):
    """Hints are as many and as large as the crops, so any graph of ComfyUI's own nodes takes both."""
    graph = found(bench, hands) | prompts.checkpoint("nano-sd15.ckpt")
    graph |= {
        "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
        "hints": hints(regions=["regions", 0], per_crop=True),
        "same": hints(regions=["crop", 2], per_crop=True),
        "net": node("ControlNetLoader", control_net_name="nano-sd15-controlnet.safetensors"),
        "latent": node("VAEEncode", pixels=["crop", 0], vae=["model", 2]),
    }
    for name, strength in (("guided", 1.0), ("free", 0.0)):
        steps = {"strength": strength, "start_percent": 0.0, "end_percent": 1.0}
        graph |= {
            f"apply {name}": node(
                "ControlNetApplyAdvanced", control_net=["net", 0], image=["hints", 0], **PRESET, **steps
            ),
            f"sample {name}": node(
                "KSampler",
                model=["model", 0],
                positive=[f"apply {name}", 0],
                negative=[f"apply {name}", 1],
                latent_image=["latent", 0],
                **SAMPLER,
            ),
            f"decode {name}": node("VAEDecode", samples=[f"sample {name}", 0], vae=["model", 2]),
            name: node("AfterDetailPaste", image=IMAGE, regions=["crop", 2], crops=[f"decode {name}", 0]),
        }
    links = {"crops": ["crop", 0], "hints": ["hints", 0], "same": ["same", 0], "guided": ["guided", 0]}
    tensors = bench.run(graph, **links, free=["free", 0]).tensors
    assert tensors["hints"].shape == tensors["crops"].shape and len(tensors["hints"]) == 2
    assert all(drawn(hint).any() for hint in tensors["hints"]) and torch.equal(tensors["hints"], tensors["same"])
    assert not torch.equal(tensors["guided"], tensors["free"])
    assert torch.equal(tensors["guided"][:, 300:], hands[:, 300:])


@pytest.mark.parametrize("kind", ["face mesh", "lips and eyes", "canny", "soft edge"])
@pytest.mark.parametrize("per_crop", [False, True])
def test_every_kind_is_drawn_of_a_face(bench, photo, kind, per_crop):
    graph = found(bench, photo, "face_auto") | {"hints": hints(regions=["regions", 0], kind=kind, per_crop=per_crop)}
    tensors = bench.run(graph, hint=["hints", 0]).tensors
    share = drawn(tensors["hint"][0]).float().mean()
    assert 0.0005 < share < (1 if kind == "soft edge" else 0.3)


def test_without_a_region_there_is_one_black_picture_as_crop_regions_has_a_grey_one(bench, hands):
    graph = found(bench, torch.zeros(1, 64, 64, 3)) | {
        "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
        "hints": hints(regions=["regions", 0], per_crop=True),
    }
    tensors = bench.run(graph, hint=["hints", 0], crop=["crop", 0]).tensors
    assert tensors["hint"].shape == tensors["crop"].shape and not tensors["hint"].any()


def test_a_face_has_no_hand_pose_and_the_node_says_so(bench, photo):
    graph = found(bench, photo, "face_auto") | {"hints": hints(detections=["detect", 0])}
    tensors, entry = bench.run(graph, hint=["hints", 0])
    assert not tensors["hint"].any()
    assert entry["outputs"]["hints"]["notes"] == [
        "Object 0 (face) of image 0 shows no hand, so nothing was drawn of it: detect hands for this kind of hint."
    ]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "A hand pose is drawn of objects: connect detections or regions."),
        (
            {"detections": ["detect", 0], "per_crop": True},
            "per_crop makes one hint for each region: connect regions, or turn it off.",
        ),
    ],
)
def test_what_is_missing_is_said(bench, photo, inputs, says):
    assert bench.failure(found(bench, photo) | {"hints": hints(**inputs)}, hint=["hints", 0]) == says


def test_regions_of_an_enlarged_picture_are_drawn_in_it(bench, hands):
    graph = found(bench, hands) | {"hints": hints(regions=["regions", 0], detections=["detect", 0])}
    graph["regions"]["inputs"]["upscale"] = 2.0
    hint = bench.run(graph, hint=["hints", 0]).tensors["hint"]
    assert hint.shape[1] == 2 * hands.shape[1] and drawn(hint[0]).any()
    assert not drawn(hint[0])[:, 300:600].any()
