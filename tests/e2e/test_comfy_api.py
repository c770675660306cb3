"""Comfy API v2, by its own packages: comfy-sdk through comfy-api-proxy in front of a ComfyUI with this pack."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from afterdetail.batch.__main__ import main
from comfy_sdk import Comfy, InvalidWorkflow, JobFailed, Progress
from PIL import Image
from rig.comfyui import ROOT, comfyui_version, is_older
from rig.gate import Gate, held
from rig.graphs import write_video
from rig.prompts import Graph
from rig.proxy import Proxy
from rig.server import ComfyServer
from rig.service import is_idle
from rig.waiting import until
from rig.workflows import STEMS, changed, shipped, small, where
from safetensors.torch import save_file
from skimage import data

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README.partition("\n### Headless\n")[2].partition("\n### ")[0], re.S)
pytestmark = pytest.mark.skipif(
    is_older(), reason=f"the proxy waits for ever for a job that ComfyUI {comfyui_version()} was told to cancel"
)
FILES = {"LoadImage": "image", "LoadImageMask": "image", "LoadVideo": "file"}
HEAD = data.astronaut()[:256, 64:320]


@pytest.fixture(scope="module")
def proxy(comfy: ComfyServer) -> Iterator[Proxy]:
    with Proxy(comfy.url) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Comfy]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COMFY_BASE_URL", proxy.url)
    monkeypatch.delenv("COMFY_API_KEY", raising=False)
    with Comfy() as made:
        yield made


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(HEAD).save(path)
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    write_video(path)
    return path


def submitted(client: Comfy, graph: Graph, photo: Path, video: Path | None = None) -> Any:
    """The job of a workflow whose files are given as assets."""
    workflow = client.workflows.from_json(graph)
    for key, item in graph.items():
        if name := FILES.get(item["class_type"]):
            workflow.set_input(key, name, client.assets.from_file(video if name == "file" and video else photo))
    return client.submit(workflow)


def ended(job: Any) -> Any:
    """The job at its end; the proxy calls one expired that ends between its looks into the history and the queue."""
    return job.refresh() if job.wait(300).status == "expired" else job


def fresh(stem: str, **inputs: Any) -> Graph:
    """The workflow on tiny models, that ComfyUI has no answer to in its cache."""
    graph = small(stem, image="", mask="", file="")
    for key in [where(graph, item["class_type"], item["_meta"]["title"]) for item in graph.values()]:
        if "filename_prefix" in graph[key]["inputs"]:
            graph[key]["inputs"]["filename_prefix"] += f"-{time.monotonic_ns()}"
    return changed(graph, "AfterDetail", **inputs) if inputs else graph


@pytest.mark.parametrize("stem", STEMS)
def test_a_workflow_gives_its_pictures_and_its_report(client, photo, video, stem):
    graph = fresh(stem)
    job = ended(submitted(client, graph, photo, video)).result()
    saved = [output for output in job.outputs if graph[output.node_id]["class_type"] in ("SaveImage", "SaveVideo")]
    reports = [output for output in job.outputs if graph[output.node_id]["class_type"] == "AfterDetailSaveReport"]
    assert saved and all(output.to_bytes() for output in saved)
    if any(item["class_type"] == "AfterDetailSaveReport" for item in graph.values()):
        (report,) = reports
        assert report.content_type == "application/json"
        assert json.loads(report.to_bytes())["images"][0]["objects"] is not None


def test_events_tell_this_nodes_steps_in_order(client, comfy, photo, tmp_path):
    """The proxy passes on two a second, to who listens by then."""
    graph = fresh("detail-faces-sd15", steps=20)
    node = where(graph, "AfterDetail")
    graph["pace"] = {"class_type": "ProbePace", "inputs": {"model": graph[node]["inputs"]["model"], "seconds": 0.1}}
    graph[node]["inputs"]["model"] = ["pace", 0]
    with held([comfy], tmp_path):
        job = submitted(client, graph, photo)
        stream = job.events()
        next(stream)
    events = [event for event in stream if isinstance(event, Progress) and event.current_node == node]
    told = [event for event in events if (event.steps or 0) > 1]  # any node that has begun is at 0 of 1
    steps = [event.step or 0 for event in told]
    assert {event.steps for event in told} == {20} and steps == sorted(steps) and len(set(steps)) > 2
    assert ended(job).status == "succeeded"


def test_a_job_that_fails_says_why_with_its_node(client, photo):
    graph = fresh("detail-faces-sd15")
    node = where(graph, "AfterDetail")
    graph["text"] = {"class_type": "PrimitiveString", "inputs": {"value": "1,x"}}  # linked: known in the run only
    graph[node]["inputs"]["seeds"] = ["text", 0]
    with pytest.raises(JobFailed) as failed:
        ended(submitted(client, graph, photo)).result()
    error = failed.value.error
    assert error is not None and (error.node_id, error.class_type) == (node, "AfterDetail")
    assert error.message.strip() == "seeds holds 'x': write whole numbers from 0 to 2^64 - 1 and commas."


def test_a_wrong_widget_is_refused_before_the_run(client, photo):
    with pytest.raises(InvalidWorkflow) as refused:
        submitted(client, fresh("detail-faces-sd15", seeds="1,x"), photo)
    assert "seeds holds 'x'" in json.dumps(refused.value.details)


def group(path: Path) -> Path:
    """A picture of four faces."""
    faces = np.concatenate([np.concatenate([HEAD, HEAD[:, ::-1]] * 2, 1), np.full((256, 1024, 3), 128, np.uint8)])
    Image.fromarray(faces).save(path)
    return path


def gated(gate: Gate) -> Graph:
    """Detailing faces one by one, ten steps each."""
    graph = fresh("detail-faces-sd15", steps=10, cfg=1.0, batch_size=1, resolution="off")
    return gate.before(graph, where(graph, "AfterDetail"))


def test_cancel_ends_within_a_step_and_leaves_no_file(client, comfy, photo, tmp_path):
    """During the second object of four: the step that runs is the last one that has begun."""
    before = {path.name for path in (comfy.base / "output").rglob("*")}
    gate = Gate(tmp_path / "calls", passing=15)
    job = submitted(client, gated(gate), group(tmp_path / "group.png"))
    gate.wait()
    job.cancel()
    assert ended(job).status == "canceled" and gate.begun == 16
    assert {path.name for path in (comfy.base / "output").rglob("*")} == before
    assert ended(submitted(client, fresh("detail-faces-sd15"), photo)).status == "succeeded"


def batch(*arguments: object) -> int:
    options = ["--output", "out", "--checkpoint", "nano-sd15.ckpt", "--set", "After Detailer.steps=2"]
    return main([str(argument) for argument in (*arguments, *options)])


@pytest.fixture
def photos(tmp_path: Path, client: Comfy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures of a face, each a little different, in the folder the command is called in."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for i in range(12):
        picture = HEAD.copy()
        picture[:4, :4] = i
        Image.fromarray(picture).save(f"photos/{i}.png")
    return Path("photos")


def test_a_batch_over_two_proxies_loses_nothing_when_one_is_killed(comfy, proxy, photos, capsys, monkeypatch):
    from afterdetail.batch.journal import Journal

    with Proxy(comfy.url) as other:
        done, address = Journal.done, other.url.removeprefix("http://")

        def kill_half_way(*arguments: Any) -> None:
            """With the first result of the other, which has got two more pictures by then."""
            done(*arguments)
            if arguments[-1]["server"] == address:
                other.kill()

        monkeypatch.setattr(Journal, "done", kill_half_way)
        assert batch(photos, "--api", proxy.url, "--api", other.url, "--jobs", 3) == 0
    said = capsys.readouterr().err
    assert "12 detailed" in said and "was lost" in said and "12 found, 12 repaired" in said
    for i in range(12):
        result, source = (np.asarray(Image.open(f"{folder}/{i}.png")) for folder in ("out", "photos"))
        assert (result != source).any() and (result[:4, :4] == source[:4, :4]).all()
        assert json.loads(Path(f"out/{i}.json").read_text())["reports"][0]["images"][0]["num_objects_inpainted"] == 1
    assert batch(photos, "--api", proxy.url) == 0
    assert "0 detailed, 12 skipped" in capsys.readouterr().err


def test_ctrl_c_cancels_what_runs_there(comfy, proxy, tmp_path):
    gate = Gate(tmp_path / "calls", passing=15)
    workflow = tmp_path / "gated.json"
    workflow.write_text(json.dumps(gated(gate)))
    picture, output = group(tmp_path / "group.png"), tmp_path / "out"
    command = [sys.executable, "-m", "afterdetail.batch", picture, "--output", output, "--workflow", workflow]
    process = subprocess.Popen(
        [*map(str, command), "--api", proxy.url],
        env=os.environ | {"PYTHONPATH": str(ROOT / ".pack"), "NO_PROXY": "127.0.0.1"},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    gate.wait()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130 and "goes on from here" in said, said
    until(lambda: is_idle(comfy), "idle")  # the command waits for the end of its jobs, but not for ever
    (job,) = comfy.get("/history?max_items=1").json().values()
    assert job["status"]["messages"][-1][0] == "execution_interrupted" and gate.begun == 16
    assert not list(output.rglob("*.png"))


def test_a_key_is_asked_for_and_taken(comfy, photos, capsys, monkeypatch):
    with Proxy(comfy.url, token="a secret") as guarded:
        assert batch("photos/0.png", "--api", guarded.url) == 1
        assert "asks for a key, and there is none in COMFY_API_KEY" in capsys.readouterr().err
        monkeypatch.setenv("COMFY_API_KEY", "another")
        assert batch("photos/0.png", "--api", guarded.url) == 1
        assert "refuses the key in COMFY_API_KEY" in capsys.readouterr().err
        monkeypatch.setenv("COMFY_API_KEY", "a secret")
        monkeypatch.setenv("COMFY_BASE_URL", guarded.url)
        assert batch("photos/0.png", "--api") == 0
    assert "a secret" not in capsys.readouterr().err + Path("out/batch.jsonl").read_text()


def test_what_cannot_work_is_told_in_a_sentence(proxy, photos, capsys, tmp_path):
    graph = shipped("detail-faces-sd15")
    lonely = {key: item for key, item in graph.items() if item["class_type"] != "AfterDetailSaveReport"}
    strange = changed(graph, "AfterDetailSaveReport")
    strange[where(graph, "AfterDetailRegions")]["class_type"] = "AfterDetailRegions"
    strange["5"]["class_type"] = "NoSuchNode"
    for name, content, said in (
        ("lonely", lonely, "has no Save Report, and API v2 hands out files only"),
        ("strange", strange, "It has no After Detailer: install the pack AfterDetail there"),
        ("wrong", changed(graph, "AfterDetail", seeds="1,x"), "AfterDetail: seeds holds 'x': write whole numbers"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        assert batch("photos/0.png", "--api", proxy.url, "--workflow", tmp_path / f"{name}.json") == 1
        assert said in capsys.readouterr().err, name
    assert batch("photos/0.png", "--api", "http://127.0.0.1:1", "--patience", 0.1) == 1
    assert "there is no connection" in capsys.readouterr().err


def test_without_a_key_comfy_cloud_is_not_asked(photos, capsys, monkeypatch):
    monkeypatch.delenv("COMFY_BASE_URL")
    assert batch("photos/0.png", "--api") == 1
    assert "cloud.comfy.org needs a key. Put it into the environment variable COMFY_API_KEY." in capsys.readouterr().err


@pytest.fixture(scope="module")
def checkpoint(comfy: ComfyServer, models: Path) -> None:
    """What the workflow calls its checkpoint, with a tiny model in it."""
    state = torch.load(models / "checkpoints" / "nano-sd15.ckpt", weights_only=True)
    state = state.get("state_dict", state)
    path = comfy.base / "models" / "checkpoints" / shipped("detail-faces-sd15")["2"]["inputs"]["ckpt_name"]
    path.unlink(missing_ok=True)  # of other tests, who may have it loaded
    save_file({key: value.contiguous().clone() for key, value in state.items()}, path)


@pytest.mark.parametrize("block", BLOCKS, ids=["sdk", "prompt"])  # fails to be collected when one is missing
def test_readme_is_right(block, comfy, proxy, client, checkpoint, photo, tmp_path):
    (tmp_path / "AfterDetail").symlink_to(ROOT, target_is_directory=True)
    (tmp_path / "photo.png").write_bytes(photo.read_bytes())
    environment = os.environ | {"COMFY_BASE_URL": proxy.url, "COMFYUI": comfy.url}
    ran = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    assert "of 20" in ran.stdout or ran.stdout == "[1] [1]\n"
    (report,) = tmp_path.glob("*.json")
    (picture,) = (path for path in tmp_path.glob("*.png") if path.name != "photo.png")
    assert json.loads(report.read_text(encoding="utf-8"))["images"][0]["num_objects_inpainted"] == 1
    assert (np.asarray(Image.open(picture)) != HEAD).any()
