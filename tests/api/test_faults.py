"""Faults from every side: clients that hang up, interruptions, files that are damaged or gone, disks that are full.

Whatever ends a job, it leaves nothing behind, the answer is the service's own, and the next request is served.
"""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import torch
from PIL import Image
from rig import models as small_models
from rig.foreign import twice_as_wide, vae_of
from rig.make import MODELS_CACHE
from rig.service import (
    BEARER,
    KEY,
    OTHER_KEY,
    THIRD_KEY,
    as_base64,
    half_sent,
    is_idle,
    left_files,
    photo,
    post,
    square_mask,
    task_result,
)
from rig.waiting import until
from safetensors.torch import save_file

SD = {"prompt": "a very secret prompt", "steps": 2, "image_encoding": "png"}
SLOW = {"prompt": "an octopus", "steps": 200}
FACE = {"image": as_base64(photo()), "prompt": "", "denoise": 0.4, "num_inference_steps": 15}
HANGING_UP = 30
FOREIGN = "broken-foreign.safetensors"
"""A file that can be read, of another family of models."""


def nothing_is_left(service) -> bool:
    return is_idle(service) and not left_files(service) and service.get("/history").json() == {}


def test_thirty_clients_that_hang_up_at_any_moment_leave_nothing(service):
    """Half of them before all of their request is there, the others while their job waits, runs or is answered."""
    moments, lock = random.Random(0), threading.Lock()

    def hang_up(place: int) -> None:
        with lock:
            share, wait = moments.choice([1.0, moments.random()]), moments.uniform(0, 2)
        key = (KEY, OTHER_KEY, THIRD_KEY)[place % 3]
        path, body = (("/generate/sd", {**SD, "num_images": 4}), ("/v1/face-detailer", FACE))[place % 2]
        with half_sent(service, path, body, share, key):
            time.sleep(wait)

    with ThreadPoolExecutor(HANGING_UP) as clients:
        list(clients.map(hang_up, range(HANGING_UP)))
    until(lambda: nothing_is_left(service), "clean")
    assert post(service, "/generate/sd", SD).status_code == 200


def test_half_sent_bodies_lock_nobody_out(service):
    with ExitStack() as halves:
        for _ in range(40):
            halves.enter_context(half_sent(service, "/generate/sd", SD, 0.5))
        assert post(service, "/generate/sd", SD).status_code == 200
    until(lambda: nothing_is_left(service), "clean")


def test_an_interruption_ends_the_job_that_runs_and_no_other(service):
    """Three keys have a job each, and somebody at the canvas stops the one that runs."""
    answers: dict[str, int] = {}

    def ask(key: str, body: dict) -> None:
        answers[key] = post(service, "/generate/sd", body, {"x-api-key": key}).status_code

    threads = [threading.Thread(target=ask, args=(KEY, {**SLOW, "num_images": 16}))]
    threads[0].start()
    until(lambda: service.get("/queue").json()["queue_running"], "running")
    threads += [threading.Thread(target=ask, args=(key, SD)) for key in (OTHER_KEY, THIRD_KEY)]
    for thread in threads[1:]:
        thread.start()
    until(lambda: len(service.get("/queue").json()["queue_pending"]) == 2, "waiting")
    service.interrupt()
    for thread in threads:
        thread.join()
    assert answers == {KEY: 503, OTHER_KEY: 200, THIRD_KEY: 200}
    assert nothing_is_left(service)


@pytest.fixture(scope="module")
def broken_files(service) -> Iterator[None]:
    """Model files that are none, one of each folder, all called `broken`."""
    models = service.base / "models"
    save_file({"unknown.layer": torch.zeros(4)}, models / "checkpoints" / FOREIGN)
    for folder in ("checkpoints", "loras", "vae", "embeddings"):
        (models / folder / "broken.safetensors").write_bytes(b"no tensors here" * 100)
        (models / folder / "broken-pickle.pt").write_bytes(b"\x80\x02no pickle")
    save_file({"clip_l": torch.zeros(2, 12)}, models / "embeddings" / FOREIGN)
    save_file(twice_as_wide(models / "loras" / "nano-sd15-lora.safetensors"), models / "loras" / FOREIGN)
    save_file(vae_of(small_models.ensure("tiny-sd3", MODELS_CACHE)), models / "vae" / FOREIGN)
    yield
    for file in models.glob("*/broken*"):
        file.unlink()


