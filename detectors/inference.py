"""Running a detector under ComfyUI's memory management."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import comfy.model_management as memory
import comfy.model_patcher
import comfy.utils
import torch

from ..detailer.detection import Detections
from .detector import Nested, Vocabulary, limit_to
from .mediapipe.inside import Inside, find_inside
from .mediapipe.landmarks import Shape
from .registry import find
from .roll import Rolls
from .scan import Scan, Scanner
from .turned import Turner


@dataclass(frozen=True)
class Request:
    """What is asked of a detector. `classes`: labels that are wanted; none: all it knows.

    `lowest`: look for objects below `confidence` too, down to this, where those above it stay exactly as they are.
    """

    confidence: float = 0.3
    scan: Scan = "off"
    download_missing: bool = False
    classes: tuple[str, ...] = ()
    lowest: float | None = None


def detect(name: str, images: torch.Tensor, request: Request) -> Detections:
    """Run the detector `name` on [B, H, W, 3 or more] images, and on tiles of them; its own lowest threshold applies.

    Raises ValueError for an unknown name or a weights file that cannot be used.
    """
    entry = find(name)
    threshold = entry.threshold(request.confidence)
    if request.download_missing:
        entry.fetch(_download_bar())
    opened = entry.open()
    limit_to(opened, request.classes)
    nested = request.scan == "off" and isinstance(opened, Nested) and opened.nested
    if nested and request.lowest is not None:
        threshold = threshold.at(min(threshold.asked, request.lowest))
    turned = request.scan == "turned"
    detector = Turner(opened) if turned else Scanner(opened, request.scan, entry.reach)
    with _placed(list(detector.networks)):
        found = detector.detect(images[..., :3], threshold.applied)
    _, height, width, _ = images.shape
    classes = tuple(opened.names) if isinstance(opened, Vocabulary) else ()
    return Detections(width, height, tuple(map(tuple, found)), name, threshold, classes, nested).numbered()


def with_rolls(images: torch.Tensor, detections: Detections) -> Detections:
    """The objects of [B, H, W, 3 or more] images, each with which way up it is."""
    if not detections.count:
        return detections
    rolls = Rolls()
    with _placed(list(rolls.networks)):
        pairs = zip(images[..., :3], detections.images, strict=True)
        return detections.with_images([rolls.estimated(image, found) for image, found in pairs])


def landmarks(landmarker: Inside, images: torch.Tensor, objects: Detections) -> list[list[Shape]]:
    """What a landmark network sees in the box of each object of [B, H, W, 3 or more] images, in their order."""
    with _placed(list(landmarker.networks)):
        pairs = zip(images[..., :3], objects.images, strict=True)
        return [find_inside(landmarker, image, found) for image, found in pairs]


def _download_bar() -> Callable[[int, int], None]:
    bar = comfy.utils.ProgressBar(1)
    return lambda have, total: bar.update_absolute(have, total)


@contextmanager
def _placed(networks: list[torch.nn.Module]) -> Iterator[None]:
    """The networks on the compute device, where they share its memory with the diffusion models."""
    patcher = comfy.model_patcher.CoreModelPatcher(
        torch.nn.ModuleList(networks),
        load_device=memory.get_torch_device(),
        offload_device=memory.unet_offload_device(),
    )
    memory.load_model_gpu(patcher)
    yield  # the patcher lives as long: ComfyUI warns of a leak where a network outlives it
