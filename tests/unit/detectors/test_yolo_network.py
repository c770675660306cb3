"""The network: its published sizes, folding, and what it refuses to share or change."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from afterdetail.detectors.yolo import checkpoint
from afterdetail.detectors.yolo.build import build, folded
from afterdetail.detectors.yolo.checkpoint_errors import OtherArchitecture

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.mark.parametrize("segment", [False, True])
def test_the_output_has_an_anchor_for_every_cell(segment):
    network = build(checkpoint.read(FIXTURES / ("tiny_face-seg.pt" if segment else "tiny_face.pt")))
    output = network(torch.rand(2, 3, 96, 64))
    anchors = 12 * 8 + 6 * 4 + 3 * 2
    assert output.boxes.shape == (2, anchors, 4)
    assert output.scores.shape == (2, anchors, 1)
    if segment:
        assert output.coefficients is not None and output.coefficients.shape == (2, anchors, 32)
        assert output.prototypes is not None and output.prototypes.shape == (2, 32, 24, 16)
    else:
        assert output.coefficients is None and output.prototypes is None


def test_a_layer_that_does_not_fit_the_one_before_is_refused():
    """Names and their number are right: only running it shows that a width is not."""
    file = checkpoint.read(FIXTURES / "tiny_face.pt")
    narrow = {k: v[:, :-1] if k == "model.1.conv.weight" else v for k, v in file.tensors.items()}
    with pytest.raises(OtherArchitecture):
        build(checkpoint.Weights(file.path, narrow, {}))


def test_two_parallel_convolutions_become_one():
    """RepConv of YOLOv9."""
    generator = torch.Generator().manual_seed(0)
    three, one = (torch.rand(4, 2, k, k, generator=generator) for k in (3, 1))
    biases = torch.rand(2, 4, generator=generator)
    state = {"x.conv1.weight": three, "x.conv1.bias": biases[0], "x.conv2.weight": one, "x.conv2.bias": biases[1]}
    result, image = folded(state), torch.rand(1, 2, 6, 6, generator=generator)
    assert set(result) == {"x.weight", "x.bias"}
    conv = torch.nn.functional.conv2d
    expected = conv(image, three, biases[0], padding=1) + conv(image, one, biases[1])
    torch.testing.assert_close(conv(image, result["x.weight"], result["x.bias"], padding=1), expected)


def test_folding_is_batch_norm_after_convolution():
    generator = torch.Generator().manual_seed(0)
    conv, norm = torch.nn.Conv2d(3, 5, 3, bias=False), torch.nn.BatchNorm2d(5, eps=1e-3).eval()
    statistics = {k: torch.rand(5, generator=generator) for k in ("weight", "bias", "running_mean", "running_var")}
    norm.load_state_dict(statistics, strict=False)
    state = {f"x.conv.{k}": v for k, v in conv.state_dict().items()}
    state |= {f"x.bn.{k}": v for k, v in norm.state_dict().items()}
    result = folded(state)
    assert set(result) == {"x.weight", "x.bias"}
    image = torch.rand(1, 3, 8, 8)
    ours = torch.nn.functional.conv2d(image, result["x.weight"], result["x.bias"])
    torch.testing.assert_close(ours, norm(conv(image)), rtol=1e-4, atol=1e-5)


def test_building_leaves_the_random_generator_alone():
    file = checkpoint.read(FIXTURES / "tiny_face.pt")
    before = torch.random.get_rng_state()
    build(file)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_network_neither_trains_nor_keeps_anything():
    network = build(checkpoint.read(FIXTURES / "tiny_face.pt"))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    attributes = {id(module): set(vars(module)) for module in network.modules()}
    network(torch.rand(1, 3, 64, 64))
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in before.items())
    assert attributes == {id(module): set(vars(module)) for module in network.modules()}
