"""What the fields of a request do, seen in the pictures and numbers of the answer."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from rig.service import BEARER, KEY, as_base64, photo, picture, pixels, post, square_mask, task_result
from rig.waiting import until
from skimage import data

PHOTO = as_base64(photo())
DETAIL = {
    "init_image": PHOTO,
    "detector": "face_full_mediapipe",
    "inpainting_base_model": "sd15",
    "prompt": "a face",
    "steps": 2,
    "seed": 1,
    "image_encoding": "png",
}
SD = {"prompt": "an octopus", "steps": 2, "seed": 1, "image_encoding": "png"}
FACE = {"image": PHOTO, "prompt": "a face", "denoise": 0.4, "num_inference_steps": 15, "image_format": "png"}


def answered(service, path: str, body: dict, **changes) -> dict:
    answer = post(service, path, {**body, **changes})
    assert answer.status_code == 200, answer.text[:500]
    return answer.json()


def detailed(service, **changes) -> np.ndarray:
    return pixels(picture(answered(service, "/adetailer", DETAIL, **changes)["image_b64"]))


def made(service, **changes) -> list[np.ndarray]:
    return [pixels(picture(item["image_b64"])) for item in answered(service, "/generate/sd", SD, **changes)["images"]]


def test_the_face_is_repaired_and_the_rest_is_the_very_picture(service):
    result = detailed(service)
    assert (result[80:160, 190:260] != pixels(photo())[80:160, 190:260]).any()
    assert (result[300:] == pixels(photo())[300:]).all()


def test_a_picture_without_a_face_comes_back_and_is_counted(service):
    blank = as_base64(Image.new("RGB", (512, 512), "gray"))
    answer = answered(service, "/adetailer", DETAIL, init_image=blank)
    assert (pixels(picture(answer["image_b64"])) == 128).all()
    assert (answer["num_objects_detected"], answer["num_objects_inpainted"]) == (0, 0)
    assert answer["num_removed_for_safety"] == 0


def test_at_most_so_many_and_the_detector_asked_for(service):
    two = Image.new("RGB", (1024, 576))
    for left in (0, 512):
        two.paste(photo(), (left, 0))
    pair = as_base64(two)
    both = answered(service, "/adetailer", DETAIL, init_image=pair)
    assert (both["num_objects_detected"], both["num_objects_inpainted"]) == (2, 2)
    one = answered(service, "/adetailer", DETAIL, init_image=pair, max_num_detections=1)
    assert one["num_objects_inpainted"] == 1
    assert answered(service, "/adetailer", DETAIL, detector="eyes_mesh_mediapipe")["num_objects_detected"] == 1


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        (
            {"init_image": as_base64(photo(500))},
            "init_image",
            "500x500, which sd15 does not take. Nearest sizes: 512x512",
        ),
        ({"use_refiner": True}, "use_refiner", "sdxl only"),
        ({"detector": "hand_yolov8n"}, "detector", "needs the file hand_yolov8n.pt"),
        ({"checkpoint": "pico-sdxl"}, "checkpoint", "is a sdxl model, and sd15 is needed"),
        ({"checkpoint": "../checkpoints/nano-sd15.ckpt"}, "checkpoint", "Unknown checkpoint"),
        ({"checkpoint": "/etc/passwd"}, "checkpoint", "Unknown checkpoint"),
        ({"init_image": PHOTO[:2000]}, "init_image", "PNG file that is cut off"),
        ({"init_image": None, "init_image_url": "http://localhost:8188/x"}, "init_image_url", "which is not fetched"),
    ],
)
def test_refusals_of_adetailer(service, changes, field, words):
    answer = post(service, "/adetailer", {**DETAIL, **changes})
    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"]) == (422, ["body", field]) and words in problem["msg"]


def test_pictures_follow_their_seeds(service):
    first, second = made(service, num_images=2)
    assert (first != second).any()
    assert (made(service, seed=2)[0] == second).all()
    answer = answered(service, "/generate/sd", SD, num_images=2, seed=[9, None])
    assert answer["images"][0]["seed"] == 9 and answer["images"][1]["seed"] > 0


def test_an_embedding_changes_nothing_until_its_trigger_is_written(service):
    assert (made(service, textual_inversions={"sd15-embedding": "unused"})[0] == made(service)[0]).all()


def test_weights_of_brackets_in_brackets_multiply(service):
    nested, flat, replaced = (
        made(service, prompt=prompt, steps=1)[0]
        for prompt in (
            "(a tall (beautiful:1.5) woman:1.2)",
            "(a tall :1.2)(beautiful:1.8)( woman:1.2)",
            "(a tall :1.2)(beautiful:1.5)( woman:1.2)",
        )
    )
    assert (nested == flat).all() and (nested != replaced).any()


def test_one_side_alone_keeps_the_others_default(service):
    assert made(service, width=640)[0].shape == (512, 640, 3)
    assert made(service, height=768)[0].shape == (768, 512, 3)


def test_strength_0_keeps_the_picture_at_the_size_asked_for(service):
    kept = made(service, init_image=PHOTO, strength=0.0, num_images=2)
    assert len(kept) == 2 and all((picture == pixels(photo())).all() for picture in kept)
    masked = made(service, init_image=PHOTO, mask_image=as_base64(square_mask()), strength=0, width=640)[0]
    assert (masked == pixels(photo().resize((640, 512), Image.Resampling.LANCZOS))).all()


def test_image_to_image_inpainting_and_outpainting(service):
    source = pixels(photo())
    near, far = (made(service, init_image=PHOTO, strength=share)[0] for share in (0.2, 1.0))
    assert abs(near - source).mean() < abs(far - source).mean()
    mask = as_base64(square_mask())
    painted = made(service, init_image=PHOTO, mask_image=mask)[0]
    assert (painted[140:240, 140:240] != source[140:240, 140:240]).any() and (painted[300:] == source[300:]).all()
    part = made(service, init_image=PHOTO, mask_image=mask, inpaint_full_res=True)[0]
    assert (part != painted).any() and (part[300:] == source[300:]).all()
    grown = made(service, init_image=PHOTO, mask_image=mask, outpainting=True)[0]
    assert (grown[:128] == source[:128]).all() and (grown[130:250, 130:250] != source[130:250, 130:250]).any()


def test_a_name_in_both_folders_is_the_controlnets(service):
    links = []
    for folder, original in (("checkpoints", "pico-sdxl"), ("controlnet", "pico-sdxl-controlnet")):
        (file,) = (service.base / "models" / folder).glob(f"{original}.*")
        links.append(file.with_stem("in-both-folders"))
        links[-1].symlink_to(file.resolve())
    fields = {"controlnet_image": PHOTO, "steps": 1}
    by_default, named = (
        answered(service, "/generate/controlnet-sdxl", SD, **fields, **change)["images"][0]["image_b64"]
        for change in ({}, {"checkpoint": "in-both-folders"})
    )
    for link in links:
        link.unlink()
    assert by_default == named


def test_both_pictures_of_a_subject_count_and_equally(service):
    def merged(*subjects: Image.Image) -> np.ndarray:
        fields = {"prompt": "a photo of a woman", "transfer_images": {"woman": [as_base64(item) for item in subjects]}}
        (image,) = answered(service, "/generate/sdxl", SD, **fields, cfg_scale=50)["images"]
        return pixels(picture(image["image_b64"]))

    woman, cup = photo(), Image.fromarray(data.coffee())
    both = merged(woman, cup)
    change = abs(merged(woman, woman) - both).mean()
    assert both.shape == (1024, 1024, 3) and abs(merged(cup, woman) - both).mean() < change / 4


@pytest.mark.parametrize(
    ("path", "changes", "field", "words"),
    [
        ("sd", {"width": 500, "height": 500}, "width", "500x500, which sd15 does not take. Nearest sizes: 512x512"),
        ("sd", {"style_preset": "anime"}, "style_preset", "SDXL only"),
        ("sd", {"prompt_2": "x"}, "prompt_2", "SDXL only"),
        ("controlnet-sdxl", {}, "controlnet_image", "is missing"),
    ],
)
def test_refusals_of_generate(service, path, changes, field, words):
    answer = post(service, f"/generate/{path}", {**SD, **changes})
    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"]) == (422, ["body", field]) and words in problem["msg"]


def test_face_detailer_answers_with_bytes_or_base64(service):
    answer = post(service, "/v1/face-detailer", {**FACE, "base64": False, "passes": 1}, {"x-api-key": KEY})
    assert answer.headers["Content-Type"] == "image/png" and answer.content.startswith(b"\x89PNG")
    assert int(answer.headers["x-remaining-credits"]) > 0
    several = answered(service, "/v1/face-detailer", FACE, samples=2, image_format="webp", passes=1)
    first, second = several["images"]
    assert several["image"] == first != second and picture(first).format == "WEBP"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": as_base64(Image.new("RGB", (1, 1)))}, "each side must have 16 pixels"),
    ],
)
def test_refusals_of_face_detailer(service, changes, words):
    answer = post(service, "/v1/face-detailer", {**FACE, **changes}, {"x-api-key": KEY})
    assert answer.status_code == 400 and words in answer.json()["error"]


def inpainted(service, **changes) -> np.ndarray:
    fields = {
        "model_name": "nano-sd15",
        "prompt": "an octopus",
        "image_base64": as_base64(photo(256)),
        "mask_image_base64": as_base64(square_mask(256)),
        "steps": 2,
        "seed": 1,
    }
    body = {"extra": {"response_image_type": "png"}, "request": {**fields, **changes}}
    answer = post(service, "/v3/async/inpainting", body)
    assert answer.status_code == 200, answer.text
    task_id = answer.json()["task_id"]
    done = until(lambda: (found := task_result(service, task_id))["images"] and found, "a picture")
    assert (done["task"]["status"], done["task"]["progress_percent"]) == ("TASK_STATUS_SUCCEED", 100)
    link = done["images"][0]["image_url"].removeprefix(service.url)
    content = service.get(link).content  # without a key: the link itself is the permission
    assert content.startswith(b"\x89PNG")
    return pixels(Image.open(BytesIO(content)))


def test_what_the_fields_of_inpainting_do(service):
    source, inside, outside = pixels(photo(256)), np.s_[70:120, 70:120], np.s_[150:]
    first = inpainted(service)
    assert (first[inside] != source[inside]).any() and (first[outside] == source[outside]).all()
    inverted = inpainted(service, inpainting_mask_invert=1)
    assert (inverted[inside] == source[inside]).all() and (inverted[outside] != source[outside]).any()


def test_a_task_is_read_by_its_own_key_only(service):
    mine = post(service, "/v3/async/inpainting", {"request": {"model_name": "nano-sd15", "prompt": ""}})
    assert mine.status_code == 400 and mine.json()["reason"] == "INVALID_REQUEST_BODY"
    assert set(mine.json()["metadata"]) == {"request.image_base64", "request.mask_image_base64"}
    unknown = service.send("GET", "/v3/async/task-result", params={"task_id": "x"}, headers=BEARER)
    assert unknown.status_code == 404 and "no task 'x'" in unknown.json()["message"]
