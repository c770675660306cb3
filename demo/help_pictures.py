"""Makes the pictures of the help pages with the nodes themselves; results in web/docs/images/.

The checkpoint is a tiny one with random weights: what it paints shows where a model paints, and not how well.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from afterdetail.detailer import styles
from afterdetail.detailer.box import Box
from afterdetail.nodes.adapters.segs import crop_region
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from rig import checkpoints, models, prompts
from rig.comfyui import ROOT
from rig.detailing import NANO, Bench
from rig.make import MODELS_CACHE
from rig.photos import FACES, face_patch, photo
from rig.prompts import Graph, node
from rig.server import ComfyServer
from safetensors.torch import save_file

IMAGES = ROOT / "web" / "docs" / "images"
WIDTH = 560  # twice that of the panel that ComfyUI shows help in: sharp, and the captions can be read
CAPTION_HEIGHT = 32
GAP = 8

Panels = dict[str, Any]
"""What is written under each panel, and the socket that gives its picture."""

IMAGE = ["image", 0]


def main() -> None:
    checkpoints.ensure_all(["nano-sd15"], MODELS_CACHE / "checkpoints")
    models.ensure_all(models.MODELS, MODELS_CACHE)
    probes = {"probe_nodes": ROOT / "tests" / "rig" / "probe_nodes"}
    with ComfyServer(MODELS_CACHE, nano=True, custom_nodes=probes) as comfy, TemporaryDirectory() as folder:
        bench = Bench(comfy, Path(folder))
        concept = comfy.base / "models" / "safety_concepts" / "concept.safetensors"
        concept.parent.mkdir(parents=True)
        save_file({"concepts": torch.ones(1, 768)}, concept)
        astronaut = photo("astronaut")
        scenes = {"astronaut": astronaut, "head": astronaut.crop((60, 0, 400, 300)), "group": group()}
        loaded = {name: bench.load(tensor_of(picture)) for name, picture in scenes.items()}
        spots = bench.load(soft_spots())
        for name, (scene, graph, panels) in PICTURES.items():
            save(name, drawn(bench, {"image": loaded[scene], "spots": spots} | graph, panels))
    save("AfterDetailStylePreset", style_cards(("base", "photographic", "anime", "line-art")))


def group() -> Image.Image:
    """Three faces of three sizes in front of a rocket."""
    canvas = photo("rocket")
    for height, left, top in ((140, 20, 165), (100, 275, 215), (72, 470, 260)):
        patch, _ = face_patch("astronaut", height)
        canvas.paste(ImageOps.mirror(patch) if height == 100 else patch, (left, top))
    return canvas.crop((0, 127, 640, 427))


def soft_spots() -> torch.Tensor:
    """Two painted spots with soft edges, as a mask [1, 512, 512]."""
    canvas = Image.new("L", (512, 512))
    ImageDraw.Draw(canvas).ellipse((165, 55, 285, 195), fill=255)
    ImageDraw.Draw(canvas).ellipse((345, 200, 430, 290), fill=255)
    return torch.from_numpy(np.array(canvas.filter(ImageFilter.GaussianBlur(5)))).float()[None] / 255


def find(**widgets: object) -> Graph:
    return {"detect": node("AfterDetailDetect", image=IMAGE, detector="face_full_mediapipe", **widgets)}


def mask_regions(name: str, **widgets: object) -> Graph:
    return {name: node("AfterDetailRegions", image=IMAGE, detections=["detect", 0], base_model="sd15", **widgets)}


def shown(name: str, **inputs: list) -> Graph:
    return {name: node("AfterDetailPreview", image=IMAGE, **inputs)}


def as_image(name: str, mask: list) -> Graph:
    return {name: node("MaskToImage", mask=mask)}


def objects_of(name: str, *boxes: Box, labels: tuple[str, ...] = ("object",)) -> Graph:
    """Boxes as a detector of ComfyUI's own would give them, and what becomes of them."""
    given = [
        {"x": box.x0, "y": box.y0, "width": box.width, "height": box.height, "label": label, "score": 1.0}
        for box, label in zip(boxes, labels * len(boxes), strict=False)
    ]
    return {
        f"{name} boxes": node("ProbeValue", text=json.dumps([given])),
        f"{name} found": node("AfterDetailFromBoxes", bboxes=[f"{name} boxes", 0], image=IMAGE),
    } | shown(name, detections=[f"{name} found", 0])


