"""Makes the thumbnails that show a repair by the workflow itself with the small trained model, or the masks it makes.

`make thumbnails`. The other workflows' thumbnails, which show their graphs, are made by `make workflows`.
"""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageDraw
from rig import checkpoints
from rig.comfyui import ROOT
from rig.make import MODELS_CACHE
from rig.server import ComfyServer
from rig.workflows import shipped

Part = tuple[int, int, int, int]  # left, top, right, bottom

WORKFLOWS = ROOT / "workflows"
REPAIRED = (
    *("detail-faces-sd15", "detail-faces-sdxl", "detail-per-object-prompts", "detail-two-pass", "detail-union"),
    *("detail-faces-flux", "detail-faces-z-image", "detail-faces-qwen-edit", "detail-faces-upright"),
    *("detail-refiner-sdxl", "crop-any-model-paste", "impact-pack-bridge", "inpaint-mask"),
    "generate-and-detail-sdxl",
)
"""Workflows whose thumbnail shows the repaired face: what they do to it looks the same."""
HAND_PART = (20, 60, 230, 340)
GUIDED = {"detail-hands-pose-sd15": HAND_PART, "detail-hands-pose-sdxl": HAND_PART}
MASKED = {"detail-hands-sd15": HAND_PART, "fix-what-i-paint": (124, 0, 340, 288), **GUIDED}
"""Workflows whose thumbnail shows a part of their picture and the masks (or joints) on it: the small model knows faces
only."""
GUIDES = ("LoadImage", "AfterDetailDetect", "AfterDetailRegions", "AfterDetailHints")
SIZE = (600, 400)
HALVES = {
    "afterdetail-face.jpg": ((108, 20, 228, 180), (228, 20, 348, 180)),
    "afterdetail-lying.jpg": ((325, 146, 445, 306), (325, 146, 445, 306)),
    "afterdetail-two-faces.jpg": ((125, 10, 335, 290), (689, 10, 899, 290)),
}
"""The parts of a picture that are shown before and after the repair, in its pixels."""
MENDING = {"steps": 10, "cfg": 1.0, "denoise": 0.06, "mask_dilation": 24, "upright": True}
JPEG_QUALITY = 75


def main() -> None:
    checkpoints.ensure_all(("face-sd15",), MODELS_CACHE / "checkpoints")
    with ComfyServer(MODELS_CACHE, nano=True) as comfy:
        pairs = {name: (before(name), after(comfy, name)) for name in HALVES}
        masks = {stem: (guided if stem in GUIDED else marked)(comfy, stem) for stem in MASKED}
    for stem in REPAIRED:
        if (WORKFLOWS / f"{stem}.json").is_file():
            name = picture_of(stem)
            save(stem, thumbnail(*pairs[name], HALVES[name]))
    for stem, (picture, masked) in masks.items():
        save(stem, thumbnail(picture, masked, (MASKED[stem], MASKED[stem])))


def save(stem: str, picture: Image.Image) -> None:
    picture.save(WORKFLOWS / f"{stem}.jpg", quality=JPEG_QUALITY, optimize=True)


def picture_of(stem: str) -> str:
    names = [node["inputs"].get("image") for node in shipped(stem).values() if node["class_type"] == "LoadImage"]
    return next((name for name in names if name in HALVES), next(iter(HALVES)))


def before(name: str) -> Image.Image:
    return Image.open(WORKFLOWS / "pictures" / name).convert("RGB")


def after(comfy: ComfyServer, name: str) -> Image.Image:
    """The picture as the first workflow repairs it."""
    graph: dict[str, Any] = shipped("detail-faces-sd15")
    graph = {key: node for key, node in graph.items() if node["class_type"] not in ("AfterDetailPreview",)}
    for node in graph.values():
        match node["class_type"]:
            case "CheckpointLoaderSimple":
                node["inputs"]["ckpt_name"] = "face-sd15.ckpt"
            case "LoadImage":
                node["inputs"]["image"] = name
            case "AfterDetail":
                node["inputs"] |= MENDING
    saved = next(key for key, node in graph.items() if node["class_type"] == "SaveImage")
    return comfy.images(comfy.run(graph), saved)[0].convert("RGB")


def marked(comfy: ComfyServer, stem: str) -> tuple[Image.Image, Image.Image]:
    """The workflow's picture, and the same with the masks and windows that it makes."""
    graph = shipped(stem)
    (loader,) = [key for key, node in graph.items() if node["class_type"] == "LoadImage"]
    kept = {key: node for key, node in graph.items() if key == loader or node["class_type"] == "AfterDetailFromMask"}
    if len(kept) == 1:
        (detailer,) = [node["inputs"] for node in graph.values() if node["class_type"] == "AfterDetail"]
        kept["found"] = {
            "class_type": "AfterDetailDetect",
            "inputs": {"image": [loader, 0], "detector": detailer["detector"]},
        }
    found = next(key for key in kept if key != loader)
    kept["masks"] = {"class_type": "AfterDetailRegions", "inputs": {"image": [loader, 0], "detections": [found, 0]}}
    kept["shown"] = {"class_type": "AfterDetailPreview", "inputs": {"image": [loader, 0], "regions": ["masks", 0]}}
    picture = before(graph[loader]["inputs"]["image"])
    return picture, comfy.images(comfy.run(kept), "shown")[0].convert("RGB")


def guided(comfy: ComfyServer, stem: str) -> tuple[Image.Image, Image.Image]:
    """The workflow's picture, and the same with the joints that its ControlNet is shown."""
    graph = shipped(stem)
    kept = {key: node for key, node in graph.items() if node["class_type"] in GUIDES}
    (loader, *_, hints) = sorted(kept, key=lambda key: GUIDES.index(kept[key]["class_type"]))
    blend = {"image1": [hints, 0], "image2": [loader, 0], "blend_factor": 0.4, "blend_mode": "normal"}
    kept["both"] = {"class_type": "ImageBlend", "inputs": blend}
    kept["shown"] = {"class_type": "PreviewImage", "inputs": {"images": ["both", 0]}}
    return before(graph[loader]["inputs"]["image"]), comfy.images(comfy.run(kept), "shown")[0].convert("RGB")


def thumbnail(broken: Image.Image, mended: Image.Image, halves: tuple[Part, Part]) -> Image.Image:
    """One part before on the left, another after on the right."""
    picture = Image.new("RGB", SIZE)
    middle = SIZE[0] // 2
    for left, source, part in zip((0, middle), (broken, mended), halves, strict=True):
        picture.paste(source.resize((middle, SIZE[1]), Image.Resampling.LANCZOS, part), (left, 0))
    ImageDraw.Draw(picture).line([(middle, 0), (middle, SIZE[1])], fill="white", width=3)
    return picture


if __name__ == "__main__":
    main()
