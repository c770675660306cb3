"""A server with few models is killed while tasks run, then runs without keys, then with a safety check and little time.

What was done stays, and what was cut off has failed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import torch
from rig import models as small_models
from rig.make import MODELS_CACHE
from rig.server import ComfyServer
from rig.service import SETTINGS, as_base64, configure, photo, post, serving, square_mask, task_result, until
from safetensors.torch import save_file

DETAIL = {"detector": "face_full_mediapipe", "inpainting_base_model": "sd15", "steps": 2}
SD = {"prompt": "an octopus", "steps": 2}


@pytest.fixture(scope="module")
def own(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComfyServer]:
    """A server of this module's own, to be killed. Of its checkpoints, one is SD1.5 and for more than inpainting."""
    small_models.ensure("clip-vision", MODELS_CACHE)
    few = tmp_path_factory.mktemp("models")
    for name in ("checkpoints/nano-sd15.ckpt", "checkpoints/nano-sd15-inpaint.ckpt", "clip_vision/clip-vit-l.pt"):
        (few / name).parent.mkdir(exist_ok=True)
        (few / name).symlink_to(models / name)
    with serving(few, {**SETTINGS, "checkpoints": {}}) as server:
        yield server


def start_task(server: ComfyServer, steps: int) -> str:
    wish = {
        "model_name": "nano-sd15",
        "prompt": "an octopus",
        "image_base64": as_base64(photo(256)),
        "mask_image_base64": as_base64(square_mask(256)),
        "steps": steps,
        "image_num": 8 if steps > 2 else 1,
    }
    answer = post(server, "/v3/async/inpainting", {"request": wish})
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def status(server: ComfyServer, task_id: str) -> str:
    return task_result(server, task_id)["task"]["status"]


def test_a_kill_loses_no_result_and_hides_no_failure(own):
    done = start_task(own, steps=2)
    until(lambda: status(own, done) == "TASK_STATUS_SUCCEED", "done")
    running, waiting = start_task(own, steps=100), start_task(own, steps=100)
    until(lambda: status(own, running) == "TASK_STATUS_PROCESSING", "running")
    assert status(own, waiting) == "TASK_STATUS_QUEUED"
    own.kill()
    configure(own, {**SETTINGS, "checkpoints": {}, "trusted_image_hosts": [f"127.0.0.1:{own.port}"]})
    own.start()
    result = task_result(own, done)
    assert result["task"]["status"] == "TASK_STATUS_SUCCEED"
    assert requests.get(result["images"][0]["image_url"], timeout=30).content.startswith(b"\xff\xd8")
    for task_id in (running, waiting):
        task = task_result(own, task_id)["task"]
        assert (task["status"], task["reason"][:24]) == ("TASK_STATUS_FAILED", "The server was restarted")
    after = start_task(own, steps=2)
    until(lambda: status(own, after) == "TASK_STATUS_SUCCEED", "done after the restart")


def test_the_one_checkpoint_that_fits_is_taken(own):
    assert post(own, "/generate/sd", SD).status_code == 200
    (problem,) = post(own, "/generate/sdxl", SD).json()["detail"]
    assert problem["loc"] == ["body", "checkpoint"] and "has no sdxl checkpoint" in problem["msg"]


def test_a_picture_is_fetched_from_a_server_the_settings_trust(own):
    photo().save(own.base / "input" / "photo.png")
    link = f"{own.url}/view?filename=photo.png&type=input"
    answer = post(own, "/adetailer", {**DETAIL, "init_image_url": link})
    assert answer.status_code == 200 and answer.json()["num_objects_inpainted"] == 1
    elsewhere = post(own, "/adetailer", {**DETAIL, "init_image_url": link.replace("127.0.0.1", "localhost")})
    assert "which is not fetched" in elsewhere.json()["detail"][0]["msg"]


def test_without_keys_this_machine_is_served_and_what_the_safety_check_removes_is_not_sent(own):
    folder = own.base / "models" / "safety_concepts"
    folder.mkdir(parents=True)
    save_file({"concepts": torch.randn(1, 768)}, folder / "everything.safetensors")
    safety = {"clip_vision": "clip-vit-l", "concepts": "everything", "threshold": -1}
    configure(own, {**SETTINGS, "api_keys": [], "checkpoints": {}, "safety": safety})
    own.restart()
    for headers in ({"X-Forwarded-For": "203.0.113.9"}, {"Host": "attacker.example"}):
        answer = post(own, "/generate/sd", SD, headers)
        assert answer.status_code == 401 and "its own machine only" in answer.json()["detail"]
    (image,) = post(own, "/generate/sd", SD, {}).json()["images"]
    assert image["image_b64"] is None and image["removed_for_safety"] is True
    detailed = post(own, "/adetailer", {**DETAIL, "init_image": as_base64(photo())}, {}).json()
    assert (detailed["num_objects_inpainted"], detailed["num_removed_for_safety"]) == (0, 1)


def test_a_job_that_takes_too_long_is_stopped(own):
    configure(own, {**SETTINGS, "checkpoints": {}, "timeout_seconds": 1})
    own.restart()
    answer = post(own, "/generate/sd", {**SD, "steps": 200, "num_images": 16})
    assert answer.status_code == 504 and "1 s this server allows" in answer.json()["detail"]
    queue = own.get("/queue").json()
    assert queue["queue_running"] == queue["queue_pending"] == [] and own.get("/history").json() == {}