def crops_for_impact_pack() -> Graph:
    face = Box(*FACES["astronaut"])
    windows = [crop_region(face, factor, 512, 512) for factor in (1.0, 1.5, 3.0)]
    return objects_of("crops", *windows, labels=("object", "crop_factor 1.5", "crop_factor 3"))


def repaired(**widgets: object) -> Graph:
    """The detailer with a checkpoint of random weights."""
    links = {"image": IMAGE, "model": ["model", 0], "vae": ["model", 2]}
    texts = {"positive": ["positive", 0], "negative": ["negative", 0]}
    return prompts.checkpoint(NANO) | {
        "detail": node("AfterDetail", **links, **texts, detector="face_full_mediapipe", steps=4, **widgets)
    }


def checked(name: str, threshold: float) -> Graph:
    return {
        "vision": node("CLIPVisionLoader", clip_name="clip-vit-l.pt"),
        name: node(
            "AfterDetailSafety",
            image=IMAGE,
            clip_vision=["vision", 0],
            threshold=threshold,
            concepts="concept.safetensors",
        ),
    }


def lent(name: str, detector: str, output: int) -> Graph:
    """A detector as Impact Pack's nodes use it, and what it finds as objects."""
    return {
        f"{name} detector": node("AfterDetailDetectorProvider", detector=detector),
        f"{name} segs": node("ProbeImpact", detector=[f"{name} detector", output], image=IMAGE),
        f"{name} found": node("AfterDetailFromSEGS", segs=[f"{name} segs", 0], image=IMAGE),
    } | shown(name, detections=[f"{name} found", 0])


CROPS = mask_regions("regions", mask_dilation=24, mask_blur=8) | {
    "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
    "other": node("ImageInvert", image=["crop", 0]),
    "paste": node("AfterDetailPaste", image=IMAGE, regions=["crop", 2], crops=["other", 0]),
}

PICTURES: dict[str, tuple[str, Graph, Panels]] = {
    "AfterDetail": (
        "astronaut",
        find()
        | mask_regions("regions")
        | shown("window", regions=["regions", 0])
        | repaired(denoise=0.3)
        | as_image("mask", ["detail", 1]),
        {"image": IMAGE, "found, with its window": ["window", 0], "mask": ["mask", 0], "result": ["detail", 0]},
    ),
    "AfterDetailDetect": (
        "group",
        find() | shown("boxes", detections=["detect", 0]) | as_image("mask", ["detect", 1]),
        {"detections": ["boxes", 0], "mask": ["mask", 0]},
    ),
    "AfterDetailFilter": (
        "group",
        find()
        | {"filter": node("AfterDetailFilter", detections=["detect", 0], sort_by="area", max_num_detections=2)}
        | shown("all", detections=["detect", 0])
        | shown("kept", detections=["filter", 0]),
        {"all": ["all", 0], "sort_by area, max_num_detections 2": ["kept", 0]},
    ),
    "AfterDetailRegions": (
        "head",
        find()
        | mask_regions("a", mask_dilation=4, mask_blur=4)
        | mask_regions("b", mask_dilation=64, mask_blur=4)
        | mask_regions("c", mask_dilation=64, mask_blur=20)
        | shown("A", regions=["a", 0])
        | shown("B", regions=["b", 0])
        | shown("C", regions=["c", 0]),
        {"dilation 4, blur 4": ["A", 0], "dilation 64, blur 4": ["B", 0], "dilation 64, blur 20": ["C", 0]},
    ),
    "AfterDetailInpaint": (
        "astronaut",
        find()
        | mask_regions("regions")
        | repaired(denoise=0.2)
        | {
            "strong": repaired(denoise=0.5)["detail"],
        }
        | {
            "crop": node("AfterDetailCrop", image=IMAGE, regions=["regions", 0]),
            "weak crop": node("AfterDetailCrop", image=["detail", 0], regions=["regions", 0]),
            "strong crop": node("AfterDetailCrop", image=["strong", 0], regions=["regions", 0]),
        },
        {"window": ["crop", 0], "denoise 0.2": ["weak crop", 0], "denoise 0.5": ["strong crop", 0]},
    ),
    "AfterDetailCrop": (
        "group",
        find() | CROPS | shown("windows", regions=["regions", 0]),
        {"regions": ["windows", 0], "crops": ["crop", 0]},
    ),
    "AfterDetailPaste": (
        "group",
        find() | CROPS,
        {"crops, inverted by another node": ["other", 0], "pasted": ["paste", 0]},
    ),
    "AfterDetailPreview": (
        "group",
        find() | mask_regions("regions") | shown("a", detections=["detect", 0]) | shown("b", regions=["regions", 0]),
        {"detections": ["a", 0], "regions": ["b", 0]},
    ),
    "AfterDetailFromMask": (
        "astronaut",
        {
            "together": node("AfterDetailFromMask", mask=["spots", 1], split=False, image=IMAGE),
            "apart": node("AfterDetailFromMask", mask=["spots", 1], image=IMAGE),
        }
        | as_image("mask", ["spots", 1])
        | shown("A", detections=["apart", 0])
        | shown("B", detections=["together", 0]),
        {"mask": ["mask", 0], "split on": ["A", 0], "split off": ["B", 0]},
    ),
    "AfterDetailFromBoxes": (
        "astronaut",
        objects_of("drawn", Box(170, 60, 280, 190), Box(345, 200, 425, 290), labels=("face", "shuttle")),
        {"bboxes of any node": ["drawn", 0]},
    ),
    "AfterDetailFromSEGS": (
        "group",
        find()
        | {
            "segs": node("AfterDetailToSEGS", detections=["detect", 0], image=IMAGE),
            "found": node("AfterDetailFromSEGS", segs=["segs", 0], image=IMAGE),
        }
        | shown("objects", detections=["found", 0]),
        {"objects of the SEGS": ["objects", 0]},
    ),
    "AfterDetailToSEGS": ("astronaut", crops_for_impact_pack(), {"what Impact Pack cuts out": ["crops", 0]}),
    "AfterDetailDetectorProvider": (
        "head",
        lent("box", "face_full_mediapipe", 0) | lent("outline", "face_oval_mediapipe", 1),
        {"bbox_detector": ["box", 0], "segm_detector, face_oval": ["outline", 0]},
    ),
    "AfterDetailSafety": (
        "astronaut",
        checked("kept", 1.0) | checked("removed", -1.0),
        {"threshold 1: kept": ["kept", 0], "threshold -1: removed": ["removed", 0]},
    ),
}


