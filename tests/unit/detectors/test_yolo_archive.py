"""The zip reader: what torch.save writes is read, everything that is cut, packed or lies about its size is refused."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
import torch
from afterdetail.detectors.yolo import archive as module
from afterdetail.detectors.yolo import checkpoint
from afterdetail.detectors.yolo.archive import Archive
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError
from fixtures import hostile as h

GOOD = Path(__file__).resolve().parents[2] / "fixtures" / "tiny_face.pt"


def opened(path: Path) -> Archive:
    return Archive(path, path.open("rb"))


def test_every_member_reads_as_zipfile_reads_it():
    ours = opened(GOOD)
    with zipfile.ZipFile(GOOD) as theirs:
        assert set(ours.members) == set(theirs.namelist())
        assert all(ours.read(name) == theirs.read(name) for name in theirs.namelist())


def test_what_torch_writes_is_read(tmp_path):
    path = tmp_path / "any.pt"
    torch.save({"a": torch.arange(7)}, path)
    key = next(name for name in opened(path).members if name.endswith("data/0"))
    assert opened(path).read(key) == torch.arange(7).numpy().tobytes()


def test_zip64_fields_are_read(tmp_path):
    path = tmp_path / "wide.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a", "w", force_zip64=True) as file:
        file.write(b"abc")
    assert opened(path).read("a") == b"abc"


def test_every_cut_is_refused(tmp_path):
    data, path = GOOD.read_bytes(), tmp_path / "cut.pt"
    for length in [*range(40), *range(40, len(data), 9973), *range(len(data) - 60, len(data))]:
        path.write_bytes(data[:length])
        with pytest.raises(CheckpointError, match=r"cut\.pt"):
            checkpoint.read(path)


def test_a_changed_byte_is_noticed(tmp_path):
    with zipfile.ZipFile(GOOD) as archive:
        info = max(archive.infolist(), key=lambda i: i.file_size)
    data = bytearray(GOOD.read_bytes())
    data[info.header_offset + info.file_size // 2] ^= 1
    path = tmp_path / "changed.pt"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="checksum"):
        checkpoint.read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_members_are_refused_unread(tmp_path, method):
    bomb = h.write(tmp_path / "bomb.pt", h.checkpoint(b"N"), {"data/1": bytes(8 << 20)}, method)
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(CheckpointError, match="compressed"):
        checkpoint.read(bomb)


def patched(tmp_path: Path, signature: bytes, offset: int, value: bytes, which: int = 0) -> Path:
    """A small checkpoint with bytes of its `which`-th record of a kind replaced."""
    path = h.write(tmp_path / "patched.pt", h.checkpoint(b"N"))
    data = path.read_bytes()
    at = -1
    for _ in range(which + 1):
        at = data.index(signature, at + 1)
    path.write_bytes(data[: at + offset] + value + data[at + offset + len(value) :])
    return path


@pytest.mark.parametrize(
    ("signature", "offset", "value"),
    [
        (b"PK\1\2", 0, b"XX"),  # the list of members
        (b"PK\1\2", 8, b"\1\0"),  # encrypted
        (b"PK\1\2", 20, struct.pack("<2L", 2**31, 2**31)),  # sizes beyond the file
        (b"PK\1\2", 20, struct.pack("<2L", 400, 400)),  # sizes that reach into other members
        (b"PK\1\2", 24, struct.pack("<L", 1)),  # another size packed than unpacked
        (b"PK\1\2", 20, b"\xff" * 8),  # zip64 without its field
        (b"PK\1\2", 42, struct.pack("<L", 2**31)),  # beyond the end
        (b"PK\1\2", 42, struct.pack("<L", 1)),  # not at a header
        (b"PK\3\4", 26, struct.pack("<H", 0xFFFF)),  # a name that reaches beyond the end
        (b"PK\5\6", 10, struct.pack("<H", 0xFFFF)),  # more members than there are
        (b"PK\5\6", 10, struct.pack("<H", 50)),
        (b"PK\5\6", 12, struct.pack("<L", 2**31)),  # a list beyond the end
        (b"PK\5\6", 16, struct.pack("<L", 2**31)),
    ],
)
def test_lies_are_refused(tmp_path, signature, offset, value):
    path = patched(tmp_path, signature, offset, value)
    with h.nothing_happens(), pytest.raises(CheckpointError, match=r"patched\.pt"):
        checkpoint.read(path)


def test_members_that_share_bytes_cannot_add_up_to_more_than_the_file(tmp_path):
    path = tmp_path / "overlap.pt"
    body = bytes(100_000)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, len(body), len(body), 1, 0) + b"a" + body
    central = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, len(body), len(body), 4, 0, 0, 0, 0, 0, 0)
        + b"%04d" % i
        for i in range(1000)
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, len(central), len(local), 0)
    path.write_bytes(local + central + end)
    with pytest.raises(CheckpointError, match="more data"):
        opened(path)


def test_a_member_that_is_listed_twice_is_refused(tmp_path):
    path = tmp_path / "twice.pt"
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"a")
        archive.writestr("archive/data.pkl", b"b")
    with pytest.raises(CheckpointError, match="twice"):
        opened(path)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    with pytest.raises(CheckpointError, match="at most 2"):
        opened(GOOD)
