"""The web UI's routes and adetailer's arguments, asked by the web UI's own Python client and by bare requests."""

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rig.service import BEARER, as_base64, photo, picture, pixels, post, square_mask

webuiapi = pytest.importorskip("webuiapi", reason="tests/requirements.txt installs webuiapi")

FACE, BELOW = np.s_[80:160, 190:260], np.s_[300:]
CHECKPOINT = "override_settings.sd_model_checkpoint"
TAB = {"ad_model": "mediapipe_face_full", "ad_prompt": "a face"}
ASKED = {"steps": 2, "seed": 1, "denoising_strength": 0.5, "sampler_name": "Euler a", "cfg_scale": 4}


@pytest.fixture(scope="module")
def api(service):
    client = webuiapi.WebUIApi(baseurl=f"{service.url}/sdapi/v1", sampler="Euler a", steps=2)
    client.session.headers.update(BEARER)
    client.check_extensions()
    return client


def tab(**changes) -> Any:
    return webuiapi.ADetailer(**{**TAB, **changes})


def repaired(service, *tabs: dict, image: Image.Image | None = None, **changes) -> np.ndarray:
    """The picture, changed by adetailer only."""
    args = [True, True, *({**TAB, **item} for item in tabs)]
    body = {"init_images": [as_base64(image or photo())], "alwayson_scripts": {"ADetailer": {"args": args}}}
    answer = post(service, "/sdapi/v1/img2img", {**ASKED, **body, **changes})
    assert answer.status_code == 200, answer.text[:500]
    (text,) = answer.json()["images"]
    return pixels(picture(text))


def test_the_client_sees_adetailer_and_makes_pictures(api):
    assert api.has_adetailer
    made = api.txt2img(prompt="an octopus", seed=7, batch_size=2, width=512, height=448, adetailer=[tab()])
    assert [image.size for image in made.images] == [(512, 448)] * 2
    assert made.info["all_seeds"] == [7, 8] and made.info["sampler_name"] == "Euler a"
    assert (
        "Seed: 8" in made.info["infotexts"][1] and "ADetailer model: mediapipe_face_full" in made.info["infotexts"][1]
    )
    assert made.parameters["steps"] == 2 and made.parameters["init_images"] is None
    alone = api.txt2img(prompt="an octopus", seed=8, width=512, height=448)
    assert (pixels(alone.image) == pixels(made.images[1])).all()


def test_the_client_repairs_a_face_of_a_picture_that_is_kept(api):
    done = api.img2img(images=[photo()], prompt="a face", seed=3, denoising_strength=0.0, adetailer=[tab()])
    result, source = pixels(done.image), pixels(photo())
    assert (result[FACE] != source[FACE]).any() and (result[BELOW] == source[BELOW]).all()


def test_the_client_paints_into_a_mask(api):
    done = api.img2img(
        images=[photo()], mask_image=square_mask(), prompt="an octopus", inpainting_fill=1, inpaint_full_res=True
    )
    result, source = pixels(done.image), pixels(photo())
    assert (result[140:240, 140:240] != source[140:240, 140:240]).any() and (result[BELOW] == source[BELOW]).all()


def test_a_picture_that_skips_img2img_keeps_its_size_and_all_but_the_face(service):
    source = photo(600).crop((0, 0, 500, 450))
    result = repaired(service, {}, image=source)
    assert result.shape == (450, 500, 3) and (result[350:] == pixels(source)[350:]).all()
    assert (result != pixels(source)).any()


def test_tabs_are_passes_in_their_order(service):
    face, eyes = {}, {"ad_model": "mediapipe_face_mesh_eyes_only", "ad_prompt": "eyes"}
    first, second = repaired(service, face, eyes), repaired(service, eyes, face)
    assert (first != second).any()
    off = {"ad_tab_enable": False}
    assert (repaired(service, face, eyes | off, {"ad_model": "None"}) == repaired(service, face)).all()


