"""The batch command on three real servers: what is stopped, killed or broken in the middle loses nothing."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from afterdetail.batch.server import Outcome, Server
from afterdetail.batch.workflow import DEFAULT, read
from PIL import Image
from rig.comfyui import ROOT
from rig.gate import held
from rig.process import unshared_port
from rig.server import PROBE_NODES, ComfyServer
from rig.waiting import until
from skimage import data

PICTURES = 14
SOURCES = PICTURES + 1
FACE, BELOW = np.s_[40:110, 60:140], np.s_[215:]
SECONDS = 180.0


@pytest.fixture(scope="module")
def servers(comfy: ComfyServer, models: Path) -> Iterator[list[ComfyServer]]:
    """Two servers, the first of which a test may kill, and the shared one."""
    with ThreadPoolExecutor() as pool:  # until the end, because a server dies with the thread that started it
        more = [ComfyServer(models, nano=True, custom_nodes=PROBE_NODES) for _ in range(2)]
        try:
            list(pool.map(ComfyServer.start, more))
            yield [*more, comfy]
        finally:
            list(pool.map(ComfyServer.close, more))


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """Where Ray keeps its sockets, whose names may not be long, and its key."""
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def cluster(ray_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a Ray cluster whose one machine does not have this pack, and the process it runs under."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # its ports are open to the network
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    port = unshared_port()
    options = [
        *("--head", "--block", f"--port={port}", "--num-cpus=1", "--include-dashboard=false"),
        *(f"--object-store-memory={100 * 2**20}", f"--temp-dir={ray_folder}"),
    ]
    head = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", *options],
        cwd=ray_folder,
        env=os.environ | {"HOME": str(ray_folder), "RAY_TMPDIR": str(ray_folder), "RAY_USAGE_STATS_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = []
        for line in head.stdout or ():
            said.append(line)
            if "Ray runtime started" in line:
                break
        else:
            pytest.fail("".join(said))
        yield f"127.0.0.1:{port}", head
    finally:
        head.terminate()  # it ends all that it has started
        head.communicate(timeout=SECONDS)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of one face, each a little different, in two folders, and two files that are no pictures."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for i in range(PICTURES):
        save(i, folder / ("more" if i % 2 else "") / f"face {i}.png")
    (folder / "broken.png").write_text("no picture at all")
    whole = (folder / "face 0.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    return folder


def save(i: int, path: Path | BytesIO) -> None:
    picture = data.astronaut()[36:292, 100:356].copy()
    picture[:4, :4] = i
    Image.fromarray(picture).save(path, "PNG")


@pytest.fixture(scope="module")
def face() -> bytes:
    buffer = BytesIO()
    save(0, buffer)
    return buffer.getvalue()


def heed_interrupts() -> None:
    """What a script starts with & ignores Ctrl-C, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """`python -m afterdetail.batch`, in a session of its own as if in a terminal."""

    def __init__(self, ray_folder: Path, *arguments: object):
        environment = {"PYTHONPATH": str(ROOT / ".pack"), "HOME": str(ray_folder), "RAY_TMPDIR": str(ray_folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "afterdetail.batch", *map(str, arguments)],
            env=os.environ | environment | {"NO_PROXY": "127.0.0.1"},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,
        )

    def end(self) -> tuple[int, str]:
        """Exit code, and what was said."""
        said = self.process.communicate(timeout=SECONDS)[1]
        return self.process.returncode, said


def whole(output: Path) -> int:
    """How many results are there, the one included whose line in the journal the end of a run may have cut off."""
    return len(list(output.rglob("*.json")))  # written after the picture


def done(output: Path) -> list[dict[str, Any]]:
    """The journal's lines about results."""
    path = output / "batch.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []
    return [entry for entry in map(json.loads, lines) if entry.get("file") and entry.get("whole", True)]


def workers_of(ray_folder: Path) -> list[psutil.Process]:
    """The processes in which Ray runs a server's client."""
    return [
        process
        for process in psutil.process_iter(["name", "cmdline", "environ"])
        if "ray::Server" in " ".join(process.info["cmdline"] or [process.info["name"]])
        and (process.info["environ"] or {}).get("RAY_TMPDIR") == str(ray_folder)
    ]


