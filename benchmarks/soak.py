"""`make soak`: ten minutes of mixed requests while everything goes wrong; the figures go into api/README.md.

Clients hang up at every stage, files are damaged, disks fill up and are free again, ComfyUI is killed and
started, and somebody at the canvas interrupts, frees memory and clears the queue. Pictures of one colour each tell
whether an answer is that of its own request.
"""

from __future__ import annotations

import base64
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import requests
from PIL import Image
from run import HERE, write

CLIENTS, REQUESTS = 6, 3000
"""Ten minutes on two quiet cores."""
KILLED_AT = (40, 80)
"""By the number of answers; memory is compared after the last."""
COMPARED = (slice(90, 110), slice(-20, None))
README = HERE.parent / "api" / "README.md"
DISK_MB = 48
MEDDLING = (("/interrupt", {}), ("/free", {"free_memory": True}), ("/queue", {"clear": True}))

Ask = tuple[str, dict[str, Any], Callable[[requests.Response], bool]]


@dataclass
class Seen:
    """What came of it. `memory` is the server's after each answer."""

    outcomes: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)
    swapped: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Soak:
    def __init__(self, server: Any, keys: tuple[str, ...]):
        self.server, self.keys, self.seen = server, keys, Seen()
        self.places = iter(range(REQUESTS))
        self.running = threading.Event()
        self.running.set()
        """Cleared while the server is killed and started."""
        self.killing = threading.Event()

    def work(self) -> None:
        """One client: asks, and hangs up now and then, until all requests are sent."""
        from rig.server import ServerFailed

        while True:
            with self.seen.lock:
                place = next(self.places, None)
            if place is None:
                return
            self.running.wait()
            if place in KILLED_AT:
                self.kill()
            with suppress(requests.ConnectionError, ConnectionError, ServerFailed, psutil.NoSuchProcess):
                self.one(place)
                continue
            self.seen.outcomes["cut off by the kill"] += 1

    def one(self, place: int) -> None:
        from rig.service import half_sent

        dice = random.Random(place)
        path, body, is_own = asked(place, dice)
        key = self.keys[place % len(self.keys)]
        if dice.random() < 0.2:
            with half_sent(self.server, path, body, dice.choice([1.0, dice.random()]), key):
                time.sleep(dice.uniform(0, 3))
            outcome = "hung up"
        else:
            answer = requests.post(self.server.url + path, json=body, headers={"x-api-key": key}, timeout=300)
            outcome = str(answer.status_code)
            if answer.ok and path.startswith("/v3"):
                answer, outcome = self.task(answer.json()["task_id"], key)
            if answer.ok and outcome == "200" and not is_own(answer):
                self.seen.swapped.append(f"{place} {path}")
        with self.seen.lock:
            self.seen.outcomes[outcome] += 1
            self.seen.memory.append(psutil.Process(self.server.process.pid).memory_info().rss)

    def task(self, task_id: str, key: str) -> tuple[requests.Response, str]:
        """The picture of a task and "200", or how it ended."""
        deadline, found = time.monotonic() + 300, requests.Response()
        while time.monotonic() < deadline:
            self.running.wait()
            with suppress(requests.ConnectionError):
                url = f"{self.server.url}/v3/async/task-result"
                found = requests.get(url, params={"task_id": task_id}, headers={"x-api-key": key}, timeout=60)
                state = found.json()["task"]["status"]
                if state == "TASK_STATUS_SUCCEED":
                    return requests.get(found.json()["images"][0]["image_url"], timeout=60), "200"
                if state == "TASK_STATUS_FAILED":
                    return found, "task failed with a reason"
            time.sleep(0.1)
        return found, "task never ended"

    def kill(self) -> None:
        """Have `look_after` do it: ComfyUI ends with the thread that has started it."""
        self.running.clear()
        self.killing.set()
        self.running.wait()

    def look_after(self, workers: list[threading.Thread]) -> None:
        """Until all clients are done."""
        while any(thread.is_alive() for thread in workers):
            if self.killing.wait(0.2):
                self.killing.clear()
                self.server.kill()
                self.server.start()
                self.running.set()

    def meddle(self, ended: threading.Event, disk: Path | None) -> None:
        """What somebody at the canvas does meanwhile, and a disk that fills up and is free again."""
        dice = random.Random(1)
        while not ended.wait(dice.uniform(2, 6)):
            self.running.wait()
            with suppress(requests.RequestException):
                path, body = dice.choice(MEDDLING)
                requests.post(self.server.url + path, json=body, timeout=60)
            if disk is not None and dice.random() < 0.3:
                with filled(disk):
                    ended.wait(3)