def test_each_object_has_its_prompt_and_may_be_skipped(service):
    two = Image.new("RGB", (1024, 576))
    for left in (0, 512):
        two.paste(photo(), (left, 0))

    def faces(prompt: str) -> list[np.ndarray]:
        result = repaired(service, {"ad_prompt": prompt}, image=two)
        return [result[80:160, left + 190 : left + 260] for left in (0, 512)]

    sources = [pixels(two)[80:160, left + 190 : left + 260] for left in (0, 512)]
    changed = [[(new != old).any() for new, old in zip(faces(text), sources, strict=True)] for text in SKIPS]
    assert sorted(changed[0]) == [False, True] and sorted(changed[1]) == [False, True]
    assert changed[0] == changed[1][::-1] and changed[2] == [False, False]
    both, swapped = faces("a face[SEP]a lizard"), faces("a lizard[SEP]a face")
    assert all((one != other).any() for one, other in zip(both, swapped, strict=True))


SKIPS = ("[SKIP][SEP]a face", "a face[SEP][SKIP]", "[SKIP]")


@pytest.mark.parametrize(
    "change",
    [
        {"ad_confidence": 0.99},
        {"ad_negative_prompt": "blurry"},
        {"ad_prompt": "[PROMPT], a lizard"},
        {"ad_prompt": "a face <lora:nano-sd15-lora:1>"},
        {"ad_dilate_erode": 40},
        {"ad_dilate_erode": -20},
        {"ad_x_offset": 30},
        {"ad_y_offset": 30},
        {"ad_mask_merge_invert": "Merge and Invert"},
        {"ad_mask_blur": 12},
        {"ad_mask_min_ratio": 0.5},
        {"ad_denoising_strength": 0.8},
        {"ad_inpaint_only_masked": False},
        {"ad_inpaint_only_masked_padding": 90},
        {"ad_use_inpaint_width_height": True, "ad_inpaint_width": 640, "ad_inpaint_height": 512},
        {"ad_use_steps": True, "ad_steps": 3},
        {"ad_use_cfg_scale": True, "ad_cfg_scale": 9},
        {"ad_use_sampler": True, "ad_sampler": "DPM++ 2M", "ad_scheduler": "Karras"},
        {"ad_use_noise_multiplier": True, "ad_noise_multiplier": 0.6},
        {"ad_use_clip_skip": True, "ad_clip_skip": 2},
        {"ad_use_checkpoint": True, "ad_checkpoint": "nano-sd15-inpaint.ckpt [6ce0161689]"},
    ],
    ids=lambda change: next(iter(reversed(change))),
)
def test_an_argument_changes_the_picture(service, plain, change):
    assert (repaired(service, change) != plain).any()


