"""What a result gets back of its original that ComfyUI does not carry: transparency, profile, EXIF, XMP and texts.

ComfyUI loads RGB with eight bits, turned upright, and saves that.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from .whole_pictures import opened, problem

ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
TIFF_TEXTS = (270, 271, 272, 305, 306, 315, 33432)
"""Description, make, model, software, time, artist, copyright: what TIFF has besides the layout of its pixels."""
PNG_HEAD = 33
"""Bytes of the signature and of the first chunk, IHDR."""
PNG_METADATA = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf")
XMP = "XML:com.adobe.xmp"
"""The keyword of the iTXt chunk that holds a PNG's XMP packet (Adobe's XMP specification, part 3)."""
XMP_ORIENTATION = re.compile(r"""(tiff:Orientation(?:\s*=\s*["']|>\s*))[2-8]""")
COMPRESSION = 4
"""As ComfyUI saves."""
SAME_SHAPE = 0.02
"""How far the sides' ratio of a result may be off for it to be the same picture in another size."""


def with_the_rest(result: bytes, original: bytes) -> tuple[bytes, list[str]]:
    """The result with what it lacks of the original, and sentences about what was left out.

    Only PNG takes it without being compressed once more. ValueError when the result is no picture.
    """
    if reason := problem(result):
        raise ValueError(f"The result {reason}.")
    with opened(original) as source, opened(result) as detailed:
        notes = list(_lost_by_comfyui(source))
        transparent = source.has_transparency_data and not detailed.has_transparency_data
        try:
            options = _metadata(source)
        except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error) as error:
            options = {}
            notes.append(f"Its profile, EXIF, XMP or texts are damaged and were left out ({error}).")
        if detailed.format != "PNG":
            if transparent or options:
                notes.append(
                    f"{detailed.format} results get no transparency, profile, EXIF, XMP or texts. Save PNG for that."
                )
            return result, notes
        options["texts"] = _merged(options.get("texts", {}), _texts_of(detailed))
        if transparent:
            alpha = _alpha_for(source, detailed)
            if alpha is None:
                notes.append("The result has another shape, so the transparency was left out.")
            else:
                result = _with_alpha(detailed, alpha)
    return _with_metadata(result, **options), notes


def _lost_by_comfyui(source: Image.Image) -> Iterator[str]:
    """What the pixels themselves lose on their way."""
    tiles = getattr(source, "tile", [])
    layout = f"{source.mode} {tiles[0].args if tiles else ''}"  # where Pillow keeps the bits of RGB
    if "16" in layout or source.mode in ("I", "F"):
        yield "More than 8 bits per channel became 8: ComfyUI saves no more."
    if source.mode in ("CMYK", "LAB"):
        yield f"{source.mode} became RGB, without its colour profile."
    if b"HasExtendedXMP" in _xmp_of(source):
        yield "Its XMP is kept without the extension that JPEG has for more than 64 kB."


def _alpha_for(source: Image.Image, detailed: Image.Image) -> Image.Image | None:
    """The alpha channel in the result's size, upright as ComfyUI loads it; None for a result of another shape."""
    alpha = ImageOps.exif_transpose(source.convert("RGBA")).getchannel("A")
    ratio = alpha.width * detailed.height / (alpha.height * detailed.width)
    if abs(ratio - 1) > SAME_SHAPE:
        return None
    return alpha if alpha.size == detailed.size else alpha.resize(detailed.size, Image.Resampling.LANCZOS)


def _with_alpha(detailed: Image.Image, alpha: Image.Image) -> bytes:
    """The result as RGBA PNG."""
    picture, buffer = detailed.convert("RGB"), BytesIO()
    picture.putalpha(alpha)
    picture.save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def _metadata(source: Image.Image) -> dict[str, Any]:
    """What there is of `icc_profile`, `exif` and `texts`, fit for upright RGB."""
    profile = source.info.get("icc_profile") or b""
    found = {
        "icc_profile": profile if profile[16:20] == b"RGB " else b"",  # ICC.1, 7.2: the header's colour space
        "exif": _upright_exif(source),
        "texts": _texts_of(source),
    }
    return {key: value for key, value in found.items() if value}


def _upright_exif(source: Image.Image) -> bytes:
    """The EXIF data, for pixels that have been turned the way it says."""
    exif = source.getexif()
    if source.format == "TIFF":
        for tag in [tag for tag in exif if tag not in (*TIFF_TEXTS, EXIF_IFD, GPS_IFD)]:
            del exif[tag]
    elif exif.get(ORIENTATION, 1) == 1:
        return source.info.get("exif", b"")
    else:
        exif[ORIENTATION] = 1
    return exif.tobytes() if len(exif) else b""


def _texts_of(picture: Image.Image) -> dict[str, str]:
    """Such as `prompt` and `workflow` of ComfyUI, or `parameters` of A1111; the XMP packet; of JPEG, its comment."""
    texts = {key: str(text) for key, text in getattr(picture, "text", {}).items()}
    if packet := _xmp_of(picture).decode("utf-8", "replace").rstrip("\0"):
        texts[XMP] = XMP_ORIENTATION.sub(r"\g<1>1", packet)  # the pixels are upright now
    if comment := picture.info.get("comment"):
        texts["Comment"] = comment.decode("utf-8", "replace") if isinstance(comment, bytes) else str(comment)
    return texts


def _xmp_of(picture: Image.Image) -> bytes:
    """The XMP packet as the file has it; b"" if it has none."""
    packet = picture.info.get("xmp") or picture.info.get(XMP) or b""
    return packet.encode() if isinstance(packet, str) else packet


def _merged(original: dict[str, str], own: dict[str, str]) -> dict[str, str]:
    """The original's texts as they are, and the result's own, under another name where both have one."""
    return {f"detail_{key}" if key in original else key: text for key, text in own.items()} | original


def _with_metadata(png: bytes, texts: dict[str, str], **options: bytes) -> bytes:
    """The same pixels, byte for byte, behind the chunks that Pillow writes for `options` and `texts`, and no others."""
    info, buffer = PngInfo(), BytesIO()
    for key, text in texts.items():
        (info.add_itxt if key == XMP else info.add_text)(key, text)
    Image.new("RGB", (1, 1)).save(buffer, "PNG", pnginfo=info, **options)
    added = [chunk for kind, chunk in _chunks(buffer.getvalue()) if kind in PNG_METADATA]
    rest = [chunk for kind, chunk in _chunks(png) if kind not in (b"IHDR", *PNG_METADATA)]
    return png[:PNG_HEAD] + b"".join(added) + b"".join(rest)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's kind, and all of it with length and checksum."""
    at = 8
    while at + 12 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at:end]
        at = end
