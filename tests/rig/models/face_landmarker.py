"""A file for ComfyUI's Load Face Detection Model (MediaPipe): real face detectors, and a stand-in for the rest.

The detectors are this pack's own weights, put into ComfyUI's networks. The face mesh, whose weights are not at hand,
is a constant: an oval as large as the detector's box, with eyes, brows, lips and nose in it. So the faces that come out
are those of the real detectors, their outlines are drawn.
"""

import math

import torch
from afterdetail.detectors.mediapipe.graph import GraphNet
from afterdetail.detectors.weights import FOLDER
from comfy_extras.mediapipe.face_landmarker import BlazeFace, BlazeFaceFullRange, FaceBlendshapes, FaceMesh
from torch import nn

from ..checkpoints.random_tensors import RandomTensors, random_state_dict

DETECTORS: dict[str, type[nn.Module]] = {"short": BlazeFace, "full": BlazeFaceFullRange}
MESH_SIDE = 192  # the mesh's input, 1.5 times the detector's box
BOX_SIDE = MESH_SIDE / 1.5
# Each part is a ring of points: centre x, y and radii in halves of the detector's box, and how many points.
RINGS = {
    "face_oval": (0.0, 0.0, 1.0, 1.0, 36),
    "left_eye": (0.4, -0.3, 0.2, 0.1, 16),
    "right_eye": (-0.4, -0.3, 0.2, 0.1, 16),
    "left_eyebrow": (0.4, -0.55, 0.25, 0.05, 10),
    "right_eyebrow": (-0.4, -0.55, 0.25, 0.05, 10),
    "lips": (0.0, 0.5, 0.35, 0.15, 20),
    "irises": (0.4, -0.3, 0.07, 0.07, 8),
    "nose": (0.0, 0.0, 0.1, 0.2, 12),
}


def face_landmarker_state_dict(random: RandomTensors) -> dict[str, torch.Tensor]:
    points, rings = landmarks()
    mesh = {key: torch.zeros(tensor.shape) for key, tensor in FaceMesh().state_dict().items()}
    mesh["head_landmarks.bias"] = points.flatten()
    sd = {f"mesh.{key}": tensor for key, tensor in mesh.items()}
    sd |= {f"blendshapes.{key}": tensor for key, tensor in random_state_dict(FaceBlendshapes(), random).items()}
    for variant, network in DETECTORS.items():
        sd |= {f"detector_{variant}.{key}": tensor for key, tensor in detector_state_dict(variant, network()).items()}
    sd |= {f"topology.{part}": edges for part, edges in rings.items()} | {"topology.tesselation": rings["face_oval"]}
    return sd | {
        "canonical_vertices": (points - points.mean(0)) / BOX_SIDE * 14,  # centimetres
        "procrustes_indices": torch.arange(36, dtype=torch.int32),
        "procrustes_weights": torch.ones(36),
    }


def landmarks() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """[478, 3] points in the mesh's input, and each part's edges [N, 2]; points of no part lie in the middle."""
    points = torch.full((FaceMesh.NUM_LANDMARKS, 3), MESH_SIDE / 2)
    points[:, 2] = 0
    edges, start = {}, 0
    for part, (x, y, rx, ry, count) in RINGS.items():
        for i in range(count):
            angle = 2 * math.pi * i / count
            place = torch.tensor([x + rx * math.cos(angle), y + ry * math.sin(angle), 0.2 * math.cos(2 * angle)])
            points[start + i] += place * BOX_SIDE / 2
        ring = torch.arange(count, dtype=torch.int32)
        edges[part] = start + torch.stack([ring, ring.roll(-1)], 1)
        start += count
    return points, edges


def detector_state_dict(variant: str, network: nn.Module) -> dict[str, torch.Tensor]:
    """The pack's weights under the names of ComfyUI's network.

    Which convolution is which shows when both networks see one picture: the weights have the same shape, and what goes
    in has the same sum, whether it is padded already or not.
    """
    ours = GraphNet(FOLDER / f"face_detector_{variant}.safetensors")
    picture = torch.rand(1, 3, ours.size, ours.size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    convolutions = convolutions_of(ours, picture)

    def fill(layer: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, nn.Conv2d) and layer.bias is not None
        alike = [c for c in convolutions if c[0].shape == layer.weight.shape]
        weight, bias, _ = min(alike, key=lambda c: abs(c[2] - float(arguments[0].double().sum())))
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(fill)
    with torch.no_grad():
        found = network(picture)
        expected = {values.shape: values for values in ours(picture)}
    for values in found:
        if not torch.allclose(values, expected[values.shape], atol=1e-2):
            raise ValueError(f"ComfyUI's {variant} face detector and the pack's differ with the same weights.")
    return network.state_dict()


def convolutions_of(network: GraphNet, picture: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor, float]]:
    """Weight, bias and sum of the input of each convolution, as they are run."""
    values = {**dict(network.named_parameters()), network.entry: picture}
    convolutions = []
    for operation, inputs, output, arguments, _ in network.steps:
        given = [values[name] for name in inputs]
        if operation is torch.nn.functional.conv2d:
            convolutions.append((given[1], given[2], float(given[0].double().sum())))
        with torch.no_grad():
            values[output] = operation(*given, **arguments)
    return convolutions
