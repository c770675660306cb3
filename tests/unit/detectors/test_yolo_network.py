"""The network: its published sizes, folding, and what it refuses to share or change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from afterdetail.detectors.yolo import weights
from afterdetail.detectors.yolo.build import build, folded
from afterdetail.detectors.yolo.network import Architecture, YoloV8

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

SCALES = {
    "n": (0.33, 0.25, 1024),
    "s": (0.33, 0.5, 1024),
    "m": (0.67, 0.75, 768),
    "l": (1, 1, 512),
    "x": (1, 1.25, 512),
}
PARAMETERS = {"n": 3_151_904, "s": 11_156_544, "m": 25_886_080, "l": 43_668_288, "x": 68_200_608}
SEGMENT_PARAMETERS = {"n": 3_404_320, "s": 11_810_560, "m": 27_268_704, "l": 45_973_568, "x": 71_797_696}
"""As published for the fused COCO models; 16 of them are the fixed 0..15 of the box distribution."""


def architecture(scale: str, segment: bool = False) -> Architecture:
    depth, width, most = SCALES[scale]
    stem, *widths = (round(min(c, most) * width) for c in (64, 128, 256, 512, 1024))
    depths = {layer: max(round(n * depth), 1) for layer, n in {2: 3, 4: 6, 6: 6, 8: 3}.items()}
    depths |= {layer: max(round(3 * depth), 1) for layer in (12, 15, 18, 21)}
    w3 = widths[1]
    return Architecture(
        stem=stem,
        widths=(widths[0], widths[1], widths[2], widths[3]),
        depths=depths,
        classes=80,
        bins=16,
        box_width=max(16, w3 // 4, 64),
        class_width=max(w3, 80),
        depthwise=False,
        coefficients=32 if segment else 0,
        coefficient_width=max(w3 // 4, 32) if segment else 0,
        prototype_width=round(min(256, most) * width) if segment else 0,
    )


@pytest.mark.parametrize("segment", [False, True])
@pytest.mark.parametrize("scale", list(SCALES))
def test_every_scale_has_its_published_size(scale, segment):
    with torch.device("meta"):
        network = YoloV8(architecture(scale, segment))
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count + 16 == (SEGMENT_PARAMETERS if segment else PARAMETERS)[scale]


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("segment", [False, True])
def test_the_sizes_are_found_in_the_weights(segment, depthwise):
    expected = replace(
        architecture("n", segment),
        stem=8,
        widths=(16, 24, 40, 48),
        depths={2: 1, 4: 2, 6: 3, 8: 4, 12: 5, 15: 6, 18: 7, 21: 8},
        classes=3,
        bins=7,
        depthwise=depthwise,
    )
    state = {k: v.half() for k, v in YoloV8(expected).state_dict().items()}
    network = build(weights.Weights(Path("some.safetensors"), state, {}))
    assert network.architecture == expected


@pytest.mark.parametrize("segment", [False, True])
def test_the_output_has_an_anchor_for_every_cell(segment):
    network = build(weights.read(FIXTURES / ("tiny_face-seg.pt" if segment else "tiny_face.pt")))
    output = network(torch.rand(2, 3, 96, 64))
    anchors = 12 * 8 + 6 * 4 + 3 * 2
    assert output.boxes.shape == (2, anchors, 4)
    assert output.scores.shape == (2, anchors, 1)
    if segment:
        assert output.coefficients is not None and output.coefficients.shape == (2, anchors, 32)
        assert output.prototypes is not None and output.prototypes.shape == (2, 32, 24, 16)
    else:
        assert output.coefficients is None and output.prototypes is None


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
    file = weights.read(FIXTURES / "tiny_face.pt")
    before = torch.random.get_rng_state()
    build(file)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_network_neither_trains_nor_keeps_anything():
    network = build(weights.read(FIXTURES / "tiny_face.pt"))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    attributes = {id(module): set(vars(module)) for module in network.modules()}
    network(torch.rand(1, 3, 64, 64))
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in before.items())
    assert attributes == {id(module): set(vars(module)) for module in network.modules()}
