"""What a graph made, on its way into the answer."""

import asyncio
import weakref

from PIL import Image
from rig.make import import_comfy


def test_pictures_are_let_go_as_they_are_encoded(monkeypatch):
    """The memory of many large results is that of their files and of the pictures that are not encoded yet."""
    import_comfy()
    from afterdetail.api import service

    pictures = [Image.new("L", (1, 1), place) for place in range(5)]
    alive, seen = [weakref.ref(picture) for picture in pictures], []

    async def encoded(picture: Image.Image, encoding: str, quality: int) -> bytes:
        seen.append(sum(picture() is not None for picture in alive))
        return picture.tobytes()

    monkeypatch.setattr(service.images, "encoded", encoded)
    files = asyncio.run(service.GraphResults(pictures, frozenset({1}), {}, 0.0).files("png"))
    assert files == [b"\0", None, b"\2", b"\3", b"\4"]
    assert seen == [5, 3, 2, 1]
