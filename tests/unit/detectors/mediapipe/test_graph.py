import hashlib

import pytest
import torch
from afterdetail.detectors.mediapipe.graph import (
    IN_PLACE,
    GraphNet,
    depth_to_space,
    planned,
    rows,
    with_padding_in_convolutions,
)
from afterdetail.detectors.weights import FOLDER

SHAPES = {
    "face_detector_short": [(896, 16), (896, 1)],
    "face_detector_full": [(2304, 16), (2304, 1)],
    "face_landmarks": [(1404,), (1,)],
    "palm_detector": [(2016, 18), (2016, 1)],
    "hand_landmarks": [(63,), (1,), (1,), (63,)],
}


@pytest.mark.parametrize("name", SHAPES)
def test_network_runs_on_a_batch_as_on_its_parts(name):
    net = GraphNet(FOLDER / f"{name}.safetensors")
    images = torch.rand(3, 3, net.size, net.size, generator=torch.Generator().manual_seed(1))
    together = net(images)
    assert [tuple(output.shape) for output in together] == [(3, *shape) for shape in SHAPES[name]]
    for output, alone in zip(together, net(images[1:2]), strict=True):
        assert torch.allclose(output[1:2], alone, atol=1e-3)


def test_network_moves_as_a_whole():
    net = GraphNet(FOLDER / "face_detector_short.safetensors")
    assert {value.dtype for value in net.state_dict().values()} == {torch.float32}
    assert {value.device.type for value in net.to("meta").state_dict().values()} == {"meta"}


def test_the_model_patcher_can_note_its_device():
    net = GraphNet(FOLDER / "face_detector_short.safetensors")
    net.device = torch.device("cpu")  # type: ignore[assignment]  # as comfy.model_patcher.ModelPatcher does
    assert len(net(torch.zeros(1, 3, net.size, net.size))) == 2


def test_weights_are_those_that_the_notice_names():
    notice = (FOLDER / "NOTICE").read_text()
    for file in FOLDER.glob("*.safetensors"):
        assert f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" in notice


def test_rows_keep_the_channels_of_a_cell_together():
    x = torch.arange(2 * 4 * 3 * 5).reshape(2, 4, 3, 5)
    assert torch.equal(rows(x, 2)[0, :2], torch.stack([x[0, :2, 0, 0], x[0, 2:, 0, 0]]))


def test_depth_to_space_counts_channels_fastest():
    x = torch.arange(8).reshape(1, 8, 1, 1)  # [1, 2 * 2 * 2, 1, 1]
    assert depth_to_space(x, 2)[0].tolist() == [[[0, 2], [4, 6]], [[1, 3], [5, 7]]]


@pytest.mark.parametrize("name", SHAPES)
def test_input_and_weights_stay_as_they_were(name):
    """Steps that write in place write to values of their own only."""
    net = GraphNet(FOLDER / f"{name}.safetensors")
    images = torch.rand(1, 3, net.size, net.size).contiguous(memory_format=torch.channels_last)
    before, weights = images.clone(), {key: value.clone() for key, value in net.state_dict().items()}
    first, second = net(images), net(images)
    assert torch.equal(images, before)
    assert all(torch.equal(value, weights[key]) for key, value in net.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def node(op, inputs, output, **args):
    return {"op": op, "inputs": inputs, "output": output, "args": args}


def test_even_padding_becomes_that_of_the_convolution():
    convolution = node("conv2d", ["b", "w"], "c", padding=[0, 0])
    [merged] = with_padding_in_convolutions([node("pad", ["a"], "b", padding=[2, 2, 1, 1, 0, 0]), convolution])
    assert (merged["inputs"], merged["args"]) == (["a", "w"], {"padding": [1, 2]})
    for padding in ([0, 1, 0, 1], [0, 0, 0, 0, 0, 4]):
        uneven = [node("pad", ["a"], "b", padding=padding), convolution]
        assert with_padding_in_convolutions(uneven) == uneven


def test_only_what_nobody_else_reads_is_written_in_place():
    steps = planned(
        [
            node("relu", ["in"], "a"),  # the caller's
            node("relu", ["a"], "b"),
            node("add", ["a", "b"], "c"),
            node("rows", ["c"], "d"),
            node("relu", ["c"], "e"),  # d may share its memory
        ],
        ["d", "e"],
    )
    in_place = set(IN_PLACE.values())
    assert [step.operation in in_place for step in steps] == [False, False, True, False, False]
    assert [list(step.done) for step in steps] == [["in"], [], ["a", "b"], [], ["c"]]
