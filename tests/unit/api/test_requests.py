"""What requests may hold: defaults, ranges and sentences."""

import copy
import json
from collections.abc import Iterator

import pytest
from afterdetail.api.dialects.a1111 import messages as a1111
from afterdetail.api.dialects.novita import messages as novita
from afterdetail.api.dialects.octoai import messages as octoai
from afterdetail.api.dialects.segmind import messages as segmind
from afterdetail.api.errors import Refused
from afterdetail.api.validation import parse
from pydantic import BaseModel

DETAIL = {"init_image": "x", "detector": "face_full_mediapipe", "inpainting_base_model": "sd15"}
FACE = {"image": "x", "prompt": "", "denoise": 0.4}
WISH = {"model_name": "m", "image_base64": "x", "mask_image_base64": "x", "prompt": ""}
MODELS = {
    "adetailer": (octoai.ADetailerRequest, DETAIL),
    "generate": (octoai.GenerateRequest, {"prompt": ""}),
    "face": (segmind.FaceDetailerRequest, FACE),
    "inpainting": (novita.InpaintingParameters, WISH),
}


def asked(name: str, **changes):
    model, base = MODELS[name]
    return parse(model, json.dumps({**base, **changes}).encode())


def problems(name: str, **changes) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        asked(name, **changes)
    return {problem.field: problem.sentence for problem in caught.value.problems}


def test_a_sentence_names_field_value_and_limit():
    assert problems("adetailer", cfg_scale=51) == {"cfg_scale": "cfg_scale is 51: use a number above 0 to 50."}
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


REQUESTS = {
    "adetailer": (octoai.ADetailerRequest, DETAIL),
    "generate": (octoai.GenerateRequest, {"prompt": ""}),
    "face": (segmind.FaceDetailerRequest, FACE),
    "inpainting": (novita.InpaintingRequest, {"request": WISH}),
    "models": (novita.ModelQuery, {}),
    "txt2img": (a1111.Txt2ImgRequest, {}),
    "img2img": (a1111.Img2ImgRequest, {"init_images": ["x"]}),
    "tab": (a1111.Tab, {}),
    "scripts": (a1111.ADetailer, {}),
}
WRONG = (True, 5, 0.5, "x", "5", [], [0, 5], ["x", {}], [[]], {}, {"x": "y"}, {"": 1}, {"seed": []}, -1, 1e99, 10**30)


def sites(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all fields, those of models inside models too."""
    for field, info in model.model_fields.items():
        name = info.alias or field
        yield (*path, name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from sites(info.annotation, (*path, name))


@pytest.mark.parametrize("name", REQUESTS)
def test_a_problem_is_told_once_by_names_of_fields_and_indexes(name):
    model, base = REQUESTS[name]
    fields = {part for path in sites(model) for part in path} | {"model_name"}
    for path in sites(model):
        for value in WRONG:
            body = copy.deepcopy(base)
            inner = body
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
            inner[path[-1]] = value
            try:
                parse(model, json.dumps(body).encode())
            except Refused as refused:
                found = [problem.field for problem in refused.problems if problem.field]
                assert len(set(found)) == len(found)
                for field in found:
                    assert field.startswith(path[0]), field
                    rest = field.removeprefix(".".join(path))
                    assert all(part in fields or part.isdigit() for part in rest.split(".") if part), field


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("generate", {"seed": 0}, {"seed": "seed is 0: use a whole number from 1 to 4294967295."}),
        ("generate", {"seed": [0]}, {"seed.0": "seed.0 is 0: use a whole number from 1 to 4294967295."}),
        ("generate", {"steps": True}, {"steps": "steps is True: use a whole number from 1 to 200."}),
        ("generate", {"steps": "5"}, {"steps": "steps is '5': use a whole number from 1 to 200."}),
        ("generate", {"outpainting": 1}, {"outpainting": "outpainting is 1: use true or false."}),
        ("generate", {"loras": {"a": "x"}}, {"loras": "loras is 'x': use a number from -100 to 100."}),
        ("face", {"base64": 2}, {"base64": "base64 is 2: use 0 or 1."}),
    ],
)
def test_values_have_the_documents_types(name, changes, expected):
    assert problems(name, **changes) == expected


def test_a_number_may_stand_for_a_boolean_where_the_documents_show_one():
    assert asked("face", base64=0).base64 == 0 and asked("inpainting", inpainting_full_res=1).inpainting_full_res == 1


def test_a_prompt_nested_deeper_than_comfyui_can_read_is_refused():
    asked("generate", prompt="(" * 100 + ")" * 100)
    assert "101 brackets" in problems("generate", prompt="(" * 101)["prompt"]