def assert_detailed(source: Path, result: Path, place: str = "") -> None:
    """The face was repaired, nothing else was touched, and the report beside it says so."""
    before, after = np.asarray(Image.open(source)), np.asarray(Image.open(result))
    assert (before[FACE] != after[FACE]).any()
    assert (before[BELOW] == after[BELOW]).all() and (before[:4, :4] == after[:4, :4]).all()
    about = json.loads(result.with_suffix(".json").read_text(encoding="utf-8"))
    assert about["source"] == (place or str(source))
    assert [image["num_objects_inpainted"] for image in about["reports"][0]["images"]] == [1]


def test_nothing_is_lost_and_nothing_is_done_twice(servers, photos, tmp_path, ray_folder):
    output = tmp_path / "detailed"
    save(100, tmp_path / "remote.png")
    remote = f"{servers[-1].url}/view?type=input&filename={servers[-1].upload(tmp_path / 'remote.png', 'remote.png')}"
    (tmp_path / "urls.txt").write_text(f"# one\n{remote}\n")
    arguments = [
        *(photos, "--urls", tmp_path / "urls.txt", "--output", output),
        *("--checkpoint", "nano-sd15.ckpt", "--set", "After Detailer.steps=2"),
    ]
    reach = [option for server in servers for option in ("--server", server.url)]
    victim, others = servers[0], servers[1:]

    # Ctrl-C after the first results
    with held(others, tmp_path):  # so that there is something left to do
        command = Command(ray_folder, *arguments, *reach)
        until(lambda: len(done(output)) >= 3, "a third result")
        os.killpg(command.process.pid, signal.SIGINT)
        code, said = command.end()
    assert code == 130 and "goes on from here" in said, said
    first = whole(output)
    assert 3 <= first < SOURCES

    # of what is done, one file is changed and one is moved
    changed, moved = [output / entry["file"] for entry in done(output) if "face" in entry["file"]][:2]
    old = changed.read_bytes()
    save(200, photos / changed.relative_to(output))
    shutil.move(photos / moved.relative_to(output), photos / "moved.png")

    # a server is killed while it works
    with held(others, tmp_path):  # so that it gets most of the pictures
        command = Command(ray_folder, *arguments, *reach)
        until(lambda: victim.get("/queue").json()["queue_running"], "at work")
        victim.kill()
    code, said = command.end()
    assert code == 1, said
    assert f"{SOURCES - first + 1} detailed, {first - 2} skipped, 1 copied, 2 failed" in said, said
    assert "broken.png: The file is no picture" in said and "truncated.png: The file is truncated" in said
    assert f"{victim.address} was lost" in said

    for source in photos.rglob("*face*.png"):
        assert_detailed(source, output / source.relative_to(photos))
    (from_url,) = output.glob("view-*.png")
    assert_detailed(tmp_path / "remote.png", from_url, remote)
    assert changed.read_bytes() != old
    assert (output / "moved.png").read_bytes() == moved.read_bytes()
    names = [entry["name"] for entry in done(output)]
    assert len(names) == SOURCES + 2 and len(set(names)) == SOURCES + 1  # the changed one twice, the copy besides
    assert len(list(output.rglob("*.png"))) == SOURCES + 1 and not list(output.rglob(".*.partial"))

    # all is done: no server is asked
    for name in ("broken.png", "truncated.png"):
        (photos / name).unlink()
    code, said = Command(ray_folder, *arguments, "--server", victim.url).end()
    assert code == 0 and f"0 detailed, {SOURCES} skipped" in said, said


def test_ray_on_this_machine_does_the_work(comfy, photos, tmp_path, ray_folder):
    source, output = photos / "face 0.png", tmp_path / "detailed"
    arguments = ["--output", output, "--checkpoint", "nano-sd15.ckpt", "--set", "After Detailer.steps=2"]
    code, said = Command(ray_folder, source, *arguments, "--server", comfy.url, "--ray", "local").end()
    assert code == 0 and "1 detailed" in said, said
    assert_detailed(source, output / source.name)


