"""Tasks on disk: whose they are, what a restart makes of them, and their links."""

import asyncio
import os
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from afterdetail.api.errors import Refused
from afterdetail.api.tasks import RESTARTED, Task, TaskStore


def stored(folder) -> tuple[TaskStore, Task]:
    store = TaskStore(folder, hours=1)
    task = Task("client", seed=7, image_type="png")
    asyncio.run(store.create(task))
    return store, task


def linked(store: TaskStore, task: Task, place: int = 0) -> dict[str, str]:
    query = {name: values[0] for name, values in parse_qs(store.link(task, place)).items()}
    return {"task_id": query["task_id"], "place": query["index"], **{k: query[k] for k in ("expires", "signature")}}


def test_results_outlive_the_process_and_unfinished_tasks_are_said_to_have_failed(tmp_path):
    store, done = stored(tmp_path)
    asyncio.run(store.succeed(done, [b"first", b"second"]))
    open_task, broken = Task("client", 8, "png"), Task("client", 9, "png")
    asyncio.run(store.create(open_task))
    asyncio.run(store.create(broken))
    asyncio.run(store.fail(broken, "Because."))
    assert asyncio.run(store.find(open_task.id, "client")).status == "QUEUED"
    again = TaskStore(tmp_path, hours=1)
    finished, lost, failed = (asyncio.run(again.find(task.id, "client")) for task in (done, open_task, broken))
    assert (finished.status, finished.images) == ("SUCCEED", 2)
    assert (lost.status, lost.reason) == ("FAILED", RESTARTED)
    assert failed.reason == "Because."
    assert asyncio.run(again.image(**linked(again, done, 1))).read_bytes() == b"second"


def test_a_task_that_ends_while_it_is_looked_up_has_not_failed(tmp_path, monkeypatch):
    store, task = stored(tmp_path)
    read = Path.read_bytes

    def read_and_end(path: Path) -> bytes:
        content = read(path)
        store.jobs.clear()
        return content

    monkeypatch.setattr(Path, "read_bytes", read_and_end)
    assert asyncio.run(store.find(task.id, "client")).status == "QUEUED"


def test_a_task_is_its_clients_own(tmp_path):
    store, task = stored(tmp_path)
    for task_id, client in (
        (task.id, "another"),
        ("00000000-0000-4000-8000-000000000000", "client"),
        ("../" + task.id, "client"),
        ("", "client"),
        ("\0", "client"),
    ):
        with pytest.raises(Refused) as caught:
            asyncio.run(store.find(task_id, client))
        assert caught.value.status == 404


def test_a_link_is_good_for_one_image_and_a_while(tmp_path, monkeypatch):
    store, task = stored(tmp_path)
    asyncio.run(store.succeed(task, [b"first", b"second"]))
    right = linked(store, task)
    assert asyncio.run(store.image(**right)).read_bytes() == b"first"
    for change in ({"place": "1"}, {"expires": "99999999999"}, {"signature": "0"}, {"task_id": "x"}, {"place": "x"}):
        with pytest.raises(Refused):
            asyncio.run(store.image(**{**right, **change}))
    with pytest.raises(Refused):
        asyncio.run(TaskStore(tmp_path, hours=1).image(**right))  # another process has another secret
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Refused):
        asyncio.run(store.image(**right))


def test_old_tasks_are_deleted_and_those_in_work_are_not(tmp_path):
    store, old = stored(tmp_path)
    asyncio.run(store.succeed(old, [b"x"]))
    working = Task("client", 1, "png")
    asyncio.run(store.create(working))
    for task in (old, working):
        os.utime(tmp_path / task.id, (0, 0))
    store.forget_old()
    assert [entry.name for entry in tmp_path.iterdir()] == [working.id]


def test_no_half_file_is_ever_left_under_its_name(tmp_path):
    store, task = stored(tmp_path)
    asyncio.run(store.succeed(task, [b"x"]))
    assert sorted(path.name for path in (tmp_path / task.id).iterdir()) == ["image_0.png", "task.json"]