@pytest.mark.parametrize(
    "change",
    [
        {"ad_mask_k": 1},
        {"ad_mask_k_largest": 0.0},
        {"ad_mask_merge_invert": "Merge"},
        {"ad_steps": 3},
        {"ad_cfg_scale": 9},
        {"ad_clip_skip": 2},
        {"ad_checkpoint": "nano-sd15-inpaint"},
        {"ad_use_vae": True, "ad_vae": "Use same VAE"},
        {"is_api": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_argument_changes_nothing_here(service, plain, change):
    assert (repaired(service, change) == plain).all()


@pytest.fixture(scope="module")
def plain(service):
    return repaired(service, {})


def test_upwards_is_upwards(service, plain):
    moved = repaired(service, {"ad_y_offset": 60})
    rows = [np.flatnonzero((result != pixels(photo())).any(axis=(1, 2))) for result in (plain, moved)]
    assert rows[1].min() < rows[0].min() and rows[1].max() < rows[0].max()


def test_words_of_the_prompt(service):
    def made(prompt: str, **changes) -> np.ndarray:
        answer = post(service, "/sdapi/v1/txt2img", {"prompt": prompt, "steps": 1, "seed": 1, **changes})
        assert answer.status_code == 200, answer.text[:300]
        return pixels(picture(answer.json()["images"][0]))

    first = made("an octopus in red")
    for prompt in (
        "an octopus in red <lora:nano-sd15-lora:0.8>",
        "an octopus in [red]",
        "an octopus in red, sd15-embedding",
    ):
        assert (made(prompt) != first).any(), prompt
    assert (made("an octopus in [red]") == made("an octopus in (red:0.909091)")).all()
    nested, flat = made("an octopus in [[red] (sea:1.3)]"), made("an octopus in (red:0.8264)( :0.9091)(sea:1.1818)")
    assert abs(nested - flat).max() <= 2 and (nested != first).any()
    assert (made("an octopus in red", styles=["anime"]) != first).any()
    other = made("an octopus in red", override_settings={"sd_model_checkpoint": "nano-sd15-inpaint"})
    assert (other != first).any()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"steps": 151}, "steps", "151"),
        ({"width": 500}, "width", "multiple of 8"),
        ({"width": 4096, "height": 4096}, "width", "4096x4096"),
        ({"sampler_name": "Euler b"}, "sampler_name", "Nearest: Euler"),
        ({"scheduler": "Karas"}, "scheduler", "Nearest: Karras"),
        ({"tiling": True}, "tiling", "tiling is True"),
        ({"subseed_strength": 0.5}, "subseed_strength", "0.5"),
        ({"batch_size": 8, "n_iter": 3}, None, "batch_size 8 times n_iter 3"),
        ({"width": 1024, "height": 1024, "batch_size": 3, "n_iter": 2}, "width", "6 pictures of 1024x1024"),
        ({"script_name": "x/y plot"}, "script_name", "x/y plot"),
        ({"styles": ["anim"]}, "styles.0", "Nearest: anime"),
        ({"prompt": "a <lora:nano-sd15-lore:1>"}, "prompt", "nano-sd15-lora"),
        ({"prompt": "a <lora:nano-sd15-lora:x>"}, "prompt", "'x'"),
        ({"override_settings": {"sd_model_checkpoint": "nano"}}, "override_settings.sd_model_checkpoint", "nano-sd15"),
        (
            {"override_settings": {"sd_model_checkpoint": "pico-refiner"}},
            "override_settings.sd_model_checkpoint",
            "is a refiner",
        ),
        ({"alwayson_scripts": {"ControlNet": {"args": [{"enabled": True}]}}}, "alwayson_scripts", "'ControlNet'"),
    ],
)
def test_refusals(service, changes, field, words):
    answer = post(service, "/sdapi/v1/txt2img", {"prompt": "", **changes})
    (problem,) = answer.json()["detail"]
    assert answer.status_code == 422 and words in problem["msg"]
    assert ".".join(map(str, problem["loc"])) == (f"body.{field}" if field else "body")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ad_model": "face_yolov9z.pt"}, "'face_yolov9z.pt'. Nearest: "),
        ({"ad_model": "hand_yolov8n.pt"}, "hand_yolov8n"),
        ({"ad_confidense": 0.4}, "'ad_confidense', which is not known"),
        ({"ad_confidence": 1.4}, "ad_confidence is 1.4"),
        ({"ad_restore_face": True}, "ad_restore_face is True"),
        ({"ad_controlnet_model": "control_v11p"}, "ad_controlnet_model 'control_v11p': use None"),
        ({"ad_sampler": "x"}, "ad_sampler is not known"),
        (
            {"ad_use_inpaint_width_height": True, "ad_inpaint_width": 600, "ad_inpaint_height": 600},
            "'600x600'. Nearest: ",
        ),
        ({"ad_mask_min_ratio": 0.5, "ad_mask_max_ratio": 0.4}, "ad_mask_min_ratio 0.5 is above"),
        ({"ad_use_vae": True, "ad_vae": "sd15-vea"}, "sd15-vae"),
    ],
)
def test_refusals_of_tabs(service, change, words):
    scripts = {"ADetailer": {"args": [True, True, {**TAB, **change}]}}
    answer = post(service, "/sdapi/v1/img2img", {"init_images": [as_base64(photo())], "alwayson_scripts": scripts})
    (problem,) = answer.json()["detail"]
    assert answer.status_code == 422 and words in problem["msg"], json.dumps(problem)
    assert problem["loc"][:5] == ["body", "alwayson_scripts", "ADetailer", "args", 2]


def test_a_picture_that_is_kept_counts_as_often_as_it_is_repaired(service):
    scripts = {"ADetailer": {"args": [True, True, TAB]}}
    fields = {"init_images": [as_base64(photo(1024))], "batch_size": 5, "alwayson_scripts": scripts}
    answer = post(service, "/sdapi/v1/img2img", fields)
    assert answer.status_code == 422 and "init_images asks for 5 pictures of 1024x1024" in answer.text


def test_the_key_is_asked_for(service):
    assert post(service, "/sdapi/v1/txt2img", {"prompt": ""}, {}).status_code == 401
    assert service.send("GET", "/sdapi/v1/txt2img", headers=BEARER).status_code == 405