def drawn(bench: Bench, graph: Graph, panels: Panels) -> Image.Image:
    """Run a graph, and set out the pictures that come of it."""
    tensors = bench.run(graph, **panels).tensors
    return set_out({caption: sheet_of(tensors[caption]) for caption in panels})


def sheet_of(images: torch.Tensor) -> Image.Image:
    """A batch [B, H, W, C] in a row."""
    return Image.fromarray((torch.cat([*images[..., :3]], 1) * 255).round().byte().numpy())


def tensor_of(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture.convert("RGB"))).float()[None] / 255


def set_out(pictures: dict[str, Image.Image]) -> Image.Image:
    """The pictures with their captions, two in a row where they are not wide."""
    columns = 1 if any(picture.width > 1.3 * picture.height for picture in pictures.values()) else min(2, len(pictures))
    width = (WIDTH - GAP * (columns - 1)) // columns
    sizes = [(width, round(picture.height * width / picture.width)) for picture in pictures.values()]
    tops = [0]
    for row in range(0, len(sizes), columns):
        tops.append(tops[-1] + max(height for _, height in sizes[row : row + columns]) + CAPTION_HEIGHT)
    sheet = Image.new("RGB", (WIDTH, tops[-1]), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (name, picture) in enumerate(pictures.items()):
        left, top = place % columns * (width + GAP), tops[place // columns]
        sheet.paste(picture.resize(sizes[place], Image.Resampling.BICUBIC), (left, top))
        draw.text((left + 2, top + sizes[place][1] + 2), name, fill="black", font=ImageFont.load_default(21))
    return sheet


def style_cards(names: tuple[str, ...]) -> Image.Image:
    """What the node writes for one prompt in several styles."""
    sheet = Image.new("RGB", (WIDTH, 640), "white")
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for name in names:
        written = styles.find(name, styles.shipped()).around("a lighthouse at dusk", "blurry")
        for text, color in ((name, "#0072b2"), (f"+ {written[0]}", "black"), (f"- {written[1]}", "#606060")):
            for line in textwrap.wrap(text, 54):
                draw.text((GAP, top), line, fill=color, font=ImageFont.load_default(20))
                top += 26
        top += 14
    return sheet.crop((0, 0, WIDTH, top))


def save(name: str, picture: Image.Image) -> None:
    picture.save(IMAGES / f"{name}.jpg", quality=75, optimize=True)


if __name__ == "__main__":
    main()
