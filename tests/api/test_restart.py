"""The server is killed while tasks run: results stay, what was cut off has failed. Then it runs without a key."""

from collections.abc import Iterator

import pytest
import requests
from rig.server import ComfyServer
from rig.service import BEARER, SETTINGS, as_base64, configure, photo, post, serving, square_mask, task_result, until


@pytest.fixture(scope="module")
def own(models) -> Iterator[ComfyServer]:
    """A server of this module's own, to be killed."""
    with serving(models) as server:
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
    own.start()
    result = task_result(own, done)
    assert result["task"]["status"] == "TASK_STATUS_SUCCEED"
    assert requests.get(result["images"][0]["image_url"], timeout=30).content.startswith(b"\xff\xd8")
    for task_id in (running, waiting):
        task = task_result(own, task_id)["task"]
        assert (task["status"], task["reason"][:24]) == ("TASK_STATUS_FAILED", "The server was restarted")
    after = start_task(own, steps=2)
    until(lambda: status(own, after) == "TASK_STATUS_SUCCEED", "done after the restart")


def test_without_a_key_this_machine_is_served_and_nobody_through_it(own):
    configure(own, {**SETTINGS, "api_keys": [], "trusted_image_hosts": [f"127.0.0.1:{own.port}"]})
    own.restart()
    (own.base / "input" / "photo.png").parent.mkdir(exist_ok=True)
    photo().save(own.base / "input" / "photo.png")
    wish = {
        "init_image_url": f"{own.url}/view?filename=photo.png&type=input",
        "detector": "face_full_mediapipe",
        "inpainting_base_model": "sd15",
        "steps": 2,
    }
    assert post(own, "/adetailer", wish, {}).status_code == 200  # a picture of a server the settings trust
    for headers in ({"X-Forwarded-For": "203.0.113.9"}, {"Host": "attacker.example"}):
        answer = post(own, "/adetailer", wish, headers)
        assert answer.status_code == 401 and "its own machine only" in answer.json()["detail"]


def test_the_one_fitting_checkpoint_is_taken_and_several_are_told(own):
    """nano-sd15 and tiny models of the cache are all SD1.5."""
    configure(own, {**SETTINGS, "checkpoints": {}, "api_keys": []})
    own.restart()
    answer = post(own, "/generate/sd", {"prompt": "an octopus", "steps": 2}, {})
    several = len([*(own.base / "models" / "checkpoints").glob("*sd15.ckpt")])
    if several > 1:
        (problem,) = answer.json()["detail"]
        assert problem["loc"] == ["body", "checkpoint"] and f"has {several} sd15 checkpoint" in problem["msg"]
    refined = post(own, "/generate/sdxl", {"prompt": "an octopus", "steps": 2, "checkpoint": "pico-sdxl"}, BEARER)
    assert refined.status_code == 200
