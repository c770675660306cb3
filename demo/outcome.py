"""What has become of the demo's photo: numbers, and checks that end the demo with status 1 where one fails."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from rig.judge import Judge, landmark_error, psnr
from rig.photos import FaceBox


class Figures(NamedTuple):
    """Of the detector 0..1, in distances between the eyes, in decibels."""

    score: float
    landmark_error: float
    psnr: float


class Outcome:
    """The photo before and after its repair, where the mask was, and how the photo was before its face was broken."""

    def __init__(
        self,
        photo: Image.Image,
        after: Image.Image,
        support: Image.Image,
        unbroken: Image.Image | None,
        face: FaceBox | None,
    ):
        self.photo, self.after = np.asarray(photo.convert("RGB")), np.asarray(after)
        self.inside = np.asarray(support.convert("L")) > 0
        self.unbroken, self.face = unbroken, face

    @cached_property
    def figures(self) -> dict[str, Figures]:
        """Of the broken and of the repaired face; empty if nothing was broken."""
        if self.unbroken is None or self.face is None:
            return {}
        judge, face = Judge(), self.face
        true = as_tensor(np.asarray(self.unbroken))
        mesh = judge.look(true, face).points
        rows, columns = np.nonzero(self.inside)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)

        def of(pixels: np.ndarray) -> Figures:
            image = as_tensor(pixels)
            seen = judge.look(image, face)
            return Figures(seen.score, landmark_error(seen.points, mesh), psnr(image, true, box))

        return {"broken": of(self.photo), "repaired": of(self.after)}

    def is_better(self) -> bool:
        """Whether every figure of the repaired face is better than that of the broken one."""
        broken, repaired = self.figures["broken"], self.figures["repaired"]
        return (
            repaired.score > broken.score
            and repaired.landmark_error < broken.landmark_error
            and repaired.psnr > broken.psnr
        )


def table(outcome: Outcome) -> str:
    """The figures in lines."""
    lines = ["  face      score   landmark error   PSNR to the unbroken"]
    for name, (score, error, decibels) in outcome.figures.items():
        lines.append(f"  {name:9} {score:.3f}   {error:.3f} eye dist.   {decibels:.2f} dB")
    return "\n".join(lines)


def verify(outcome: Outcome, result: dict[str, Any], report: dict[str, Any], must_be_better: bool) -> None:
    """Exit with status 1 unless only pixels under the mask have changed, the counts agree, and the face is mended."""
    changed = (outcome.photo != outcome.after).any(-1)
    checks = {
        "every pixel outside the mask is bit-identical": not changed[~outcome.inside].any(),
        "pixels inside the mask have changed": changed[outcome.inside].mean() > 0.5,
        "the counts in the history are those of the report": all(
            result[name] == [image[name] for image in report["images"]]
            for name in ("num_objects_detected", "num_objects_inpainted", "num_removed_for_safety")
        ),
        "every face that was found has been repaired": result["num_objects_inpainted"]
        == result["num_objects_detected"],
        "there was a face": result["num_objects_detected"][0] > 0,
    }
    if must_be_better and outcome.figures:
        checks["the repaired face is better than the broken one in every figure"] = outcome.is_better()
    for check, holds in checks.items():
        print(f"  {'ok' if holds else 'NOT TRUE'}: {check}")
    if not all(checks.values()):
        sys.exit("The demo did not do what it should: see the lines above.")


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    """[H, W, 3] of 8 bits in 0..1."""
    return torch.from_numpy(pixels.copy()).float() / 255