def test_a_cluster_does_the_work_survives_its_worker_and_is_left_running(comfy, photos, tmp_path, ray_folder, cluster):
    address, head = cluster
    sources, output = sorted(photos.glob("face*.png"))[:3], tmp_path / "detailed"
    arguments = ["--output", output, "--checkpoint", "nano-sd15.ckpt", "--set", "After Detailer.steps=2"]
    with held([comfy], tmp_path):  # so that the work waits for both workers
        command = Command(ray_folder, *sources, *arguments, "--server", comfy.url, "--ray", address)
        until(lambda: comfy.get("/queue").json()["queue_pending"], "queued")
        (first,) = workers_of(ray_folder)
        assert head.pid in [process.pid for process in first.parents()]
        first.kill()
        (worker,) = until(
            lambda: [process for process in workers_of(ray_folder) if process.pid != first.pid], "another worker"
        )
    code, said = command.end()
    assert code == 0 and "3 detailed" in said, said
    for source in sources:
        assert_detailed(source, output / source.name)
    until(lambda: not worker.is_running(), "the end of the worker")
    assert head.poll() is None


def outcome(comfy: ComfyServer, picture: bytes, *settings: str, seconds: float = SECONDS, **named: str) -> Outcome:
    """Of one picture at one server."""
    work = read(DEFAULT, ["5.steps=1", *settings], **{"checkpoint": "nano-sd15.ckpt", **named})
    server = Server(comfy.url, work, seconds, 1)
    checked = server.check()
    return server.detail(picture) if checked.kind == "ready" else checked


@pytest.mark.parametrize(
    ("settings", "named", "kind", "said"),
    [
        ((), {}, "done", ""),
        ((), {"checkpoint": "no-such.ckpt"}, "refused", "'no-such.ckpt' not in"),
        (("5.nonsense=1",), {}, "refused", "has no input 'nonsense' on AfterDetail"),
        ((), {"result": "After Detailer"}, "refused", "has no outputs"),
        ((), {"result": "What was found"}, "done", ""),
    ],
)
def test_what_a_server_makes_of_a_workflow(comfy, face, settings, named, kind, said):
    got = outcome(comfy, face, *settings, **named)
    assert got.kind == kind and said in got.reason and comfy.address in (got.reason or comfy.address)
    assert len(got.reports) == (kind == "done")


def test_more_than_one_result_is_a_failure(comfy, face):
    work = read(DEFAULT)
    work.graph["twice"] = {"class_type": "RepeatImageBatch", "inputs": {"image": ["1", 0], "amount": 2}}
    work.graph["6"]["inputs"]["images"] = ["twice", 0]
    got = Server(comfy.url, work, SECONDS, 1).detail(face)
    assert got.kind == "failed" and "2 pictures instead of one" in got.reason


def test_a_file_that_comfyui_cannot_read_is_the_picture_s_fault(comfy):
    got = outcome(comfy, b"garbage")
    assert got.kind == "failed" and got.reason.startswith("LoadImage: ")


def test_a_picture_that_takes_too_long_is_ended(comfy, face):
    got = outcome(comfy, face, "5.steps=2000", seconds=0.01)
    assert got.kind == "failed" and "--timeout" in got.reason
    until(lambda: not comfy.get("/queue").json()["queue_running"], "ended")


def test_a_job_that_is_cancelled_is_lost_to_this_server_only(comfy, face):
    server = Server(comfy.url, read(DEFAULT, ["5.steps=2000"], "nano-sd15.ckpt"), SECONDS, 1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(server.detail, face)
        until(lambda: comfy.get("/queue").json()["queue_running"], "running")
        until(lambda: server.cancel() or waiting.done(), "cancelled")
    assert waiting.result().kind == "lost" and "cancelled" in waiting.result().reason


def test_the_same_picture_is_saved_anew_each_time(comfy, face):
    """ComfyUI would answer with the file it saved before, which may be gone."""
    first = outcome(comfy, face)
    for file in (comfy.base / "output").rglob("*.png"):
        file.unlink()
    assert first.kind == outcome(comfy, face).kind == "done"


def test_who_does_not_answer_is_unreachable_and_passwords_are_not_told(face):
    server = Server("http://me:secret@127.0.0.1:1", read(DEFAULT), SECONDS, 1)
    for got in (server.check(), server.detail(face)):
        assert got.kind == "unreachable" and "there is no connection" in got.reason
        assert "127.0.0.1:1 " in got.reason and "secret" not in got.reason