@pytest.mark.parametrize("file", ["broken", "broken-pickle", "broken-foreign"])
@pytest.mark.parametrize(
    ("field", "change", "status"),
    [
        ("checkpoint", lambda file: {"checkpoint": file}, 500),
        ("loras", lambda file: {"loras": {file: 1.0}}, 500),
        ("vae", lambda file: {"vae": file}, 500),
        ("textual_inversions", lambda file: {"textual_inversions": {file: "word"}, "prompt": "word"}, 422),
    ],
)
def test_a_damaged_or_foreign_file_is_named_as_the_client_named_it(service, broken_files, field, change, status, file):
    answer = post(service, "/generate/sd", {**SD, **change(file)})
    detail = answer.json()["detail"]
    sentence = detail if isinstance(detail, str) else detail[0]["msg"]
    assert answer.status_code == status, answer.text[:300]
    assert repr(file) in sentence and len(sentence) <= 300 and str(service.base) not in sentence
    assert "cannot be used" in sentence or "is not for sd15 models" in sentence
    assert nothing_is_left(service)


def test_a_checkpoint_that_disappears_between_two_requests(service):
    there = service.base / "models" / "checkpoints" / "leaving.ckpt"
    target = (service.base / "models" / "checkpoints" / "nano-sd15.ckpt").resolve()
    there.symlink_to(target)
    assert post(service, "/generate/sd", {**SD, "checkpoint": "leaving"}).status_code == 200
    assert post(service, "/generate/sd", SD).status_code == 200  # or ComfyUI would still have it loaded
    there.unlink()
    there.symlink_to(target.with_name("nothing-like-it"))  # still in the list of files, as on a drive that went away
    gone = post(service, "/generate/sd", {**SD, "checkpoint": "leaving"})
    assert (
        gone.status_code == 500 and "'leaving' cannot be used: it is no longer on this server" in gone.json()["detail"]
    )
    there.unlink()
    assert post(service, "/generate/sd", {**SD, "checkpoint": "leaving"}).status_code == 422
    assert post(service, "/generate/sd", SD).status_code == 200


def test_a_small_request_for_a_huge_picture_is_refused_before_it_runs(service):
    strip = as_base64(Image.new("RGB", (16_400, 16)))
    for changes, words in (
        ({"image_format": "jpeg"}, "asks for 65600x64; jpeg holds 65500 pixels a side at most"),
        ({"image_format": "webp"}, "asks for 65600x64; webp holds 16383 pixels a side at most"),
        ({"image_format": "png", "samples": 2}, "asks for 2 pictures of 65600x64; this server makes 4200000 pixels"),
    ):
        answer = post(service, "/v1/face-detailer", {**FACE, "image": strip, "upscale": 4, **changes})
        assert answer.status_code == 400 and words in answer.json()["error"]
    answer = post(service, "/v1/face-detailer", {**FACE, "image": strip, "upscale": 4, "image_format": "png"})
    assert answer.status_code == 200  # the kernel ended ComfyUI over this one
    many = post(service, "/generate/sdxl", {**SD, "num_images": 16})
    assert many.status_code == 422 and "num_images asks for 16 pictures" in many.json()["detail"][0]["msg"]
    fields = {"model_name": "nano-sd15", "prompt": "", "image_num": 8}
    pictures = {
        "image_base64": as_base64(photo(1024), "JPEG"),
        "mask_image_base64": as_base64(square_mask(1024), "JPEG"),
    }
    many = post(service, "/v3/async/inpainting", {"request": {**fields, **pictures}})
    assert many.status_code == 400 and "image_num asks for 8 pictures of 1024x1024" in many.json()["message"]


def test_what_was_removed_or_cannot_be_found_out_is_another_keys_business(service):
    """Tasks and their links are all that one request leaves for a later one."""
    pictures = {"image_base64": as_base64(photo(64)), "mask_image_base64": as_base64(square_mask(64))}
    fields = {"request": {"model_name": "nano-sd15", "prompt": "", "steps": 1, **pictures}}
    task_id = post(service, "/v3/async/inpainting", fields).json()["task_id"]
    done = until(lambda: (found := task_result(service, task_id))["images"] and found, "done")
    link = done["images"][0]["image_url"]
    for key in (OTHER_KEY, THIRD_KEY):
        query = {"task_id": task_id}
        other = service.send("GET", "/v3/async/task-result", params=query, headers={"x-api-key": key})
        assert other.status_code == 404 and "no task" in other.json()["message"]
    for wrong in (link[:-1], link.replace("index=0", "index=1"), link.partition("&signature")[0]):
        assert service.send("GET", wrong.removeprefix(service.url), headers=BEARER).status_code == 404
