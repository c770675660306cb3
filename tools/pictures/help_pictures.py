"""Makes the pictures of the help pages with the nodes themselves; results in web/docs/images/.

What is repaired there is repaired by the small trained model of tools/face_model. Given names, it makes only these.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from afterdetail.detailer import styles
from help_graphs import PICTURES, repaired
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from rig import checkpoints, example, models
from rig.comfyui import ROOT
from rig.detailing import Bench
from rig.make import MODELS_CACHE
from rig.photos import face_patch, photo
from rig.prompts import Graph, node
from rig.server import ComfyServer
from safetensors.torch import save_file

IMAGES = ROOT / "web" / "docs" / "images"
WIDTH = 560  # twice that of the panel that ComfyUI shows help in: sharp, and the captions can be read
CAPTION_HEIGHT = 32
GAP = 8


def main() -> None:
    checkpoints.ensure_all(["face-sd15"], MODELS_CACHE / "checkpoints")
    models.ensure_all(models.MODELS, MODELS_CACHE)
    probes = {"probe_nodes": ROOT / "tests" / "rig" / "probe_nodes"}
    with ComfyServer(MODELS_CACHE, nano=True, custom_nodes=probes) as comfy, TemporaryDirectory() as folder:
        bench = Bench(comfy, Path(folder))
        concept = comfy.base / "models" / "safety_concepts" / "concept.safetensors"
        concept.parent.mkdir(parents=True)
        save_file({"concepts": torch.ones(1, 768)}, concept)
        loaded = {name: bench.load(tensor_of(picture)) for name, picture in scenes().items()}
        spots = bench.load(soft_spots())
        for name in sys.argv[1:] or PICTURES:
            scene, graph, panels = PICTURES[name]
            save(name, drawn(bench, {"image": loaded[scene], "spots": spots} | graph, panels))
        if sys.argv[1:]:
            return
        save("AfterDetailSaveReport", report_card(bench, loaded["astronaut"]))
    save("AfterDetailStylePreset", style_cards(("base", "photographic", "anime", "line-art")))


def scenes() -> dict[str, Image.Image]:
    """The photos that the graphs start from."""
    astronaut = photo("astronaut")
    head = astronaut.crop((60, 0, 400, 300))
    hand = Image.open(ROOT / "workflows" / "pictures" / "afterdetail-hand.jpg")
    return {"astronaut": astronaut, "broken": example.broken(), "head": head, "group": group(), "hand": hand}


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


def drawn(bench: Bench, graph: Graph, panels: dict[str, Any]) -> Image.Image:
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


def report_card(bench: Bench, image: dict[str, Any]) -> Image.Image:
    """The file that the node writes for a photo."""
    report = node("AfterDetailSaveReport", report=["detail", 3])
    (file,) = bench.comfy.run({"image": image, "report": report} | repaired())["outputs"]["report"]["files"]
    lines = bench.comfy.get("/view", params=file).content.decode().splitlines()
    sheet = Image.new("RGB", (WIDTH, 26 * len(lines) + 2 * GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        draw.text((GAP + 14 * indent, GAP + 26 * row), line.strip(), fill="black", font=ImageFont.load_default(20))
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
