"""A YOLO file as a detector: images in, boxes and masks in image pixels out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torchvision.ops import batched_nms

from ...detailer.box import Box
from ...detailer.detection import Detection, Extent
from ...detailer.mask import MaskPatch
from . import checkpoint
from .build import build, labels
from .letterbox import Letterbox
from .network import Output, Yolo
from .onnx import ONNX, OnnxNetwork, open_network

BATCH = 8
"""Images per run of the network: enough to fill a GPU, few enough for a small one."""

MAX_OVERLAP = 0.7
"""Of two boxes of one class that overlap more (intersection over union), the better one stays."""

MAX_DETECTIONS = 300


class YoloDetector:
    """Nothing changes after it is made, so threads may share it."""

    def __init__(self, network: Yolo | OnnxNetwork, names: Sequence[str]):
        self._network, self._names = network, tuple(names)

    @staticmethod
    def open(path: Path) -> YoloDetector:
        """The detector in a .safetensors, .pt or .onnx file. CheckpointError, OtherArchitecture say why it is none."""
        if path.suffix.lower() == ONNX:
            exported = open_network(path)
            return YoloDetector(exported, exported.names)
        file = checkpoint.read(path)
        network = build(file)
        return YoloDetector(network, labels(file, network.head.classes))

    @property
    def networks(self) -> Sequence[torch.nn.Module]:
        """The one network."""
        return (self._network,)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes it tells apart."""
        return self._names

    @property
    def nested(self) -> bool:
        """Suppression is greedy, best first. Masks are one matrix product, whose last bits depend on their number."""
        return not self._network.masks

    @torch.no_grad()
    def detect(self, images: torch.Tensor, confidence: float) -> list[list[Detection]]:
        """Detections of [B, H, W, 3] images (float, 0..1, any device) with score >= confidence, best first.

        Masks are on the CPU. An object whose mask is empty is left out: there is nothing of it to repair.
        """
        height, width = images.shape[1:3]
        letterbox = Letterbox.of(width, height)
        parameter = next(self._network.parameters())
        found: list[list[Detection]] = []
        for start in range(0, len(images), BATCH):
            batch = images[start : start + BATCH]
            # One image at a time is turned to float and scaled where it lies; only the small input is moved.
            inputs = [letterbox.apply(image[None].movedim(-1, 1).float()) for image in batch]
            output = self._network(torch.cat(inputs).to(parameter))
            found += [list(self._detections(output, i, letterbox, confidence)) for i in range(len(batch))]
        return found

    def _detections(self, output: Output, i: int, letterbox: Letterbox, confidence: float) -> Iterator[Detection]:
        """The objects of image `i` of a batch, best first."""
        scores, classes = output.scores[i].max(1)
        likely = (scores >= confidence) & output.boxes[i].isfinite().all(1)
        at = likely.nonzero()[:, 0]
        # The few that are left go to the CPU: not every device has torchvision's NMS.
        boxes, scores, classes = output.boxes[i, at].cpu(), scores[at].cpu(), classes[at].cpu()
        keep = (
            scores.argsort(descending=True, stable=True)
            if self._network.single
            else batched_nms(boxes, scores, classes, MAX_OVERLAP)
        )
        keep = keep[:MAX_DETECTIONS]
        masks = _mask_logits(output, i, at[keep.to(at.device)])
        extents = letterbox.boxes_in_image(boxes[keep]).tolist()
        for score, label, extent, mask in zip(
            scores[keep].tolist(), classes[keep].tolist(), extents, masks, strict=True
        ):
            if extent[2] > extent[0] and extent[3] > extent[1]:  # not wholly in the grey border
                found = _detection(Extent(*extent), score, self._names[label], letterbox, mask)
                if found is not None:
                    yield found


def _mask_logits(output: Output, i: int, at: torch.Tensor) -> Iterable[torch.Tensor | None]:
    """The mask of each object of image `i`, at stride 4 of the input, on the CPU; None for each without masks."""
    if output.coefficients is None or output.prototypes is None:
        return [None] * len(at)
    return torch.einsum("nm,mhw->nhw", output.coefficients[i, at], output.prototypes[i]).cpu()


def _detection(
    extent: Extent, score: float, label: str, letterbox: Letterbox, mask: torch.Tensor | None
) -> Detection | None:
    """One object; None if no pixel of the image belongs to it."""
    if mask is None:
        return Detection.of_extent(extent, score, label, letterbox.width, letterbox.height)
    box = mask_box(extent, letterbox.width, letterbox.height)
    if box.area == 0:
        return None
    inside = letterbox.mask_in_box(mask, box)
    return Detection(box, score, label, extent, MaskPatch(box, inside.float())) if inside.any() else None


def mask_box(extent: Extent, width: int, height: int) -> Box:
    """The pixels that the mask of a segmentation network is cut to: those whose upper left corner is in the extent."""
    x0, y0, x1, y1 = (math.ceil(side) for side in extent)
    return Box(x0, y0, x1, y1).intersection(Box.of_size(width, height))
