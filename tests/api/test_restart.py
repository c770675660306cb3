"""A server with few models is killed while tasks run, runs without keys, with a safety check, with little time, on full
disks, and at last with settings it cannot use.

What was done stays, and what was cut off has failed.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
from PIL import Image
from rig import models as small_models
from rig import prompts
from rig.make import MODELS_CACHE
from rig.server import ComfyServer
from rig.service import (
    SETTINGS,
    as_base64,
    configure,
    is_idle,
    left_files,
    photo,
    post,
    serving,
    square_mask,
    task_result,
)
from rig.waiting import until
from safetensors.torch import save_file

DETAIL = {"detector": "face_full_mediapipe", "inpainting_base_model": "sd15", "steps": 2}
SD = {"prompt": "an octopus", "steps": 2}
LIMIT_SECONDS = 10
"""Many times what a small job takes, and less than a large one."""


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


def start_task(server: ComfyServer, extra: dict | None = None, side: int = 256, **changes) -> str:
    fields = {
        "model_name": "nano-sd15",
        "prompt": "an octopus",
        "image_base64": as_base64(photo(side)),
        "mask_image_base64": as_base64(square_mask(side)),
    }
    answer = post(server, "/v3/async/inpainting", {"request": {**fields, **changes}, "extra": extra or {}})
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def left(server: ComfyServer) -> list[Path]:
    """Files of jobs that have ended."""
    return [path for path in left_files(server) if path.name != "photo.png"]


def status(server: ComfyServer, task_id: str) -> str:
    return task_result(server, task_id)["task"]["status"]


def test_a_kill_loses_no_result_and_hides_no_failure(own):
    done = start_task(own, steps=2)
    until(lambda: status(own, done) == "TASK_STATUS_SUCCEED", "done")
    running, waiting = (start_task(own, steps=100, image_num=8) for _ in range(2))
    until(lambda: status(own, running) == "TASK_STATUS_PROCESSING", "running")
    assert status(own, waiting) == "TASK_STATUS_QUEUED"
    own.kill()
    configure(own, {**SETTINGS, "checkpoints": {}, "trusted_image_hosts": [f"127.0.0.1:{own.port}"]})
    own.start()
    assert not left(own)  # the pictures that the killed server was working on
    result = task_result(own, done)
    assert result["task"]["status"] == "TASK_STATUS_SUCCEED"
    assert requests.get(result["images"][0]["image_url"], timeout=300).content.startswith(b"\xff\xd8")
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


@contextmanager
def busy(server: ComfyServer) -> Iterator[Callable[[], None]]:
    """Meanwhile something from the canvas runs, until the given function is called."""
    blocker = server.queue(prompts.txt2img("nano-sd15.ckpt", steps=10_000))
    until(lambda: server.get("/queue").json()["queue_running"], "running")
    try:
        yield lambda: server.interrupt(blocker)
    finally:
        server.interrupt(blocker)


def test_running_is_limited_in_time_and_waiting_in_number(own):
    """What runs before all others takes far longer than timeout_seconds."""
    configure(own, {**SETTINGS, "checkpoints": {"sdxl": "not-there"}, "timeout_seconds": LIMIT_SECONDS, "max_queue": 3})
    own.restart()
    with busy(own) as end, ThreadPoolExecutor(2) as clients:
        jobs = [clients.submit(post, own, "/generate/sd", SD) for _ in range(2)]
        until(lambda: len(own.get("/queue").json()["queue_pending"]) == 2, "waiting")
        full = post(own, "/generate/sd", SD)
        assert full.status_code == 503 and int(full.headers["Retry-After"]) >= 1
        assert "would be number 4 in it, and 3 may wait" in full.json()["detail"]
        time.sleep(LIMIT_SECONDS + 0.5)
        end()
        answers = [job.result() for job in jobs]
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text[:300] for answer in answers]
    answer = post(own, "/generate/sd", {**SD, "steps": 200, "num_images": 16})
    assert answer.status_code == 504 and f"{LIMIT_SECONDS} s this server allows" in answer.json()["detail"]
    assert is_idle(own) and not left(own)


def test_a_default_that_is_missing_is_the_servers_fault_and_stands_in_its_log(own):
    answer = post(own, "/generate/sdxl", SD)
    assert answer.status_code == 503 and "'not-there', is not there" in answer.json()["detail"]
    assert "misses models/checkpoints/not-there" in own.log()


@pytest.fixture
def small_disks(own: ComfyServer) -> Iterator[None]:
    """The server's folders for pictures and tasks are file systems of 2 MB."""
    own.stop()
    folders = [own.base / "temp", own.base / "user" / "__afterdetail" / "tasks"]
    with ExitStack() as mounted:
        for folder in folders:
            folder.mkdir(exist_ok=True)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=False).returncode:
                pytest.skip("mounting a file system needs root")
            mounted.callback(subprocess.run, ["umount", "-l", folder], check=True)
        configure(own, {**SETTINGS, "checkpoints": {}})
        own.start()
        yield
        own.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_a_full_disk_is_said_to_be_one_and_the_next_request_is_served(own, small_disks):
    tasks = own.base / "user" / "__afterdetail" / "tasks"
    noise = as_base64(Image.fromarray(np.random.default_rng(0).integers(0, 255, (1024, 1024, 3), np.uint8)))
    face = {"prompt": "", "denoise": 0.4, "num_inference_steps": 15}
    for _ in range(2):
        full = post(own, "/v1/face-detailer", {**face, "image": noise})
        assert full.status_code == 503 and "no space left on its disk" in full.json()["error"], full.text[:300]
        assert not left(own)
        assert post(own, "/v1/face-detailer", {**face, "image": as_base64(photo())}).status_code == 200
        large = start_task(own, steps=1, image_num=8, side=512, extra={"response_image_type": "png"})
        until(lambda task=large: status(own, task) == "TASK_STATUS_FAILED", "failed")
        assert "no space left on its disk" in task_result(own, large)["task"]["reason"]
        files = [path.name for path in tasks.rglob("*") if path.is_file()]
        assert not [name for name in files if name.startswith((".", "image_"))], files
        small = start_task(own, steps=1)
        until(lambda task=small: status(own, task) == "TASK_STATUS_SUCCEED", "done")
        shutil.rmtree(tasks / small)
    assert "[Errno 28] No space left on device" in own.log()
    until(lambda: not left(own), "clean")  # a task has its result before its pictures are gone


def test_while_the_service_cannot_start_it_says_why(own):
    settings = own.base / "user" / "__afterdetail" / "service.json"
    own.stop()
    settings.write_text("{enabled: true}", encoding="utf-8")
    own.start()
    for path, field in (("/adetailer", "detail"), ("/v1/face-detailer", "error"), ("/v3/async/inpainting", "message")):
        answer = post(own, path, {})
        assert answer.status_code == 503 and "service.json cannot be read as JSON" in answer.json()[field]
        assert str(own.base) not in answer.text
    assert f"{settings} cannot be read as JSON" in own.log()
    assert "AfterDetailServiceResult" not in own.object_info()
