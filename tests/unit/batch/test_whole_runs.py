"""The command as it is called, against stand-ins for servers; tests/e2e/test_batch.py has real ones."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import venv
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
import tqdm
from afterdetail.batch import run
from afterdetail.batch.__main__ import main
from PIL import Image
from rig.comfyui import ROOT
from rig.fake_comfyui import FakeComfyUI

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / ".pack"), "NO_PROXY": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"}
KILLS, KILLED_FILES = (int(text) for text in os.environ.get("BATCH_KILLS", "12 72").split())
"""`BATCH_KILLS="50 300"` is the whole of it, in about a minute."""


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(run, "FIRST_BACK_OFF_SECONDS", 0.01)
    monkeypatch.chdir(tmp_path)


def photos(count: int, folder: str = "photos") -> Path:
    for i in range(count):
        path = Path(folder, "more" if i % 3 == 0 else "", f"{i}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (i, i // 256, 0)).save(path)
    return Path(folder)


def done(output: Path = Path("out")) -> list[str]:
    """The names the journal calls done, as often as it does."""
    entries = [json.loads(line) for line in (output / "batch.jsonl").read_text().splitlines()]
    return [entry["name"] for entry in entries if entry.get("file") and entry.get("whole", True)]


def command(*arguments: object, python: str = sys.executable) -> list[str]:
    return [python, "-m", "afterdetail.batch", *map(str, arguments)]


def test_nothing_but_tqdm_is_needed_for_three_servers(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python")
    probe = "import site; print(site.getsitepackages()[0])"
    packages = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True).stdout.strip()
    (Path(packages) / "tqdm").symlink_to(Path(tqdm.__file__).parent, target_is_directory=True)
    photos(9)
    with ExitStack() as stack:
        servers = [stack.enter_context(FakeComfyUI()) for _ in range(3)]
        for server in servers:
            server.ending = 0  # or two of them might do it all
        reach = [word for server in servers for word in ("--server", server.url)]
        process = subprocess.Popen(
            command("photos", "--output", "out", *reach, python=python),
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: all(server.jobs for server in servers))
        for server in servers:
            server.ending = None
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 0 and "9 detailed." in said and "pip install pillow" in said, said
    assert len(done()) == 9


def test_a_server_that_answers_500_for_ever_ends_the_run(capsys):
    photos(8)
    for failing in ("prompt", "upload", "view", "api"):
        with FakeComfyUI(failing=(failing,)) as broken:
            started = time.monotonic()
            assert main(["photos", "--output", "out", "--server", broken.url]) == 1
        said = capsys.readouterr().err
        assert "out of order: it answered with the status 500" in said and "5 different pictures in a row" in said
        assert "No server is left" in said and "8 left" in said and time.monotonic() - started < 120
    with FakeComfyUI(failing=("prompt",)) as broken, FakeComfyUI() as whole:
        assert main(["photos", "--output", "out", "--server", broken.url, "--server", whole.url]) == 0


def test_one_picture_at_a_broken_server_fails_with_its_reason(capsys):
    photos(1)
    with FakeComfyUI(failing=("prompt",)) as broken:
        assert main(["photos", "--output", "out", "--server", broken.url]) == 1
    assert "given up after 5 tries" in capsys.readouterr().err
    assert "status 500" in json.loads(Path("out/batch.jsonl").read_text())["failed"]


def test_what_is_no_comfyui_is_told(capsys):
    photos(1)
    with FakeComfyUI() as server:
        assert main(["photos", "--output", "out", "--server", f"{server.url}/elsewhere"]) == 1
    assert "does not answer as ComfyUI does" in capsys.readouterr().err


def test_ctrl_c_ends_what_runs_on_the_servers():
    photos(6)
    with FakeComfyUI(seconds=60) as server:
        process = subprocess.Popen(
            command("photos", "--output", "out", "--server", server.url),
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        until(lambda: len(server.jobs) == 2)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)[1]
        assert process.returncode == 130 and "goes on from here" in said
        assert set(server.jobs) <= server.cancelled


def until(condition) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def wait_for_a_result(before: int, chance: random.Random) -> None:
    """Until a few hundredths of a second after the next result, or, one time in three, a moment after the start."""
    if chance.random() < 1 / 3:
        time.sleep(chance.uniform(0.05, 0.5))
        return
    until(lambda: results() != before)
    time.sleep(chance.uniform(0, 0.04))


def results() -> int:
    return sum(1 for _ in Path("out").rglob("*.png")) if Path("out").is_dir() else 0


def test_killed_at_any_moment_every_file_is_done_once_and_whole():
    """SIGKILL: no handler, no `finally`, nothing that is still to be written."""
    folder, chance = photos(KILLED_FILES), random.Random(0)
    with FakeComfyUI() as one, FakeComfyUI() as other:
        arguments = command(folder, "--output", "out", "--server", one.url, "--server", other.url)
        for _ in range(KILLS):
            for server in (one, other):  # so that files are left for each kill
                server.ending = len(server.jobs) + 3
            before = results()
            process = subprocess.Popen(arguments, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
            wait_for_a_result(before, chance)
            assert process.poll() is None
            process.kill()
            process.wait()
        one.ending = other.ending = None
        ended = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        asked = len(one.jobs) + len(other.jobs)
    assert set(Counter(done()).values()) == {1} and len(done()) == KILLED_FILES
    assert asked < KILLED_FILES + 8 * KILLS  # what was under way when it was killed, and no more
    for source in folder.rglob("*.png"):
        result = Path("out") / source.relative_to(folder)
        with Image.open(result) as picture, Image.open(source) as original:
            assert picture.convert("RGB").getpixel((0, 0)) == original.getpixel((0, 0))
        assert json.loads(result.with_suffix(".json").read_text())["source"] == str(source.resolve())
    others = {path.name for path in Path("out").rglob("*") if path.is_file() and path.suffix not in (".png", ".json")}
    assert others == {"batch.jsonl", "batch.lock"}


def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(capsys):
    photos(3)
    Path("photos/broken.png").write_bytes(b"no picture")
    with FakeComfyUI() as server:
        assert main(["photos", "--output", "out", "--server", server.url, "--dry-run"]) == 1
        said = capsys.readouterr().err
        assert f"{Path('photos/1.png').resolve()} would be sent: out/1.png" in said
        assert "broken.png would fail: The file is no picture" in said
        assert "3 would be sent" in said and "Nothing was sent or written." in said
        assert not server.requests and not Path("out").exists()
        Path("photos/broken.png").unlink()
        assert main(["photos", "--output", "out", "--server", server.url]) == 0
        before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
        Path("photos/0 copy.png").write_bytes(Path("photos/1.png").read_bytes())
        assert main(["photos", "--output", "out", "--server", server.url, "--dry-run"]) == 0
    assert "\n3 would be skipped as done, 1 would be copied. Nothing was" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == before


def test_the_end_tells_servers_objects_and_failures(capsys):
    photos(3)
    Path("photos/<b>.png").write_bytes(b"no picture")
    started = time.monotonic()
    with FakeComfyUI() as server:
        assert main(["photos", "--output", "out", "--server", server.url]) == 1
    said = capsys.readouterr().err
    assert "3 detailed, 1 failed. The results are in out." in said
    (each,) = re.findall(r"       3, (\d+\.\d) s each\n", said)
    assert float(each) <= time.monotonic() - started
    assert "3 found, 3 repaired" in said and "failed: " in said


def test_the_page_shows_each_picture_and_is_one_safe_file(capsys):
    photos(3)
    Path("photos/<script>.png").write_bytes(b"no picture")
    arguments = ["photos", "--output", "out", "--report", "seen.html", "--server"]
    with FakeComfyUI() as server:
        main([*arguments, server.url])
        page = Path("seen.html").read_text()
        assert main([*arguments, server.url]) == 1 and Path("seen.html").read_text().count("<article>") == 4
        Path("seen.html").write_text("mine")
        assert main([*arguments, server.url]) == 1
    assert "is no page of this command" in capsys.readouterr().err and Path("seen.html").read_text() == "mine"
    assert page.count("<article>") == 4 and page.count('loading="lazy"') == 6 == page.count("src=")
    assert page.count('src="data:image/jpeg;base64,') == 6
    assert "<script" not in page and "&lt;script&gt;.png" in page and "&lt;b&gt;face&lt;/b&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_shows_what_was_downloaded_too():
    photos(1)
    with FakeComfyUI() as server:
        server.uploads["hosted"], server.jobs["hosted"] = Path("photos/more/0.png").read_bytes(), (0, "hosted")
        url = f"{server.url}/view?filename=hosted.png"
        assert main([url, "--output", "out", "--server", server.url, "--report", "seen.html"]) == 0
    assert Path("seen.html").read_text().count('src="data:image/jpeg;base64,') == 2


def test_a_result_that_is_no_picture_fails_with_a_sentence(capsys, monkeypatch):
    photos(1)
    monkeypatch.setattr(FakeComfyUI, "result", lambda *_: b"<html>")
    with FakeComfyUI() as server:
        assert main(["photos", "--output", "out", "--server", server.url]) == 1
    assert "The result is no picture of a known format" in capsys.readouterr().err
    assert not list(Path("out").glob("*.png"))


def test_a_server_behind_a_login_is_asked_with_it(capsys):
    photos(1)
    with FakeComfyUI() as server:
        address = server.url.replace("http://", "http://me:se%40cret@")
        assert main(["photos", "--output", "out", "--server", address]) == 0
        assert server.logins == {"Basic bWU6c2VAY3JldA=="}  # me:se@cret
    assert "cret" not in Path("out/batch.jsonl").read_text() + capsys.readouterr().err
