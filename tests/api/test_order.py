"""Each key's requests run in the order they came, however long each takes to be read, and whatever is refused between.

All are sent before any answer is read. Of three requests of a key one takes long to read and one is refused at once.
"""

import http.client
import json
from functools import partial
from typing import Any

from PIL import Image
from rig.gate import held
from rig.server import ComfyServer
from rig.service import KEY, OTHER_KEY, as_base64, square_mask, task_result
from rig.waiting import until

PATH = "/v3/async/inpainting"
REQUESTS = 24
KEYS = (KEY, OTHER_KEY)
KINDS = ("long to read", "refused", "quick")


def key(place: int) -> str:
    return KEYS[place % 2]


def kind(place: int) -> str:
    return KINDS[place // 2 % 3]


def fields(place: int) -> dict[str, Any]:
    """The request that comes at this place, which is its seed."""
    side = 2048 if kind(place) == "long to read" else 64
    return {
        "model_name": "nothing-like-it" if kind(place) == "refused" else "nano-sd15",
        "prompt": "an octopus",
        "image_base64": as_base64(Image.new("L", (side, side), 128)),
        "mask_image_base64": as_base64(square_mask(side)),
        "seed": place,
        "steps": 1,
    }


def sent(server: ComfyServer, place: int) -> http.client.HTTPConnection:
    """A connection on which a request has been sent and its answer has not been read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"Authorization": f"Bearer {key(place)}", "Content-Type": "application/json"}
    connection.request("POST", PATH, json.dumps({"request": fields(place)}), headers)
    return connection


def places(queued: list[list[Any]]) -> list[int]:
    """Which requests the entries of ComfyUI's queue are, in the order in which they run."""
    graphs = [item[2] for item in sorted(queued, key=lambda item: item[0])]
    return [node["inputs"]["seed"] for graph in graphs for node in graph.values() if "seed" in node["inputs"]]


def succeeded(server: ComfyServer, place: int, task_id: str) -> bool:
    state = task_result(server, task_id, {"x-api-key": key(place)})["task"]["status"]
    assert state != "TASK_STATUS_FAILED"
    return state == "TASK_STATUS_SUCCEED"


def test_requests_run_and_end_in_the_order_they_came(service, tmp_path):
    with held([service], tmp_path):
        connections = [sent(service, place) for place in range(REQUESTS)]
        answers = [connection.getresponse() for connection in connections]
        statuses = [answer.status for answer in answers]
        assert statuses == [400 if kind(place) == "refused" else 200 for place in range(REQUESTS)]
        tasks = {place: json.load(answer)["task_id"] for place, answer in enumerate(answers) if answer.status == 200}
        until(lambda: len(service.get("/queue").json()["queue_pending"]) == len(tasks), "queued")
        order = places(service.get("/queue").json()["queue_pending"])
    for one in KEYS:
        assert [place for place in order if key(place) == one] == [place for place in tasks if key(place) == one]
    while left := places((queue := service.get("/queue").json())["queue_running"]) + places(queue["queue_pending"]):
        assert left == order[-len(left) :]
    for place, task_id in tasks.items():
        until(partial(succeeded, service, place, task_id), f"done: {place}")
