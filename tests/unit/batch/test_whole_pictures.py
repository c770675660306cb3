from io import BytesIO

import numpy as np
import pytest
from afterdetail.batch.whole_pictures import FORMATS, problem
from PIL import Image

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8))


def encoded(kind: str, **options) -> bytes:
    buffer = BytesIO()
    PICTURE.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_whole_file_is_fine_and_a_cut_one_is_not(kind):
    data = encoded(kind)
    assert problem(data) is None
    for share in (0.3, 0.6, 0.9):
        assert "truncated" in str(problem(data[: int(len(data) * share)]))


@pytest.mark.parametrize("kind", FORMATS)
def test_any_beginning_of_a_file_is_looked_at_without_an_error(kind):
    data = encoded(kind)
    assert all(problem(data[:length]) for length in range(60))


def test_kinds_of_jpeg():
    thumbnail = Image.Exif()
    thumbnail[0x927C] = encoded("JPEG", quality=10)[:60000]
    for data in (encoded("JPEG", progressive=True), encoded("JPEG", exif=thumbnail), encoded("JPEG") + b"trailer"):
        assert problem(data) is None
    with_thumbnail = encoded("JPEG", exif=thumbnail)
    assert "truncated" in str(problem(with_thumbnail[: len(with_thumbnail) - 200]))


def test_a_changed_byte_in_a_png_is_seen():
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 1
    assert "damaged" in str(problem(bytes(data)))


@pytest.mark.parametrize("data", [b"", b"<html>please log in</html>", b"GIF89a", b"\0" * 100])
def test_anything_else_is_no_picture(data):
    assert str(problem(data)).startswith(("is empty", "is no picture of a known format", "is truncated"))


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "TIFF"])
def test_an_animation_or_several_pages_are_no_one_picture(kind):
    several = encoded(kind, save_all=True, append_images=[PICTURE.rotate(180), PICTURE.rotate(90)])
    assert problem(several) == "holds 3 pictures, and a result is one: split it first"


def test_a_photo_with_a_preview_of_itself_is_one_picture():
    assert problem(encoded("MPO", save_all=True, append_images=[PICTURE.resize((10, 8))])) is None