def asked(place: int, dice: random.Random) -> Ask:
    """The request at a place, and whether an answer is its own."""
    from rig.service import as_base64, square_mask

    colour = (place % 256, place * 7 % 256, place * 31 % 256)
    image = as_base64(Image.new("RGB", (512, 512), colour))
    kind = dice.choice(["detail", "face", "inpaint", "generate", "broken model", "broken request"])
    if kind == "detail":
        body = {"init_image": image, "detector": "face_full_mediapipe", "inpainting_base_model": "sd15"}
        return "/adetailer", {**body, "image_encoding": "png"}, lambda answer: colour_in(answer, "image_b64") == colour
    if kind == "face":
        body = {"image": image, "prompt": "", "denoise": 0.4, "num_inference_steps": 15, "image_format": "png"}
        return "/v1/face-detailer", body, lambda answer: colour_in(answer, "image") == colour
    if kind == "inpaint":
        fields = {"model_name": "nano-sd15", "prompt": "", "image_base64": image, "steps": 2}
        fields["mask_image_base64"] = as_base64(square_mask())
        body = {"request": fields, "extra": {"response_image_type": "png"}}
        return "/v3/async/inpainting", body, lambda answer: colour_of(answer.content) == colour
    changes = {"broken model": {"loras": {"broken": 1.0}}, "broken request": {"steps": 0}, "generate": {}}[kind]
    body = {"prompt": "an octopus", "steps": 2, "seed": place + 1, **changes}
    return "/generate/sd", body, lambda answer: answer.json()["images"][0]["seed"] == place + 1


def colour_in(answer: requests.Response, name: str) -> tuple[int, ...]:
    return colour_of(base64.b64decode(answer.json()[name]))


def colour_of(content: bytes) -> tuple[int, ...]:
    """Of the corner, which no mask covers."""
    found = Image.open(BytesIO(content)).convert("RGB").getpixel((2, 2))
    assert isinstance(found, tuple)
    return tuple(map(int, found))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of its own for a folder; None where that needs more rights."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder]
    if sys.platform != "linux" or subprocess.run(command, check=False, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**16))
    try:
        yield
    finally:
        filler.unlink()


def soaked() -> tuple[Seen, dict[str, object]]:
    from rig import checkpoints
    from rig.make import MODELS_CACHE
    from rig.service import SETTINGS, is_idle, left_files, serving
    from rig.waiting import until

    checkpoints.ensure_all(["nano-sd15"], MODELS_CACHE / "checkpoints")
    server = serving(Path(MODELS_CACHE))
    (server.base / "models" / "loras").mkdir(exist_ok=True)
    (server.base / "models" / "loras" / "broken.safetensors").write_bytes(b"no tensors here" * 100)
    tasks = server.base / "user" / "__afterdetail" / "tasks"
    with ExitStack() as stack:
        stack.enter_context(server)
        disk = stack.enter_context(small_disk(tasks))
        soak, ended = Soak(server, tuple(SETTINGS["api_keys"])), threading.Event()
        meddler = threading.Thread(target=soak.meddle, args=(ended, disk))
        workers = [threading.Thread(target=soak.work) for _ in range(CLIENTS)]
        start = time.monotonic()
        for thread in (meddler, *workers):
            thread.start()
        soak.look_after(workers)
        ended.set()
        meddler.join()
        minutes = (time.monotonic() - start) / 60
        until(lambda: is_idle(server), "idle", 120)
        until(lambda: not left_files(server), "clean", 60)
        last = requests.post(
            f"{server.url}/generate/sd",
            json={"prompt": "x", "steps": 1},
            headers={"x-api-key": SETTINGS["api_keys"][0]},
            timeout=120,
        )
        partial = [path for path in tasks.rglob("*") if path.name.endswith(".partial")]
        facts = {
            "minutes": minutes,
            "disk": disk is not None,
            "left": len(left_files(server)) + len(partial),
            "history": len(server.get("/history").json()),
            "next": last.status_code,
        }
    return soak.seen, facts


def main() -> None:
    seen, facts = soaked()
    first, last = (median(seen.memory[part]) / 2**20 for part in COMPARED)
    disk = "disk full 3 s at a time, " if facts["disk"] else ""
    rows = [
        f"{REQUESTS} requests by {CLIENTS} clients in {facts['minutes']:.1f} minutes; {disk}killed and started "
        f"{len(KILLED_AT)} times.",
        "",
        "| what | measured |",
        "|---|---|",
        *(f"| ended as: {outcome} | {count} |" for outcome, count in sorted(seen.outcomes.items())),
        f"| answers that were another request's | {len(seen.swapped)} |",
        f"| files left in input, temp, output; half-written tasks | {facts['left']} |",
        f"| entries left in the history | {facts['history']} |",
        f"| memory around request 100, and around the last | {first:.0f} MB, {last:.0f} MB |",
        f"| the next request | {facts['next']} |",
    ]
    write("soak", "\n".join(rows), README)
    print("\n".join(rows))
    lost = seen.swapped or facts["left"] or facts["history"] or seen.outcomes["task never ended"]
    if lost or facts["next"] != 200 or last > 1.1 * first:
        sys.exit(f"The service did not hold: {seen.swapped or rows}")


if __name__ == "__main__":
    main()
