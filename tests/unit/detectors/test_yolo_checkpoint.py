"""Which files are read, and the sentences for those that are not."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from afterdetail.detectors.yolo import checkpoint, inert, kind
from afterdetail.detectors.yolo.build import build, labels
from afterdetail.detectors.yolo.checkpoint_errors import CheckpointError, OtherArchitecture
from fixtures import hostile as h
from safetensors.torch import save_file

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.mark.parametrize("name", ["tiny_face", "tiny_face-seg"])
def test_both_formats_hold_the_same(name):
    pt, st = (checkpoint.read(FIXTURES / f"{name}{suffix}") for suffix in (".pt", ".safetensors"))
    assert pt.labels == st.labels == {0: "face"}
    assert set(st.tensors) == {k for k in pt.tensors if not k.endswith("num_batches_tracked")}
    assert all(torch.equal(st.tensors[k], pt.tensors[k]) for k in st.tensors)
    assert all(st.tensors[k].dtype == pt.tensors[k].dtype for k in st.tensors)


def test_the_content_counts_and_not_the_suffix(tmp_path):
    path = tmp_path / "renamed.safetensors"
    path.write_bytes((FIXTURES / "tiny_face.pt").read_bytes())
    assert checkpoint.read(path).labels == {0: "face"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"<!doctype html><title>Sign in</title>", "web page"),
        (pickle.dumps({"model": 1}, protocol=2), "bare pickle"),
        (b"\x00" * 300, "neither"),
        (b"\x89PNG\r\n\x1a\n", "neither"),
        (struct.pack("<Q", 2**40) + b'{"a":1}', "damaged .safetensors"),
        (struct.pack("<Q", 10) + b"{not json}", "damaged .safetensors"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path, data, said):
    path = tmp_path / "odd.pt"
    path.write_bytes(data)
    with h.nothing_happens(), pytest.raises(CheckpointError, match=said) as caught:
        checkpoint.read(path)
    assert "odd.pt" in str(caught.value)


def test_pytorch_s_old_format_is_refused(tmp_path):
    path = tmp_path / "old.pt"
    torch.save({"model": torch.zeros(3)}, path, _use_new_zipfile_serialization=False)
    with h.nothing_happens(), pytest.raises(CheckpointError, match=r"before 1\.6"):
        checkpoint.read(path)


def test_a_torchscript_program_is_refused(tmp_path):
    path = h.write(tmp_path / "script.pt", h.checkpoint(b"N"), {"constants.pkl": b""})
    with pytest.raises(CheckpointError, match="TorchScript"):
        checkpoint.read(path)


def test_big_endian_checkpoints_are_refused(tmp_path):
    path = tmp_path / "big.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", h.checkpoint(b"N"))
        archive.writestr("archive/byteorder", b"big")
    with pytest.raises(CheckpointError, match="big-endian"):
        checkpoint.read(path)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_network_that_is_another_is_said_to_be_one(tmp_path, suffix):
    path = tmp_path / f"other{suffix}"
    if suffix == ".pt":
        torch.save({"state_dict": {"a": torch.zeros(3)}}, path)
    else:
        save_file({"model.0.conv.weight": torch.zeros(16, 3, 6, 6)}, path)
    with pytest.raises(OtherArchitecture, match=f"other{suffix}"):
        build(checkpoint.read(path))


def good() -> dict[str, torch.Tensor]:
    return checkpoint.read(FIXTURES / "tiny_face-seg.safetensors").tensors


@pytest.mark.parametrize("name", sorted(good())[::29])
@pytest.mark.parametrize("change", ["drop", "shape", "empty", "rank", "nan", "add"])
def test_every_tensor_must_fit(tmp_path, name, change):
    tensors, path = good(), tmp_path / "changed.safetensors"
    old = tensors[name].clone()
    match change:
        case "drop":
            del tensors[name]
        case "shape":
            tensors[name] = torch.cat([old, old])
        case "empty":
            tensors[name] = old[:0].clone()
        case "rank":
            tensors[name] = old[None].clone()
        case "nan":
            old.view(-1)[0] = torch.nan
            tensors[name] = old
        case "add":
            tensors["model.23.conv.weight"] = torch.zeros(1)
    save_file(tensors, path)
    if "dfl" in name and change != "add":
        build(checkpoint.read(path))  # a constant of the format, not used
        return
    with pytest.raises(CheckpointError, match=r"changed\.safetensors"):
        build(checkpoint.read(path))


def test_another_activation_is_another_architecture(tmp_path):
    path = tmp_path / "relu.pt"
    with zipfile.ZipFile(FIXTURES / "tiny_face.pt") as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("data.pkl"):
                assert b"activation\nSiLU\n" in data
                data = data.replace(b"activation\nSiLU\n", b"activation\nReLU\n")
            target.writestr(info.filename, data)
    with pytest.raises(OtherArchitecture):
        build(checkpoint.read(path))


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ({"0": "eye"}, "eye"),
        (["eye"], "eye"),
        ({"0": "x" * 500}, "x" * 100),
        ({"0": 5}, "class 0"),
        ({"zero": "eye"}, "class 0"),
        ({"9" * 5000: "eye"}, "class 0"),
        ({"-1": "eye"}, "class 0"),
        (7, "class 0"),
        (None, "class 0"),
    ],
)
def test_labels_come_from_the_names_or_the_number(tmp_path, names, label):
    path = tmp_path / "named.safetensors"
    save_file(good(), path, {"names": json.dumps(names)})
    assert labels(checkpoint.read(path), 1) == (label,)


@pytest.mark.parametrize("metadata", [None, {"names": "{"}, {"names": "[" * 100_000}])
def test_broken_names_do_not_lose_the_weights(tmp_path, metadata):
    path = tmp_path / "named.safetensors"
    save_file(good(), path, metadata)
    assert labels(checkpoint.read(path), 2) == ("class 0", "class 1")


def test_fused_checkpoints_are_read(tmp_path):
    """Some people save the network after its BatchNorms have been folded."""
    tensors = good()
    expected = build(checkpoint.read(FIXTURES / "tiny_face-seg.safetensors")).state_dict()
    fused = {k.replace("model.0.", "model.0.conv.") if k.startswith("model.0.") else k: v for k, v in expected.items()}
    path = tmp_path / "fused.safetensors"
    save_file(
        {k: v for k, v in tensors.items() if not k.startswith("model.0.")}
        | {k: v for k, v in fused.items() if k.startswith("model.0.")},
        path,
    )
    network = build(checkpoint.read(path)).state_dict()
    assert all(torch.equal(network[k], expected[k]) for k in expected)


@pytest.mark.parametrize("form", ["state dict", "model: state dict", "layers alone", "module"])
def test_bare_modules_and_state_dicts_are_read(tmp_path, form):
    """As people save them: torch.save(model), torch.save(model.state_dict()), torch.save({"model": state_dict})."""
    expected = checkpoint.read(FIXTURES / "tiny_face.pt").tensors
    path = tmp_path / "bare.pt"
    match form:
        case "state dict":
            torch.save(OrderedDict(expected), path)
        case "model: state dict":
            torch.save({"model": expected, "epoch": 3}, path)
        case "layers alone":
            torch.save({name.removeprefix("model."): tensor for name, tensor in expected.items()}, path)
        case _:
            torch.save(module_of(expected), path)
    found = checkpoint.read(path)
    assert set(found.tensors) == set(expected)
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in expected.items())
    assert build(found).head.classes == 1


def module_of(tensors: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """A tree of modules that has these tensors as its state."""
    root = torch.nn.Module()
    for name, tensor in tensors.items():
        *path, last = name.split(".")
        module = root
        for step in path:
            if not hasattr(module, step):
                module.add_module(step, torch.nn.Module())
            module = getattr(module, step)
        module.register_buffer(last, tensor)
    return root


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (["conv.Conv", "block.C3k2", "head.Pose"], "is a YOLO11 or YOLO26 pose model, which this pack's own"),
        (["block.C2f", "head.OBB"], "is a YOLOv8 oriented box model, which gives no upright boxes"),
        (["block.C2f", "head.Classify"], "is a YOLOv8 classification model, which gives no upright boxes"),
        (["block.C2f", "block.SCDown", "head.v10Detect"], "is a YOLOv10 detection model"),
        (["block.Unheard", "head.Unheard"], kind.UNKNOWN),
    ],
)
def test_a_file_is_called_what_it_is(layers, sentence):
    stubs = {str(i): inert.Stub(f"ultralytics.nn.modules.{name}") for i, name in enumerate(layers)}
    model = inert.Stub("ultralytics.nn.tasks.Model", [{"_modules": {"model": inert.Stub("", [{"_modules": stubs}])}}])
    assert kind.of(model).startswith(sentence)
