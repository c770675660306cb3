"""Keys, hang-ups, limits, and that nothing of a request is left where others see it."""

import json
import re
import socket
import threading

import pytest
import requests
from rig.gate import held
from rig.service import BEARER, KEY, OTHER_KEY, as_base64, photo, post, without_links
from rig.waiting import until

PATHS = ("/adetailer", "/generate/sdxl", "/generate/sd", "/generate/controlnet-sdxl", "/v1/face-detailer")
SLOW = {"prompt": "a very secret prompt", "steps": 200, "num_images": 16}
QUICK = {"prompt": "a very secret prompt", "steps": 2}


@pytest.mark.parametrize("path", [*PATHS, "/v3/async/inpainting", "/api/adetailer"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"x-api-key": KEY[:-1]}])
def test_nothing_is_served_without_a_right_key(service, path, headers):
    assert post(service, path, {}, headers).status_code == 401
    assert service.send("GET", "/v3/async/task-result", headers=headers).status_code == 401
    assert service.send("GET", "/afterdetail/openapi.json", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("path", "field"), [("/adetailer", "detail"), ("/v1/face-detailer", "error"), ("/v3/async/inpainting", "message")]
)
def test_each_service_refuses_in_its_own_form(service, path, field):
    assert "API key" in post(service, path, {}, {}).json()[field]
    wrong_method = service.send("GET", path, headers=BEARER)
    assert (wrong_method.status_code, wrong_method.headers["Allow"]) == (405, "POST")
    assert "takes POST only" in wrong_method.json()[field]
    text = service.send("POST", path, data="{}", headers=BEARER)
    assert text.status_code == 415 and "Content-Type: application/json" in text.json()[field]
    large = service.send("POST", path, json={"prompt": "x" * 12_100_000}, headers=BEARER)
    assert large.status_code == 413 and "12000000" in large.json()[field]


def running(service) -> list:
    return service.get("/queue").json()["queue_running"]


def pending(service) -> list:
    return service.get("/queue").json()["queue_pending"]


def send_and_hang_up(service, body: dict, when) -> None:
    """A client that closes its connection once `when` is true."""
    content = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        head = (
            f"POST /generate/sd HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content)
        until(when, "in the queue")


def test_a_client_that_hangs_up_stops_its_job(service):
    before = len(service.log())
    send_and_hang_up(service, SLOW, lambda: running(service))
    until(lambda: not running(service), "interrupted")
    assert "Processing interrupted" in service.log()[before:]
    until(lambda: service.get("/history").json() == {}, "gone from the history")


def test_a_client_that_hangs_up_leaves_the_queue_and_the_others_run_on(service):
    answers = []
    other = threading.Thread(target=lambda: answers.append(post(service, "/generate/sd", SLOW)))
    other.start()
    until(lambda: running(service), "running")
    mine = running(service)[0][1]
    send_and_hang_up(service, QUICK, lambda: pending(service))
    until(lambda: not pending(service), "dequeued")
    assert [item[1] for item in running(service)] == [mine]
    service.interrupt(mine)  # as somebody at the canvas might
    other.join()
    assert answers[0].status_code == 503 and "interrupted" in answers[0].json()["detail"]


def test_nothing_is_left_of_a_request(service):
    image = as_base64(photo())
    fields = {"init_image": image, "detector": "face_full_mediapipe", "inpainting_base_model": "sd15", "steps": 2}
    assert post(service, "/adetailer", {**fields, "prompt": SLOW["prompt"]}).status_code == 200
    assert post(service, "/generate/sd", QUICK).status_code == 200
    assert service.get("/history").json() == {} and service.get("/queue").json()["queue_running"] == []
    temp = service.base / "temp"
    assert [path for path in temp.rglob("*") if path.is_file()] == []
    assert [path for path in (service.base / "output").rglob("*") if path.is_file()] == []


def test_the_history_shows_no_request_even_as_it_ends(service):
    seen, ended = [], threading.Event()

    def look() -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not ended.is_set():
                history = session.get(f"{service.url}/history").json()
                jobs = session.get(f"{service.url}/api/jobs", params={"status": "completed,failed"}).json()["jobs"]
                seen.append((history, jobs))

    looker = threading.Thread(target=look)
    looker.start()
    requests_sent = 0
    while requests_sent < 20 or len(seen) <= 20:
        requests_sent += 1
        post(service, "/generate/sd", {**QUICK, "steps": 1, "seed": requests_sent})
    ended.set()
    looker.join()
    assert [shown for shown in seen if shown != ({}, [])] == []


def test_the_log_holds_no_key_no_prompt_and_no_picture(service):
    before = len(without_links(service.log()))
    post(service, "/generate/sd", QUICK)
    post(service, "/generate/sd", {**QUICK, "steps": 2000})
    log = without_links(service.log())
    assert "POST /generate/sd: 200" in log and "POST /generate/sd: 422" in log
    for secret in (KEY, OTHER_KEY, "very secret", as_base64(photo())[:200]):
        assert secret not in log
    assert "Traceback" not in log[before:]
    assert not re.search(r"[A-Za-z0-9+/]{300}", log)


def test_progress_and_previews_reach_nobody_else(service, tmp_path):
    """The rig's websocket hears whatever ComfyUI says to everyone."""
    body = {**QUICK, "steps": 40, "seed": 4711}
    sender = threading.Thread(target=post, args=(service, "/generate/sd", body))
    with held([service], tmp_path):
        sender.start()
        prompt_id = until(lambda: pending(service), "queued")[0][1]
    sender.join()
    assert service.events(prompt_id) == []


@pytest.mark.parametrize("file", ["__afterdetail%2Fservice.json", "..%2F__afterdetail%2Fservice.json"])
def test_nobody_reads_the_settings_over_http(service, file):
    answer = service.send("GET", f"/userdata/{file}")
    assert answer.status_code >= 400 and KEY not in answer.text


def test_a_key_has_so_many_places(service):
    """16 are the default; the one that runs and 15 that wait."""
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(post(service, "/generate/sd", SLOW))) for _ in range(16)]
    for thread in threads:
        thread.start()
    until(lambda: len(pending(service)) == 15, "full")
    refused = post(service, "/generate/sd", QUICK)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert "16 requests in work" in refused.json()["detail"]
    other_key = post(service, "/generate/sd", {**QUICK, "steps": 0}, {"x-api-key": OTHER_KEY})
    assert other_key.status_code == 422
    service.post("/queue", json={"clear": True})  # as somebody at the canvas might
    service.interrupt()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {503} and len(answers) == 16
    assert post(service, "/generate/sd", QUICK).status_code == 200
