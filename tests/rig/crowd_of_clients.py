"""Many clients at once, each with its own share of requests in mixed sizes, some of them broken."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil
import requests

from .server import ComfyServer
from .service import as_base64, photo

DETAIL = {"detector": "face_full_mediapipe", "inpainting_base_model": "sd15", "steps": 2}
BROKEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/generate/sd", {"prompt": "an octopus", "steps": 0}),
    ("/adetailer", {**DETAIL, "init_image": "bm90IGFuIGltYWdl"}),
    ("/generate/sd", {"prompt": "an octopus", "checkpoint": "nothing-like-it"}),
    ("/v1/face-detailer", {"prompt": "", "denoise": 2}),
)
EXPECTED_WHEN_BROKEN = (400, 422)
BROKEN_EVERY = 10


def requests_of(count: int) -> list[tuple[str, dict[str, Any], bool]]:
    """`count` requests: route, body, whether it is broken. The same every time."""
    small, large = as_base64(photo(512), "JPEG"), as_base64(photo(640), "JPEG")
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("/generate/sd", {"prompt": "an octopus", "steps": 2}),
        ("/adetailer", {**DETAIL, "init_image": small}),
        ("/generate/sd", {"prompt": "a face", "steps": 2, "width": 640, "height": 512}),
        ("/generate/sd", {"prompt": "a face", "steps": 2, "init_image": small, "num_images": 2}),
        ("/adetailer", {**DETAIL, "init_image": large, "max_num_detections": 1}),
    ]
    wanted = []
    for place in range(count):
        if place % BROKEN_EVERY == BROKEN_EVERY - 1:
            wanted.append((*BROKEN[place // BROKEN_EVERY % len(BROKEN)], True))
        else:
            wanted.append((*kinds[place % len(kinds)], False))
    return wanted


@dataclass
class Seen:
    """What happened, request by request as they were answered."""

    statuses: Counter[tuple[int, bool]] = field(default_factory=Counter)
    """How often each status came, and whether the request was broken."""
    memory: list[int] = field(default_factory=list)
    """Bytes of the server after each answer."""
    queue_seconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def growth(self, share: float = 0.2) -> float:
        """The last requests' median memory over that of the first ones, without the very first, which load models."""
        count = max(int(len(self.memory) * share), 1)
        first = sorted(self.memory[count // 2 : count + count // 2])
        last = sorted(self.memory[-count:])
        return last[len(last) // 2] / first[len(first) // 2]


def storm(server: ComfyServer, keys: list[str], clients: int, count: int) -> Seen:
    """Send `count` requests by `clients` at once, the keys shared among them, and look at the queue all the while."""
    seen, lock, wanted = Seen(), threading.Lock(), requests_of(count)
    process, ended = psutil.Process(server.process.pid), threading.Event()

    def work(index: int) -> None:
        headers = {"Authorization": f"Bearer {keys[index % len(keys)]}"}
        with requests.Session() as session:
            session.trust_env = False
            while True:
                with lock:
                    if not wanted:
                        return
                    path, body, broken = wanted.pop(0)
                answer = session.post(server.url + path, json=body, headers=headers, timeout=900)
                with lock:
                    seen.statuses[answer.status_code, broken] += 1
                    seen.memory.append(process.memory_info().rss)

    def look() -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not ended.wait(0.2):
                start = time.perf_counter()
                session.get(f"{server.url}/queue", timeout=60).raise_for_status()
                seen.queue_seconds.append(time.perf_counter() - start)

    start = time.perf_counter()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(clients)]
    looker = threading.Thread(target=look)
    for thread in (*threads, looker):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    looker.join()
    seen.seconds = time.perf_counter() - start
    return seen
