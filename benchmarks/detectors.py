"""Detectors side by side with the packages they replace: the same picture on the same cores, one after the other.

Every detector runs in a process of its own, so that its memory is its own too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from references.pictures import TEMPLATES, template
from rig.comfyui import ROOT
from timing import BATCHES, SIZES

HERE = Path(__file__).resolve().parent
MEDIAPIPE_PYTHON = ROOT / ".venv-mediapipe-1.2.2" / "bin" / "python"
MEDIAPIPE = {  # the rows, and what each takes of ours and of the package
    "face_full_mediapipe": ("face_full_mediapipe", ["face_full"]),
    "face_short_mediapipe": ("face_short_mediapipe", ["face_short"]),
    "face_mesh_mediapipe": ("face_mesh_mediapipe", ["face_full", "face_mesh"]),
    "the same, short detector only": ("short mesh", ["face_mesh"]),
    "hand_mediapipe": ("hand_mediapipe", ["hand"]),
}
PICTURE = "open_hands"  # one face, one hand
ULTRALYTICS = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}

Figures = dict[str, Any] | None


def main() -> None:
    os.environ.pop("OMP_NUM_THREADS", None)  # as many threads as there are cores to run on, as for any user
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures.npz"
        np.savez(pictures, allow_pickle=False, **{str(size): resized(size) for size in SIZES})
        yolo = random_yolo(Path(folder) / "yolov8n.pt")
        for title in on_all_cores_and_on_one():
            print(f"{title}:\n\n{table(measured(pictures, yolo))}\n")
    print(" ".join(remarks(yolo)))


def on_all_cores_and_on_one() -> Iterator[str]:
    """Limits this process and those that it starts; the packages cannot all be told how many threads to use."""
    if not hasattr(os, "sched_setaffinity"):
        yield "All cores"
        return
    cores = os.sched_getaffinity(0)
    yield f"All {len(cores)} cores"
    os.sched_setaffinity(0, {max(cores)})
    yield "One core"
    os.sched_setaffinity(0, cores)


def measured(pictures: Path, yolo: Path | None) -> dict[str, tuple[Figures, Figures]]:
    rows = {row: (ours(name, pictures), mediapipe(tasks, pictures)) for row, (name, tasks) in MEDIAPIPE.items()}
    if yolo:
        rows["yolov8n, random weights"] = ours(f"yolo:{yolo}", pictures), ours(f"ultralytics:{yolo}", pictures)
    return rows


def resized(size: int) -> np.ndarray:
    picture = Image.fromarray(template(TEMPLATES[PICTURE]))
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))


def ours(name: str, pictures: Path) -> Figures:
    return figures([sys.executable, HERE / "detectors_own.py", name, pictures], os.environ | ULTRALYTICS)


def mediapipe(tasks: list[str], pictures: Path) -> Figures:
    if not MEDIAPIPE_PYTHON.exists():
        return None
    [modules] = ROOT.glob(".venv-mediapipe-0.10.21/lib/python*/site-packages/mediapipe/modules")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "references")}
    return figures([MEDIAPIPE_PYTHON, HERE / "detectors_package.py", pictures, modules, *tasks], environment)


def figures(command: list[Any], environment: dict[str, str]) -> Figures:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{command[1:3]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def random_yolo(path: Path) -> Path | None:
    """A YOLOv8n file as ultralytics saves it: how long a network takes does not depend on its weights."""
    if not importlib.util.find_spec("ultralytics") or not importlib.util.find_spec("afterdetail.detectors.yolo"):
        return None
    code = f"from ultralytics import YOLO; YOLO('yolov8n.yaml').save({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], env=os.environ | ULTRALYTICS, capture_output=True, check=True)
    return path


def table(rows: dict[str, tuple[Figures, Figures]]) -> str:
    """Each cell: this pack / the package."""
    titles = [f"{size} px, {batch} at a time" for size in SIZES for batch in BATCHES]
    lines = ["| ms per image: ours / package | " + " | ".join([*titles, "to open", "memory", "found"]) + " |"]
    lines.append("|---" * (len(titles) + 4) + "|")
    for name, pair in rows.items():
        keys = [f"{size} {batch}" for size in SIZES for batch in BATCHES]
        cells = [both(pair, lambda f, key=key: f"{f['times'][key]:.1f}") for key in keys]
        cells.append(both(pair, lambda f: f"{f['opening']:.0f} ms"))
        cells.append(both(pair, lambda f: f"{f['memory']:.0f} MB"))
        cells.append(both(pair, lambda f: str(f["found"])))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def both(pair: tuple[Figures, Figures], cell: Any) -> str:
    return " / ".join(cell(figures) if figures else "-" for figures in pair)


def remarks(yolo: Path | None) -> list[str]:
    lines = []
    if not MEDIAPIPE_PYTHON.exists():
        lines.append("mediapipe was not measured: tests/references/mediapipe_venvs.sh installs it.")
    if not yolo:
        lines.append("YOLO was not measured: it takes this pack's YOLO network and the package ultralytics.")
    return lines


if __name__ == "__main__":
    main()
