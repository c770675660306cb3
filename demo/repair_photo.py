"""Breaks the face of a real photo, repairs it in a real, headless ComfyUI, and says in numbers what has become of it.

CHECKPOINT=/path/to/model.safetensors repairs with that SD1.5 model; PHOTO=/path/to/photo another photo, as it is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from outcome import Outcome, table, verify
from PIL import Image
from rig import checkpoints, example
from rig.comfyui import ROOT
from rig.make import MODELS_CACHE
from rig.photos import FaceBox
from rig.server import ComfyServer, Event
from sheets import repair_sheet, stages_sheet

HERE = Path(__file__).resolve().parent
WORKFLOW = ROOT / "workflows" / "api" / "detail-faces-sd15.json"
# Nodes of the workflow, by their ids there.
PHOTO, CHECKPOINT, DETAILER, SAVED, REGIONS, DETECTIONS, MASK = "1", "2", "5", "6", "7", "8", "10"

PICTURES = {
    "after": SAVED,
    "detections": DETECTIONS,
    "mask": MASK,
    "support": "support image",
    "crop": "crop image",
    "repaired crop": "repaired image",
}


class Task(NamedTuple):
    """A photo to repair; if its face was broken here, the unbroken photo and where the face is."""

    photo: Image.Image
    unbroken: Image.Image | None = None
    face: FaceBox | None = None


class Model(NamedTuple):
    """A checkpoint in the models folder, and what is set on the node for it."""

    checkpoint: str
    widgets: dict[str, Any]
    is_small: bool


def main() -> None:
    model, task = prepare_model(), prepare_photo()
    print("Starting ComfyUI ...")
    with ComfyServer(MODELS_CACHE, nano=True) as comfy:
        prompt = build_prompt(comfy.upload(task.photo, "photo.png"), model)
        entry = comfy.run(prompt, timeout=3600, on_progress=show_progress)
        print()
        pictures = {name: comfy.images(entry, node)[0].convert("RGB") for name, node in PICTURES.items()}
    result = entry["outputs"][DETAILER]
    report = json.loads(result["report"][0])
    save(task, pictures, report)
    tell(report, model)
    outcome = Outcome(task.photo, pictures["after"], pictures["support"], task.unbroken, task.face)
    if task.face is not None:
        print(table(outcome))
    verify(outcome, result, report, must_be_better=model.is_small)


def prepare_model() -> Model:
    given = os.environ.get("CHECKPOINT")
    if not given:
        checkpoints.ensure(Path(example.FACE_MODEL).stem, MODELS_CACHE / "checkpoints")
        return Model(example.FACE_MODEL, example.WIDGETS, is_small=True)
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        sys.exit(f"CHECKPOINT is {given}, which is no file: give the path of an SD1.5 checkpoint.")
    link = MODELS_CACHE / "checkpoints" / path.name
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(path)
    return Model(path.name, {}, is_small=False)


def prepare_photo() -> Task:
    given = os.environ.get("PHOTO")
    if not given:
        return Task(example.broken(), example.unbroken(), example.FACE)
    try:
        return Task(Image.open(given).convert("RGB"))
    except OSError as error:
        sys.exit(f"PHOTO is {given}, which cannot be read as a picture: {error}.")


def build_prompt(name: str, model: Model) -> dict[str, Any]:
    """The shipped workflow with this photo and checkpoint; besides, the mask's exact support and the crops."""
    prompt = json.loads(WORKFLOW.read_text())
    prompt[PHOTO]["inputs"]["image"] = name
    prompt[CHECKPOINT]["inputs"]["ckpt_name"] = model.checkpoint
    prompt[DETAILER]["inputs"] |= model.widgets
    masking = {widget: model.widgets[widget] for widget in ("mask_dilation", "mask_blur") if widget in model.widgets}
    prompt[REGIONS]["inputs"] |= masking
    return prompt | {
        "support": {"class_type": "ThresholdMask", "inputs": {"mask": [DETAILER, 1], "value": 0.0}},
        "as image": {"class_type": "MaskToImage", "inputs": {"mask": ["support", 0]}},
        "support image": {"class_type": "PreviewImage", "inputs": {"images": ["as image", 0]}},
        "crop": {"class_type": "AfterDetailCrop", "inputs": {"image": ["1", 0], "regions": [REGIONS, 0]}},
        "crop image": {"class_type": "PreviewImage", "inputs": {"images": ["crop", 0]}},
        "repaired": {"class_type": "AfterDetailCrop", "inputs": {"image": [DETAILER, 0], "regions": [REGIONS, 0]}},
        "repaired image": {"class_type": "PreviewImage", "inputs": {"images": ["repaired", 0]}},
    }


def show_progress(event: Event) -> None:
    if event.type == "text":
        print(f"\r  {event.data['text']}   ", end="", flush=True)


def save(task: Task, pictures: dict[str, Image.Image], report: dict[str, Any]) -> None:
    """The pictures into the folder of the demo: before is the photo unbroken, broken what was repaired."""
    named = {name: pictures[name] for name in ("after", "detections", "mask")} | {"broken": task.photo}
    stages = {"photo": task.photo, **pictures}
    if task.unbroken is not None and task.face is not None:
        named["before"] = task.unbroken
        three = {"before": task.unbroken, "broken": task.photo, "after": pictures["after"]}
        named["repair"] = repair_sheet(three, task.face)
    named["stages"] = stages_sheet(stages)
    for name, picture in named.items():
        picture.save(HERE / f"{name}.png")
    (HERE / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"Written to demo/: {', '.join(f'{name}.png' for name in named)}, report.json")


def tell(report: dict[str, Any], model: Model) -> None:
    (image,) = report["images"]
    print(f"Found {image['num_objects_detected']}, repaired {image['num_objects_inpainted']}:")
    for item in image["objects"]:
        why = f" ({item['reason']})" if item["reason"] else ""
        size = "x".join(map(str, item["sampled_at"] or ()))
        print(f"  {item['label']} {item['score']:.2f} at {item['box']}, sampled at {size}: {item['status']}{why}")
    if model.is_small:
        print(
            "The model is a small one of 6 million weights that knows faces only; with yours:\n"
            "  CHECKPOINT=/path/to/an-sd15-model.safetensors make demo"
        )


if __name__ == "__main__":
    main()
