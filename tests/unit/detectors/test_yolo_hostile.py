"""Weights files that try to do harm: each ends as a sentence that names the file, and nothing else happens."""

from __future__ import annotations

import pickle
import struct
import time
import zipfile
from pathlib import Path

import pytest
from afterdetail.detectors.yolo import inert
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError
from afterdetail.detectors.yolo.predictor import YoloDetector
from fixtures import hostile as h

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
GOOD = FIXTURES / "tiny_face.pt"


def refusal(path: Path, seconds: float = 300) -> str:
    """Why `path` is refused; fails if it is not, if anything happens meanwhile, or if it takes too long."""
    start = time.monotonic()
    with h.nothing_happens(), pytest.raises(CheckpointError) as caught:
        YoloDetector.open(path)
    assert time.monotonic() - start < seconds
    assert path.name in str(caught.value)
    return str(caught.value)


class Payload:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_a_call_of_os_system_is_named_and_not_made(tmp_path):
    import os

    target = tmp_path / "touched"
    data = pickle.dumps({"model": Payload(os.system, (f"touch {target}",))}, protocol=2)
    assert "system'" in refusal(h.write(tmp_path / "evil.pt", data))
    assert not target.exists()


@pytest.mark.parametrize(
    "function",
    [
        *("builtins.eval", "builtins.exec", "__builtin__.__import__", "_pickle.loads", "pickle.loads"),
        *("os.system", "nt.system", "subprocess.Popen", "torch.load", "torch.hub.load", "runpy.run_path"),
    ],
)
def test_functions_outside_a_checkpoint_are_refused_by_name(tmp_path, function):
    path = h.write(tmp_path / "evil.pt", h.checkpoint(h.call(function, h.text("1"))))
    assert function in refusal(path)


def test_protocol_4_names_are_refused_too(tmp_path):
    data = pickle.dumps({"model": Payload(eval, ("1",))}, protocol=4)
    assert "builtins.eval" in refusal(h.write(tmp_path / "evil.pt", data))


def test_getattr_chains_of_allowed_names_stay_data(tmp_path):
    chain = h.name("torch.nn.Module")
    for attribute in ("__init__", "__globals__", "__builtins__", "eval"):
        chain = h.call("builtins.getattr", chain, h.text(attribute))
    called = chain + h.items(h.text("open('touched', 'w')")) + b"R"
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(called)))


@pytest.mark.parametrize("attribute", ["__class__", "__dict__", "__setstate__", "__getattr__", "get", "states", "name"])
def test_state_cannot_change_the_reader(tmp_path, attribute):
    model = h.stub("ultralytics.nn.tasks.DetectionModel", h.mapping(**{attribute: h.name("torch.nn.Module")}))
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(model + h.mapping(a=b"N") + b"b")))


@pytest.mark.parametrize("group", ["_parameters", "_buffers", "_modules", "names"])
@pytest.mark.parametrize("value", [b"]", b"N", b"K\x01", h.text("x"), h.name("torch.nn.Module"), b"}", h.items(b"N")])
def test_parts_of_the_wrong_kind_are_refused(tmp_path, group, value):
    model = h.stub("ultralytics.nn.tasks.DetectionModel", h.mapping(**{group: value}))
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(model)))


def numbers(*values: int) -> bytes:
    return h.items(*(h.number(value) for value in values))


@pytest.mark.parametrize(
    ("offset", "shape", "stride"),
    [
        (h.number(-1), numbers(2), numbers(1)),
        (h.number(0), numbers(2), numbers(-1)),
        (h.number(0), numbers(-4), numbers(1)),
        (h.number(3), numbers(2), numbers(1)),
        (h.number(0), numbers(5), numbers(1)),
        (h.number(0), numbers(2, 2), numbers(3, 1)),
        (h.number(0), numbers(2, 2), numbers(1, 1)),
        (h.number(0), numbers(2, 2), numbers(1, 2)[:-1] + h.number(1) + b"t"),
        (h.number(0), numbers(10**12), numbers(0)),
        (h.number(0), numbers(10**6, 10**6), numbers(0, 0)),
        (h.number(2**63), numbers(1), numbers(1)),
        (h.number(0), numbers(2**62, 2**62), numbers(1, 1)),
        (h.number(1 << 100_000), numbers(1), numbers(1)),
        (h.number(0), numbers(2), numbers(1 << 64)),
        (h.number(0), numbers(2), numbers(1, 1)),
        (h.number(0), numbers(*[1] * 1000), numbers(*[1] * 1000)),
        (h.text("0"), numbers(1), numbers(1)),
        (b"N", numbers(1), numbers(1)),
        (b"\x88", numbers(1), numbers(1)),
        (h.number(0), h.items(b"G" + struct.pack(">d", 1.0)), numbers(1)),
        (h.number(0), h.text("ab"), h.text("ab")),
        (h.number(0), b"N", b"N"),
    ],
)
def test_tensors_cannot_reach_outside_or_repeat_their_data(tmp_path, offset, shape, stride):
    model = h.module(weight=h.tensor(h.storage(), offset, shape, stride))
    assert "tensor" in refusal(h.write(tmp_path / "evil.pt", h.checkpoint(model)))


