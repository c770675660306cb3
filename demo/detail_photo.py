"""Repairs the faces of a real photo in a real, headless ComfyUI, and checks the result.

CHECKPOINT=/path/to/model.safetensors uses that SD1.5 model; PHOTO=/path/to/photo another photo.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from rig import checkpoints
from rig.comfyui import ROOT
from rig.make import MODELS_CACHE
from rig.server import ComfyServer, Event
from skimage import data

HERE = Path(__file__).resolve().parent
WORKFLOW = ROOT / "workflows" / "api" / "detail-faces-sd15.json"
TINY = "tiny-sd15"

# Nodes of the workflow, by their ids there.
PHOTO, CHECKPOINT, DETAILER, SAVED, REGIONS, DETECTIONS, MASK = "1", "2", "5", "6", "7", "8", "10"

PICTURES = {
    "after": SAVED,
    "detections": DETECTIONS,
    "mask": MASK,
    "support": "support image",
    "crop": "crop image",
    "repainted crop": "repainted image",
}


def main() -> None:
    models, checkpoint, is_tiny = prepare_checkpoint()
    photo = load_photo()
    photo.save(HERE / "before.png")
    print("Starting ComfyUI ...")
    with ComfyServer(models) as comfy:
        prompt = build_prompt(comfy.upload(photo, "photo.png"), checkpoint)
        entry = comfy.run(prompt, timeout=3600, on_progress=show_progress)
        print()
        pictures = {name: comfy.images(entry, node)[0] for name, node in PICTURES.items()}
    result = entry["outputs"][DETAILER]
    report = json.loads(result["report"][0])
    for name in ("after", "detections", "mask"):
        pictures[name].save(HERE / f"{name}.png")
    stages = {"before": photo, **{name: picture for name, picture in pictures.items() if name != "support"}}
    side_by_side(stages).save(HERE / "stages.png")
    (HERE / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    tell(report, is_tiny)
    verify(photo, pictures["after"], pictures["support"], result, report)


def prepare_checkpoint() -> tuple[Path, str, bool]:
    """(models folder, checkpoint name, whether it is the tiny one)."""
    given = os.environ.get("CHECKPOINT")
    if not given:
        print("Making a tiny SD1.5 checkpoint ...")
        return MODELS_CACHE, checkpoints.ensure(TINY, MODELS_CACHE / "checkpoints").name, True
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        sys.exit(f"CHECKPOINT is {given}, which is no file: give the path of an SD1.5 checkpoint.")
    link = MODELS_CACHE / "checkpoints" / path.name
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(path)
    return MODELS_CACHE, path.name, False


def load_photo() -> Image.Image:
    given = os.environ.get("PHOTO")
    if not given:
        return Image.fromarray(data.astronaut())  # NASA's photo of Eileen Collins, public domain
    try:
        return Image.open(given).convert("RGB")
    except OSError as error:
        sys.exit(f"PHOTO is {given}, which cannot be read as a picture: {error}.")


def build_prompt(photo: str, checkpoint: str) -> dict[str, Any]:
    """The shipped workflow with this photo and checkpoint; besides, the mask's exact support and the crops."""
    prompt = json.loads(WORKFLOW.read_text())
    prompt[PHOTO]["inputs"]["image"] = photo
    prompt[CHECKPOINT]["inputs"]["ckpt_name"] = checkpoint
    return prompt | {
        "support": {"class_type": "ThresholdMask", "inputs": {"mask": [DETAILER, 1], "value": 0.0}},
        "as image": {"class_type": "MaskToImage", "inputs": {"mask": ["support", 0]}},
        "support image": {"class_type": "PreviewImage", "inputs": {"images": ["as image", 0]}},
        "crop": {"class_type": "AfterDetailCrop", "inputs": {"image": ["1", 0], "regions": [REGIONS, 0]}},
        "crop image": {"class_type": "PreviewImage", "inputs": {"images": ["crop", 0]}},
        "repainted": {"class_type": "AfterDetailCrop", "inputs": {"image": [DETAILER, 0], "regions": [REGIONS, 0]}},
        "repainted image": {"class_type": "PreviewImage", "inputs": {"images": ["repainted", 0]}},
    }


def side_by_side(pictures: dict[str, Image.Image], side: int = 320) -> Image.Image:
    """The stages in the order of the work, each with its name."""
    order = ("before", "detections", "mask", "crop", "repainted crop", "after")
    sheet = Image.new("RGB", (3 * side, 2 * (side + 24)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(order):
        x, y = place % 3 * side, place // 3 * (side + 24)
        sheet.paste(ImageOps.contain(pictures[name].convert("RGB"), (side - 4, side)), (x, y + 24))
        draw.text((x + 4, y + 4), f"{place + 1}. {name}", fill="black", font=ImageFont.load_default(size=14))
    return sheet


def show_progress(event: Event) -> None:
    if event.type == "text":
        print(f"\r  {event.data['text']}   ", end="", flush=True)


def tell(report: dict[str, Any], is_tiny: bool) -> None:
    (image,) = report["images"]
    print(f"Found {image['num_objects_detected']}, repaired {image['num_objects_inpainted']}:")
    for item in image["objects"]:
        why = f" ({item['reason']})" if item["reason"] else ""
        size = "x".join(map(str, item["sampled_at"] or ()))
        print(f"  {item['label']} {item['score']:.2f} at {item['box']}, sampled at {size}: {item['status']}{why}")
    print("Written to demo/: before.png, detections.png, mask.png, after.png, stages.png, report.json")
    if is_tiny:
        print(
            "The checkpoint was a tiny one with random weights: this shows the plumbing, not the beauty.\n"
            "CHECKPOINT=/path/to/an-sd15-model.safetensors make demo shows what a real model makes of it."
        )


def verify(
    before: Image.Image, after: Image.Image, support: Image.Image, result: dict[str, Any], report: dict[str, Any]
) -> None:
    """Exit with status 1 unless only pixels under the mask have changed and the counts agree."""
    old, new = np.asarray(before), np.asarray(after.convert("RGB"))
    inside = np.asarray(support.convert("L")) > 0
    changed = (old != new).any(-1)
    checks = {
        "every pixel outside the mask is bit-identical": not changed[~inside].any(),
        "pixels inside the mask have changed": changed[inside].mean() > 0.5,
        "the counts in the history are those of the report": all(
            result[name] == [image[name] for image in report["images"]]
            for name in ("num_objects_detected", "num_objects_inpainted", "num_removed_for_safety")
        ),
        "every face that was found has been repaired": result["num_objects_inpainted"]
        == result["num_objects_detected"],
        "there was a face": result["num_objects_detected"][0] > 0,
    }
    for check, holds in checks.items():
        print(f"  {'ok' if holds else 'NOT TRUE'}: {check}")
    if not all(checks.values()):
        sys.exit("The demo did not do what it should: see the lines above.")


if __name__ == "__main__":
    main()
