"""Trains the tiny YOLOv8 fixtures on drawn faces, on the CPU, in about six minutes each.

From the folder tests:

    python -m references.train_tiny_yolo WORK_FOLDER detect|segment

Needs ultralytics, matplotlib and polars. Writes WORK_FOLDER/tiny_face.pt or tiny_face-seg.pt; the .safetensors twin
is made by `python -m afterdetail.detectors convert`. ultralytics stamps its licence, AGPL-3.0, into what it saves.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from fixtures.drawn_faces import Face, draw

SIZE = 256
POINTS = np.linspace(0, 2 * np.pi, 32, endpoint=False)


def label(face: Face, segment: bool) -> str:
    """One line of a YOLO label file: class 0 and the outline or the box, in shares of the image."""
    if segment:
        x, y = face.x + face.a * np.cos(POINTS), face.y + face.b * np.sin(POINTS)
        numbers = np.stack([x, y], 1).ravel()
    else:
        numbers = np.array([face.x, face.y, 2 * face.a, 2 * face.b])
    return " ".join(["0", *(f"{n:.5f}" for n in (numbers / SIZE).clip(0, 1))])


def write_set(folder: Path, segment: bool) -> Path:
    """Draw the images and labels; the path of the data set's description."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for part, count in (("train", 240), ("val", 16)):
        for kind in ("images", "labels"):
            (folder / kind / part).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image, faces = draw(rng, SIZE, SIZE, int(rng.integers(0, 4)), (0.025, 0.42))
            Image.fromarray((image * 255).round().astype(np.uint8)).save(folder / "images" / part / f"{i}.png")
            (folder / "labels" / part / f"{i}.txt").write_text("\n".join(label(f, segment) for f in faces))
    description = folder / "data.yaml"
    description.write_text(f"path: {folder}\ntrain: images/train\nval: images/val\nnames:\n  0: face\n")
    return description


def main(folder: Path, task: str) -> None:
    folder = folder.resolve()
    os.environ.update(
        YOLO_CONFIG_DIR=str(folder), YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", ULTRALYTICS_SAFE_LOAD="1"
    )
    import yaml
    from ultralytics import YOLO
    from ultralytics.nn.tasks import yaml_model_load

    segment = task == "segment"
    data = write_set(folder / f"set-{task}", segment)
    network = yaml_model_load("yolov8-seg.yaml" if segment else "yolov8.yaml")
    network.update(nc=1, scale="n", scales={"n": [0.1, 0.0625, 256]})
    for key in ("yaml_file", "ch"):
        network.pop(key, None)
    description = folder / f"tiny-{task}.yaml"
    description.write_text(yaml.safe_dump(network))
    YOLO(str(description), task=task).train(
        data=str(data),
        epochs=40,
        imgsz=SIZE,
        batch=8,
        device="cpu",
        workers=0,
        seed=0,
        cache="ram",
        amp=False,
        val=False,
        plots=False,
        mosaic=0.0,
        scale=0.3,
        hsv_h=0.0,
        hsv_s=0.2,
        hsv_v=0.2,
        optimizer="AdamW",
        lr0=0.01,
        warmup_epochs=1,
        project=str(folder),
        name=task,
        exist_ok=True,
        verbose=False,
    )
    save_bare(folder / task / "weights" / "last.pt", folder / ("tiny_face-seg.pt" if segment else "tiny_face.pt"))


def save_bare(trained: Path, target: Path) -> None:
    """Save the network without what training notes about the machine: arguments, folders, the git checkout."""
    from ultralytics import YOLO

    model: Any = YOLO(str(trained))
    model.ckpt = {}
    model.model.args = {}
    model.model.pt_path = None
    model.model.yaml.pop("yaml_file", None)
    model.save(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
