"""What requests may hold: defaults, ranges and sentences."""

import json

import pytest
from afterdetail.api.dialects.novita import messages as novita
from afterdetail.api.dialects.octoai import messages as octoai
from afterdetail.api.dialects.segmind import messages as segmind
from afterdetail.api.errors import Refused
from afterdetail.api.validation import parse

DETAIL = {"init_image": "x", "detector": "face_full_mediapipe", "inpainting_base_model": "sd15"}
FACE = {"image": "x", "prompt": "", "denoise": 0.4}
WISH = {"model_name": "m", "image_base64": "x", "mask_image_base64": "x", "prompt": ""}
MODELS = {
    "adetailer": (octoai.ADetailerRequest, DETAIL),
    "generate": (octoai.GenerateRequest, {"prompt": ""}),
    "face": (segmind.FaceDetailerRequest, FACE),
    "inpainting": (novita.InpaintingWish, WISH),
}


def asked(name: str, **changes):
    model, base = MODELS[name]
    return parse(model, json.dumps({**base, **changes}).encode())


def problems(name: str, **changes) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        asked(name, **changes)
    return {problem.field: problem.sentence for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        (
            "adetailer",
            {"cfg_scale": 7.5, "confidence": 0.3, "mask_blur": 4, "mask_dilation": 4, "mask_padding": 32, "steps": 20}
            | {"strength": 0.9, "union_masks": False, "style_preset": "base", "use_refiner": False, "prompt": ""},
        ),
        ("generate", {"cfg_scale": 12, "steps": 30, "sampler": "DDIM", "high_noise_frac": 0.8, "num_images": 1}),
        ("face", {"samples": 1, "num_inference_steps": 20, "guidance_scale": 6, "seed": 12467, "base64": True}),
        ("face", {"negative_prompt": "bad quality, painting, blur", "image_format": "jpeg", "image_quality": 95}),
        ("inpainting", {"seed": -1, "mask_blur": 1, "inpainting_fill": 1, "strength": 0.85, "steps": 25}),
    ],
)
def test_defaults_are_the_services(name, defaults):
    wish = asked(name)
    assert {field: getattr(wish, field) for field in defaults} == defaults


@pytest.mark.parametrize(
    ("name", "field", "good", "bad"),
    [
        ("adetailer", "cfg_scale", [0.1, 50], [0, 50.1, -1, "x", float("nan")]),
        ("adetailer", "confidence", [0, 1], [-0.1, 1.1]),
        ("adetailer", "mask_blur", [0, 63], [-1, 1.5]),
        ("adetailer", "mask_dilation", [0, 63], [-1]),
        ("adetailer", "mask_padding", [0, 400], [-1]),
        ("adetailer", "max_num_detections", [1, None], [0]),
        ("adetailer", "seed", [1, 2**32 - 1, [1, 2], None], [0, 2**32, -1, []]),
        ("adetailer", "strength", [0, 1], [-0.1, 1.1]),
        ("adetailer", "steps", [1, 200], [0, 201]),
        ("adetailer", "image_encoding", ["jpeg", "png"], ["gif"]),
        ("generate", "cfg_scale", [0.1, 50], [0, 51]),
        ("generate", "num_images", [1, 16], [0, 17]),
        ("generate", "steps", [1, 200], [0, 201]),
        ("generate", "strength", [0.1, 1], [0, 1.1]),
        ("generate", "high_noise_frac", [0, 1], [-0.1, 1.1]),
        ("generate", "seed", [1, [None], [7]], [0, 2**32]),
        ("generate", "loras", [{"a": 0.5}], [{"a": "x"}, {"a": 1000}]),
        ("face", "samples", [1, 4], [0, 5]),
        ("face", "num_inference_steps", [15, 75], [14, 76]),
        ("face", "guidance_scale", [5, 10], [4.9, 10.1]),
        ("face", "denoise", [0, 1], [-0.1, 1.1]),
        ("face", "image_quality", [10, 100], [9, 101]),
        ("inpainting", "inpainting_fill", [0, 3], [-1, 4]),
        ("inpainting", "seed", [-1, 2**32 - 1], [-2, 2**32]),
        ("inpainting", "strength", [0, 1], [1.1]),
        ("inpainting", "clip_skip", [1, 12], [13]),
        ("inpainting", "mask_blur", [0, 64], [65]),
        ("inpainting", "inpainting_full_res", [0, 1, True], [2]),
    ],
)
def test_ranges(name, field, good, bad):
    for value in good:
        asked(name, **{field: value})
    for value in bad:
        found = problems(name, **{field: value})
        (place,) = {place.split(".")[0] for place in found}
        assert place == field and all(field in sentence for sentence in found.values())


def test_a_sentence_names_field_value_and_limit():
    assert problems("adetailer", cfg_scale=51) == {
        "cfg_scale": "cfg_scale is 51: input should be less than or equal to 50."
    }
    assert problems("adetailer", detector="face_yolo8n")["detector"].startswith(
        "Unknown detector 'face_yolo8n'. Nearest:"
    )
    assert problems("generate", sampler="EULER")["sampler"].startswith("Unknown sampler 'EULER'. Nearest: ")
    assert problems("adetailer", inpainting_base_model="sd3")["inpainting_base_model"].endswith("use sdxl or sd15.")


def test_sentences_hold_no_long_value():
    assert "secret " * 4 not in str(problems("generate", width="secret " * 40))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("adetailer", {"init_image": None}, "either init_image or init_image_url"),
        ("adetailer", {"init_image_url": "http://x"}, "either init_image or init_image_url"),
        ("generate", {"width": 512}, "belong together"),
        ("generate", {"mask_image": "x"}, "needs init_image"),
        ("generate", {"outpainting": True}, "outpainting needs"),
        ("generate", {"seed": [1, 2]}, "send one for each"),
        ("generate", {"transfer_images": {"a": []}}, "1 to 16 pictures"),
        ("face", {"samples": 2, "base64": False}, "bytes hold one image"),
    ],
)
def test_fields_that_do_not_go_together(name, changes, words):
    assert words in " ".join(problems(name, **changes).values())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"prompt": "\\ud800"}', b"\xff", b"NaN"])
def test_bodies_that_are_no_request(body):
    with pytest.raises(Refused) as caught:
        parse(octoai.GenerateRequest, body)
    assert caught.value.status == 422
