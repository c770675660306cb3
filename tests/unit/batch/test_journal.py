import json
import os
from pathlib import Path

import pytest
from afterdetail.batch.journal import Journal
from afterdetail.files import atomic


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {"batch.lock"}


def done(folder: Path, name: str = "sub/a", key: str = "k", image: bytes = b"image") -> None:
    with Journal(folder) as journal:
        journal.done(name, key, ".png", image, {"source": "in/a.jpg"})


def has(folder: Path, name: str = "sub/a", key: str = "k") -> bool:
    with Journal(folder) as journal:
        return journal.has(name, key)


def test_a_result_is_known_to_the_next_run(tmp_path):
    done(tmp_path)
    assert files(tmp_path) == {"sub/a.png", "sub/a.json", "batch.jsonl"}
    assert (tmp_path / "sub/a.png").read_bytes() == b"image"
    about = json.loads((tmp_path / "sub/a.json").read_text())
    assert about == {"source": "in/a.jpg", "name": "sub/a", "result": "a.png"}
    assert has(tmp_path) and not has(tmp_path, "b") and not has(tmp_path, key="other content or settings")


def test_names_that_are_no_unicode_are_kept(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    done(tmp_path, name)
    assert has(tmp_path, name)


def test_a_result_that_was_deleted_or_replaced_is_not_done(tmp_path):
    done(tmp_path)
    done(tmp_path, key="k2")
    assert has(tmp_path, key="k2") and not has(tmp_path, key="k")
    (tmp_path / "sub/a.png").unlink()
    assert not has(tmp_path, key="k2")


def test_a_failure_is_tried_again(tmp_path):
    with Journal(tmp_path) as journal:
        journal.failed("a", "k", "The file is empty.")
    assert not has(tmp_path, "a")
    assert json.loads((tmp_path / "batch.jsonl").read_text())["failed"] == "The file is empty."


def test_the_same_content_under_another_name_is_copied(tmp_path):
    done(tmp_path)
    with Journal(tmp_path) as journal:
        assert journal.has_copy("k") and not journal.has_copy("other")
        journal.copy("b", "k", "in/b.jpg")
        assert journal.has("b", "k")
    assert (tmp_path / "b.png").read_bytes() == b"image"
    assert json.loads((tmp_path / "b.json").read_text()) == {"source": "in/b.jpg", "name": "b", "result": "b.png"}


def test_what_was_replaced_is_not_copied(tmp_path):
    done(tmp_path, key="k")
    done(tmp_path, key="k2", image=b"other")
    with Journal(tmp_path) as journal:
        assert not journal.has_copy("k")


def test_a_line_that_was_being_written_is_dropped(tmp_path):
    done(tmp_path)
    with (tmp_path / "batch.jsonl").open("ab") as file:
        file.write('{"name": "b", "key": "ä'.encode()[:-1])
    assert has(tmp_path)
    done(tmp_path, "c")
    assert has(tmp_path) and has(tmp_path, "c")
    lines = (tmp_path / "batch.jsonl").read_text().splitlines()
    assert [(entry["name"], entry.get("whole", True)) for entry in map(json.loads, lines)] == [
        ("sub/a", False),
        ("sub/a", True),
        ("c", False),
        ("c", True),
    ]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"name": "a"}'])
def test_a_broken_line_before_others_is_told(tmp_path, line):
    (tmp_path / "batch.jsonl").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="Line 1 of"):
        has(tmp_path)
    (tmp_path / "batch.jsonl").unlink()
    assert not has(tmp_path)  # the lock was let go


def test_one_run_at_a_time(tmp_path):
    with Journal(tmp_path), pytest.raises(ValueError, match="Another batch writes into"):
        has(tmp_path)
    assert not has(tmp_path)


def test_a_write_that_fails_leaves_the_old_result(tmp_path, monkeypatch):
    done(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        done(tmp_path, key="k2", image=b"other")
    monkeypatch.undo()
    assert (tmp_path / "sub/a.png").read_bytes() == b"image"
    assert has(tmp_path) and files(tmp_path) == {"sub/a.png", "sub/a.json", "batch.jsonl"}


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path, monkeypatch):
    def killed(path: Path, data: bytes) -> None:
        path.parent.mkdir()
        for name in (f".{'0' * 32}.partial", ".mine.partial"):
            (path.parent / name).write_bytes(data[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        done(tmp_path)
    monkeypatch.undo()
    assert not has(tmp_path)
    assert files(tmp_path) == {"sub/.mine.partial", "batch.jsonl"}
