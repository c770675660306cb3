"""What the batch command keeps of a file, format by format, on a real ComfyUI: the table in README.md, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from afterdetail.batch.__main__ import main
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from rig.comfyui import ROOT
from rig.server import ComfyServer
from skimage import data

ALPHA = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60, 1) % 256
PIXELS = np.concatenate([data.coffee()[100:140, 200:260], ALPHA.astype(np.uint8)], 2)
"""No face in it: the result has the pixels that Load Image gives."""
RGB, RGBA = Image.fromarray(PIXELS[..., :3]), Image.fromarray(PIXELS)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description dc:title="coffee"/></x:xmpmeta>'
DEEP = "More than 8 bits per channel became 8: ComfyUI saves no more."


class Kind(NamedTuple):
    """A file to make, and what has to be true of the result."""

    suffix: str
    make: Callable[[Path], object]
    holds: Callable[[Image.Image, Image.Image], bool]
    """Of the original and the result."""
    note: str | None = None


def saved(picture: Image.Image, **options: Any) -> Callable[[Path], object]:
    return lambda path: picture.save(path, **options)


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x010F], made[0x0112] = "Camera", orientation
    made.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Steps: 20"
    return made


def texts(**pairs: str) -> PngInfo:
    info = PngInfo()
    for key, text in pairs.items():
        info.add_text(key, text)
    return info


def deep(path: Path) -> None:
    cv2.imwrite(str(path), PIXELS[..., :3].astype(np.uint16) * 257)


def same_alpha(original: Image.Image, result: Image.Image) -> bool:
    return result.getchannel("A").tobytes() == original.convert("RGBA").getchannel("A").tobytes()


def same_exif(original: Image.Image, result: Image.Image) -> bool:
    return result.getexif()[0x010F] == "Camera" and result.getexif().get_ifd(0x8769)[0x9286].endswith(b"Steps: 20")


def is_rgb(original: Image.Image, result: Image.Image) -> bool:
    return result.mode == "RGB"


KINDS = {
    "transparency: RGBA": Kind(".png", saved(RGBA), same_alpha),
    "transparency: grey with alpha": Kind(".png", saved(RGBA.convert("LA")), same_alpha),
    "transparency: palette": Kind(".png", saved(RGB.quantize(16), transparency=bytes(range(0, 256, 16))), same_alpha),
    "transparency: WebP": Kind(".webp", saved(RGBA, lossless=True), same_alpha),
    "colour profile (ICC) of RGB": Kind(
        ".jpg", saved(RGB, icc_profile=SRGB), lambda original, result: result.info["icc_profile"] == SRGB
    ),
    "EXIF, with A1111's parameters in JPEG": Kind(".jpg", saved(RGB, exif=exif()), same_exif),
    "EXIF orientation": Kind(
        ".jpg",
        saved(RGB, exif=exif(6)),
        lambda original, result: (
            result.size == ImageOps.exif_transpose(original).size and result.getexif()[0x0112] == 1
        ),
    ),
    "`prompt`, `workflow`, `parameters` in PNG": Kind(
        ".png",
        saved(RGB, pnginfo=texts(prompt="1", workflow="2", parameters="3")),
        lambda original, result: (
            [result.info[key] for key in ("prompt", "workflow", "parameters")] == ["1", "2", "3"]
            and "AfterDetail" in result.info["detail_prompt"]
        ),
    ),
    "XMP": Kind(".jpg", saved(RGB, xmp=XMP), lambda original, result: result.info["XML:com.adobe.xmp"] == XMP.decode()),
    "1 bit": Kind(".png", saved(RGB.convert("1")), is_rgb),
    "TIFF": Kind(".tiff", saved(RGB, compression="tiff_lzw"), is_rgb),
    "16 bits per channel": Kind(".png", deep, is_rgb, DEEP),
    "CMYK": Kind(".jpg", saved(RGB.convert("CMYK")), is_rgb, "CMYK became RGB, without its colour profile."),
}


def test_readme_has_a_row_for_each():
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").split("| of a file | in the result |")[1].split("\n\n")[0]
    )
    assert re.findall(r"^\| (.+?) \|", section, re.M)[1:] == [*KINDS]


@pytest.fixture(scope="module")
def results(comfy: ComfyServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run over a file of each kind."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "in").mkdir()
    for number, kind in enumerate(KINDS.values()):
        kind.make(folder / "in" / f"{number}{kind.suffix}")
    arguments = ["--output", str(folder / "out"), "--server", comfy.url, "--checkpoint", "nano-sd15.ckpt"]
    assert main([str(folder / "in"), *arguments]) == 0
    return folder


@pytest.mark.parametrize("name", KINDS)
def test_a_format(results, name):
    kind, number = KINDS[name], [*KINDS].index(name)
    result = results / "out" / f"{number}.png"
    with Image.open(results / "in" / f"{number}{kind.suffix}") as original, Image.open(result) as picture:
        picture.load()
        assert kind.holds(original, picture)
        if kind.note is None:
            upright = np.asarray(ImageOps.exif_transpose(original).convert("RGB"), dtype=int)
            assert abs(upright - np.asarray(picture.convert("RGB"))).mean() < 3  # ComfyUI has a decoder of its own
    about = json.loads(result.with_suffix(".json").read_text())
    assert about["reports"][0]["images"][0]["num_objects_detected"] == 0
    notes = [kind.note] if kind.note else []
    assert about["notes"] == notes
    lines = map(json.loads, (results / "out" / "batch.jsonl").read_text().splitlines())
    assert [line.get("notes", []) for line in lines if line["name"] == str(number)][-1] == notes
