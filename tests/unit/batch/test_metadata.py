"""What a result gets back of its original. tests/e2e/test_formats.py asks a real ComfyUI."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from afterdetail.batch.metadata import with_the_rest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo, iTXt

PIXELS = np.random.default_rng(0).integers(0, 255, (24, 36, 4), dtype=np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def rgb(**options: Any) -> bytes:
    """A result as ComfyUI saves it."""
    info = PngInfo()
    info.add_text("prompt", "the run's")
    return encoded(Image.fromarray(PIXELS[..., :3]), pnginfo=info, **options)


XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:Description dc:title="a town" tiff:Orientation="6" xmp:CreatorTool="ä"/></x:xmpmeta><?xpacket end="w"?>"""


def with_xmp(kind: str, packet: str = XMP) -> bytes:
    picture, data = Image.new("RGB", (36, 24)), packet.encode()
    if kind == "TIFF":
        return encoded(picture, kind, tiffinfo={700: data})
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet)
        return encoded(picture, kind, pnginfo=info)
    return encoded(picture, kind, xmp=data)


def texts(**pairs: str) -> PngInfo:
    info = PngInfo()
    for key, text in pairs.items():
        info.add_text(key, text)
    return info


def finished(original: bytes, result: bytes | None = None) -> tuple[Image.Image, list[str]]:
    data, notes = with_the_rest(result or rgb(), original)
    picture = Image.open(BytesIO(data))
    picture.load()
    assert (np.asarray(picture.convert("RGB")) == np.asarray(Image.open(BytesIO(result or rgb())).convert("RGB"))).all()
    return picture, notes


def test_a_plain_picture_leaves_the_result_as_it_is():
    assert with_the_rest(rgb(), encoded(Image.new("RGB", (36, 24)))) == (rgb(), [])


def test_alpha_comes_back_to_the_bit_and_the_runs_texts_stay():
    picture, notes = finished(encoded(Image.fromarray(PIXELS)))
    assert (np.asarray(picture)[..., 3] == PIXELS[..., 3]).all() and not notes
    assert picture.info["prompt"] == "the run's"


def test_alpha_is_turned_as_the_picture_is():
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = encoded(Image.fromarray(PIXELS).rotate(90, expand=True), exif=exif)
    picture, _ = finished(upright)
    assert (np.asarray(picture)[..., 3] == PIXELS[..., 3]).all()
    assert picture.getexif().get(0x0112) == 1


def test_alpha_follows_a_larger_result_and_is_left_out_of_another_shape():
    twice = encoded(Image.fromarray(PIXELS[..., :3]).resize((72, 48)))
    assert finished(encoded(Image.fromarray(PIXELS)), twice)[0].mode == "RGBA"
    square, notes = finished(encoded(Image.fromarray(PIXELS)), encoded(Image.new("RGB", (24, 24))))
    assert square.mode == "RGB" and notes == ["The result has another shape, so the transparency was left out."]


def test_a_result_that_has_alpha_keeps_its_own():
    own = encoded(Image.new("RGBA", (36, 24), (1, 2, 3, 77)))
    assert finished(encoded(Image.fromarray(PIXELS)), own)[0].getpixel((0, 0)) == (1, 2, 3, 77)


def test_the_texts_of_the_original_keep_their_names():
    original = encoded(Image.new("RGB", (36, 24)), pnginfo=texts(prompt="the first", parameters="steps: 20, “ä”"))
    info = finished(original)[0].info
    assert info["prompt"] == "the first" and info["parameters"] == "steps: 20, “ä”"
    assert info["detail_prompt"] == "the run's"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_xmp_is_kept_where_png_has_its_place_and_speaks_of_upright_pixels(kind):
    picture, notes = finished(with_xmp(kind))
    assert picture.info["XML:com.adobe.xmp"] == XMP.replace('Orientation="6"', 'Orientation="1"') and not notes
    assert isinstance(picture.info["XML:com.adobe.xmp"], iTXt)


def test_the_orientation_of_xmp_is_turned_as_an_element_too():
    packet = "<rdf:Description><tiff:Orientation>8</tiff:Orientation></rdf:Description>"
    assert finished(with_xmp("JPEG", packet))[0].info["XML:com.adobe.xmp"] == packet.replace("8", "1")


def test_what_png_cannot_hold_of_xmp_is_said():
    packet = '<rdf:Description xmpNote:HasExtendedXMP="0123"/>'
    picture, notes = finished(with_xmp("JPEG", packet))
    assert picture.info["XML:com.adobe.xmp"] == packet
    assert notes == ["Its XMP is kept without the extension that JPEG has for more than 64 kB."]
    assert "XMP" in with_the_rest(encoded(Image.new("RGB", (36, 24)), "JPEG"), with_xmp("WEBP"))[1][0]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_other_results_are_not_compressed_again_and_it_is_said(kind):
    result = encoded(Image.new("RGB", (36, 24)), kind)
    data, notes = with_the_rest(result, encoded(Image.fromarray(PIXELS)))
    assert data == result and notes == [
        f"{kind} results get no transparency, profile, EXIF, XMP or texts. Save PNG for that."
    ]
    assert with_the_rest(result, encoded(Image.new("RGB", (36, 24)))) == (result, [])


def test_a_profile_for_other_colours_is_no_profile_of_the_result():
    grey = bytearray(SRGB)
    grey[16:20] = b"GRAY"
    picture, _ = finished(encoded(Image.new("L", (36, 24)), icc_profile=bytes(grey)))
    assert "icc_profile" not in picture.info


def test_damaged_exif_costs_nothing_else():
    exif = b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\x12\x01"
    picture, _ = finished(encoded(Image.new("RGB", (36, 24)), "JPEG", exif=exif, icc_profile=SRGB))
    assert picture.info["icc_profile"] == SRGB


def test_what_is_no_picture_is_told():
    with pytest.raises(ValueError, match="The result is no picture"):
        with_the_rest(b"<html>", rgb())