@pytest.mark.parametrize(
    "storage",
    [
        h.storage(count=5),
        h.storage(count=3),
        h.storage(count=10**9),
        h.storage(key="1"),
        h.storage(key="../data.pkl"),
        h.storage(key="/etc/passwd"),
        h.storage(kind="QInt8Storage"),
        h.storage(kind="HalfStorage"),
        h.text("storage") + b"Q",
        h.items(h.text("storage")) + b"Q",
        h.items(h.text("storage"), b"N", h.text("0"), b"N", b"K\x04") + b"Q",
        h.items(h.text("storage"), h.name("torch.nn.Module"), h.text("0"), b"N", b"K\x04") + b"Q",
    ],
)
def test_storages_must_be_what_they_say(tmp_path, storage):
    model = h.module(weight=h.tensor(storage, h.number(0), numbers(3), numbers(1)))
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(model)))


def test_many_tensors_cannot_share_one_large_storage(tmp_path):
    big = h.tensor(h.storage("big", 1 << 20), h.number(0), numbers(1), numbers(1))
    model = h.module(**{f"w{i}": big for i in range(900)})  # 4 MB each, had it been read for each
    path = h.write(tmp_path / "evil.pt", h.checkpoint(model), {"data/big": bytes(4 << 20)})
    assert "same data" in refusal(path)


def test_the_memo_cannot_be_asked_to_grow(tmp_path):
    refusal(h.write(tmp_path / "evil.pt", h.PROTO + b"}r\xff\xff\xff\xff."))


@pytest.mark.parametrize("opcode", [b"\x8e", b"\x8d"])  # BINBYTES8, BINUNICODE8
def test_a_length_beyond_the_file_allocates_nothing(tmp_path, opcode):
    refusal(h.write(tmp_path / "evil.pt", h.PROTO + opcode + struct.pack("<Q", 2**62) + b"."))


@pytest.mark.parametrize("wrap", [b"\x85", b"]a", b"}s"])
def test_deep_nesting_does_not_exhaust_the_stack(tmp_path, wrap):
    match wrap:
        case b"\x85":
            deep = b")" + b"\x85" * 300_000
        case b"]a":
            deep = b"]" * 500_000 + b"a" * 499_999
        case _:
            deep = (b"}" + h.text("k")) * 200_000 + b"N" + b"s" * 200_000
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(deep)))


def test_a_deep_key_is_not_hashed(tmp_path):
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(b"})" + b"\x85" * 300_000 + b"Ns")))


def test_modules_that_contain_each_other_are_not_walked_for_ever(tmp_path):
    level = b"N"
    for i in range(60):  # 2^60 paths
        state = h.mapping(_modules=h.mapping(a=level + b"q" + bytes([i]), b=b"h" + bytes([i])))
        level = h.stub("torch.nn.modules.container.Sequential", state)
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(level)))


def test_a_module_inside_itself_is_not_walked_for_ever(tmp_path):
    loop = h.name("torch.nn.Module") + b")\x81q\x00" + h.mapping(_modules=h.mapping(a=b"h\x00")) + b"b"
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(loop)))


def test_one_large_state_is_not_copied_into_many_objects(tmp_path):
    state = b"}(" + b"".join(h.text(f"{i:x}") + b"N" for i in range(50_000)) + b"uq\x01"
    made = h.name("torch.nn.Module") + b"q\x00"
    many = b"](" + b"h\x00)\x81h\x01b" * 50_000 + b"e"
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(h.items(made, state, many))))


def test_keys_cannot_be_chosen_to_collide(tmp_path):
    step = 2**61 - 1  # integers that differ by it have the same hash
    keys = b"".join(h.number(i * step) + b"N" for i in range(300_000))  # five minutes, if they did
    refusal(h.write(tmp_path / "evil.pt", h.checkpoint(b"}(" + keys + b"u")), seconds=60)


def test_a_description_that_is_too_long_is_not_read(tmp_path):
    refusal(h.write(tmp_path / "evil.pt", h.PROTO + b"N" * inert.MAX_PICKLE + b"."))


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b".", b"0", b"R.", b"s.", b"t.", b"h\x05.", b"Q.", b"b.", b"\xff", b"i"]
)
def test_nonsense_is_refused(tmp_path, data):
    refusal(h.write(tmp_path / "evil.pt", data))
    refusal(h.write(tmp_path / "evil2.pt", h.PROTO + data))


def rewritten(path: Path, **changes: bytes) -> bytes:
    """The good checkpoint's zip, with members replaced."""
    with zipfile.ZipFile(GOOD) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            last = info.filename.rpartition("/")[2]
            target.writestr(info.filename, changes.get(last, source.read(info)))
    return path.read_bytes()


def test_garbled_descriptions_end_as_sentences_or_work(tmp_path):
    import random

    with zipfile.ZipFile(GOOD) as archive:
        good = archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
    choose = random.Random(0)
    for i in range(30):
        data = bytearray(good)
        for _ in range(choose.randint(1, 8)):
            data[choose.randrange(len(data))] = choose.randrange(256)
        path = tmp_path / f"garbled{i}.pt"
        path.write_bytes(rewritten(tmp_path / "new.zip", **{"data.pkl": bytes(data)}))
        with h.nothing_happens():
            try:
                YoloDetector.open(path)
            except CheckpointError as error:
                assert path.name in str(error)
        path.unlink()


def test_the_rewritten_file_would_work(tmp_path):
    path = tmp_path / "good.pt"
    rewritten(path)
    assert YoloDetector.open(path).names == ("face",)


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    with zipfile.ZipFile(GOOD) as archive:
        largest = max((i for i in archive.infolist() if "/data/" in i.filename), key=lambda i: i.file_size)
    path = tmp_path / "nan.pt"
    rewritten(path, **{largest.filename.rpartition("/")[2]: b"\xff" * largest.file_size})
    assert "finite" in refusal(path)
