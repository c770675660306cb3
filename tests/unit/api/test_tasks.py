"""Tasks on disk: whose they are, what a restart makes of them, and their links."""

import asyncio
import errno
import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from afterdetail.api.errors import Refused
from afterdetail.api.tasks import RESTARTED, Task, TaskStore
from afterdetail.files import atomic


def stored(folder) -> tuple[TaskStore, Task]:
    store = TaskStore(folder, hours=1)
    task = Task("client", seed=7, image_type="png")
    asyncio.run(store.create(task))
    return store, task


def linked(store: TaskStore, task: Task, place: int = 0) -> dict[str, str]:
    query = {name: values[0] for name, values in parse_qs(store.link(task, place).query).items()}
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
    after_a_restart = TaskStore(tmp_path, hours=1)
    assert asyncio.run(after_a_restart.image(**right)).read_bytes() == b"first"
    elsewhere = TaskStore(tmp_path / "another", hours=1)
    assert elsewhere.link(task, 0).query.rpartition("=")[2] != right["signature"]
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Refused):
        asyncio.run(store.image(**right))


def test_a_link_is_promised_for_no_longer_than_its_file_is_kept(tmp_path):
    store, task = stored(tmp_path)
    asyncio.run(store.succeed(task, [b"x"]))
    assert 3590 < store.link(task, 0).seconds <= 3600
    os.utime(tmp_path / task.id, (0, time.time() - 3000))
    assert 590 < store.link(task, 0).seconds <= 600


def test_a_secret_that_is_cut_off_signs_nothing(tmp_path):
    (tmp_path / "links.secret").write_bytes(b"")
    store, task = stored(tmp_path)
    store.link(task, 0)
    assert len((tmp_path / "links.secret").read_bytes()) == 32


def test_a_task_past_its_age_is_not_served_while_it_is_not_deleted_yet(tmp_path):
    store, old = stored(tmp_path)
    asyncio.run(store.succeed(old, [b"x"]))
    link = linked(store, old)
    os.utime(tmp_path / old.id, (0, time.time() - 3601))
    for ask in (lambda: store.find(old.id, "client"), lambda: store.image(**link)):
        with pytest.raises(Refused, match="deleted by age"):
            asyncio.run(ask())


@pytest.mark.parametrize(
    ("change", "readable"),
    [
        ({"added_later": [1]}, True),
        ({"created": None}, False),
        ({"client": None}, False),
        ({"status": "RUNNING"}, False),
        ({"image_type": "../x"}, False),
    ],
)
def test_a_task_that_another_version_wrote_is_read_or_not_there(tmp_path, change, readable):
    store, task = stored(tmp_path)
    asyncio.run(store.succeed(task, [b"x"]))
    path = tmp_path / task.id / "task.json"
    table = {**json.loads(path.read_text()), **change}
    for content in (table, {name: value for name, value in table.items() if value is not None}):
        path.write_text(json.dumps(content))
        if readable or (content is not table and "client" in content and "created" not in content):
            assert asyncio.run(store.find(task.id, "client")).images == 1
        else:
            with pytest.raises(Refused, match="no task"):
                asyncio.run(store.find(task.id, "client"))


def full(path: Path, data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_a_task_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    store = TaskStore(tmp_path, hours=1)
    monkeypatch.setattr(atomic, "write", full)
    with pytest.raises(OSError, match="No space"):
        asyncio.run(store.create(Task("client", 1, "png")))
    assert not list(tmp_path.iterdir()) and not store.jobs


def test_a_task_whose_result_cannot_be_kept_fails_though_that_cannot_be_written_either(tmp_path, monkeypatch):
    store, task = stored(tmp_path)
    write, written = atomic.write, []

    def first_only(path: Path, data: bytes) -> None:
        if written:
            full(path, data)
        written.append(path)
        write(path, data)

    monkeypatch.setattr(atomic, "write", first_only)
    with pytest.raises(OSError, match="No space"):
        asyncio.run(store.succeed(task, [b"first", b"second"]))
    asyncio.run(store.fail(task, "No space."))
    found = asyncio.run(store.find(task.id, "client"))
    assert (found.status, found.reason) == ("FAILED", "No space.") and not store.jobs
    assert [path.name for path in (tmp_path / task.id).iterdir()] == ["task.json"]
    monkeypatch.undo()
    assert asyncio.run(TaskStore(tmp_path, hours=1).find(task.id, "client")).status == "FAILED"


def test_what_a_killed_server_left_half_written_is_gone_at_the_next_start(tmp_path):
    store, task = stored(tmp_path)
    (tmp_path / task.id / f".{'0' * 32}.partial").touch()
    store.tidy()
    assert [path.name for path in (tmp_path / task.id).iterdir()] == ["task.json"]


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
