"""A file is whole or not there, whatever fails while it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from afterdetail.files import atomic
from rig.comfyui import ROOT

WRITERS = [atomic.write, atomic.write_new]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("write", WRITERS)
def test_it_is_written_with_its_folder(tmp_path, write):
    path = tmp_path / "new" / f"{'long' * 60}.json"
    write(path, "ä".encode())
    assert path.read_bytes() == "ä".encode() and names(path.parent) == [path.name]


def test_write_replaces_and_write_new_does_not(tmp_path):
    path = tmp_path / "a"
    atomic.write(path, b"1")
    atomic.write(path, b"2")
    with pytest.raises(FileExistsError):
        atomic.write_new(path, b"3")
    assert path.read_bytes() == b"2" and names(tmp_path) == ["a"]


def test_write_new_without_hard_links(tmp_path, monkeypatch):
    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    atomic.write_new(tmp_path / "a", b"1")
    with pytest.raises(FileExistsError):
        atomic.write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1" and names(tmp_path) == ["a"]


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch, write):
    atomic.write(tmp_path / "old", b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "new", b"new")
    with pytest.raises(OSError, match="No space"):
        atomic.write(tmp_path / "old", b"new")
    assert names(tmp_path) == ["old"] and (tmp_path / "old").read_bytes() == b"old"


def test_content_and_name_are_on_disk_before_it_is_called_written(tmp_path, monkeypatch):
    seen = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (seen.append("sync"), fsync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda path, target: (seen.append("name"), replace(path, target))[1])
    atomic.write(tmp_path / "a", b"1")
    assert seen == (["sync", "name", "sync"] if os.name == "posix" else ["sync", "name"])
    (tmp_path / "part").write_bytes(b"2")
    atomic.move(tmp_path / "part", tmp_path / "a")
    assert seen[3:] == seen[:3] and (tmp_path / "a").read_bytes() == b"2"


def test_only_what_a_killed_writer_has_left_is_cleared(tmp_path):
    for name in (f".{'a' * 32}.partial", ".mine.partial", "download.partial", "a"):
        (tmp_path / name).write_bytes(b"")
    atomic.clear(tmp_path)
    assert names(tmp_path) == [".mine.partial", "a", "download.partial"]
    atomic.clear(tmp_path / "gone")


def test_it_needs_nothing_but_python():
    code = "import sys, afterdetail.files.atomic; print({'torch', 'numpy', 'comfy', 'requests'} & set(sys.modules))"
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / ".pack")}, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
