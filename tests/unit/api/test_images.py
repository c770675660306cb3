"""Pictures of clients: within limits, whole, and nothing else."""

import base64
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from afterdetail.api.errors import Refused
from afterdetail.api.images import bytes_of, picture_of
from PIL import Image

LIMIT = 10_000


def encoded(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes of PNG that say they are a picture of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_known_kinds(kind):
    picture = picture_of("image", encoded(kind), LIMIT)
    assert picture.size == (40, 30) and picture.mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
def test_every_mode_becomes_rgb(mode):
    assert picture_of("image", encoded(mode=mode), LIMIT).mode == "RGB"


def test_a_picture_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert picture_of("image", encoded("JPEG", exif=exif), LIMIT).size == (30, 40)


@pytest.mark.parametrize("size", [(200, 100), (60_000, 60_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_before_they_are_unpacked(size):
    with pytest.raises(Refused, match=r"this server takes 10000 pixels at most\. Send a smaller one."):
        picture_of("image", png_claiming(*size), LIMIT)


def test_a_compressed_text_bomb():
    bomb = zlib.compress(bytes(100_000_000), 9)
    text = b"zTXt" + b"k\0\0" + bomb
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    with pytest.raises(Refused):
        picture_of("image", encoded()[:33] + chunk + encoded()[33:], LIMIT)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_cut_files_are_said_to_be(kind, share):
    content = encoded(kind, size=(90, 90))
    cut = content[: int(len(content) * share)]
    with pytest.raises(Refused, match=f"image is a {kind} file that is cut off: {len(cut)} bytes came"):
        picture_of("image", cut, LIMIT)


@pytest.mark.parametrize("place", [20, 30, 50])
def test_a_file_whose_checksum_is_wrong_is_said_to_be_damaged(place):
    content = bytearray(encoded())
    content[place] ^= 255
    with pytest.raises(Refused, match="image is a PNG file that is damaged"):
        picture_of("image", bytes(content), LIMIT)


@pytest.mark.parametrize("content", [b"x", b"<svg></svg>", b"%PDF-1.4", b"PK\3\4", bytes(1000), b"\0PNG\r\n\x1a\n"])
def test_other_files(content):
    with pytest.raises(Refused, match="not an image of a known kind"):
        picture_of("image", content, LIMIT)


def test_changed_bytes_never_raise_anything_else():
    random = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF"):
        whole = np.frombuffer(encoded(kind), np.uint8)
        for _ in range(150):
            changed = whole.copy()
            changed[random.integers(0, len(changed), 4)] = random.integers(0, 256, 4)
            try:
                assert picture_of("image", changed.tobytes(), LIMIT).mode == "RGB"
            except Refused as refused:
                assert str(refused).startswith("image ")


def test_base64_with_and_without_head_padding_and_line_ends():
    text = base64.b64encode(b"picture").decode()
    for form in (text, f"data:image/png;base64,{text}", text.rstrip("="), f"{text[:4]}\n{text[4:]}\r\n"):
        assert bytes_of("image", form, 100) == b"picture"


@pytest.mark.parametrize("text", ["$BASE64_IMAGE", "a", "a-_b", "", "data:image/png;base64,", "\u00e9" * 4])
def test_what_is_not_base64(text):
    with pytest.raises(Refused, match="image is"):
        bytes_of("image", text, 100)


def test_base64_that_is_too_long_is_not_decoded():
    with pytest.raises(Refused, match="takes 100 at most"):
        bytes_of("image", "A" * 200, 100)
