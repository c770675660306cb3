"""Crop, a real generator of ComfyUI's own nodes, paste: Real-ESRGAN x4plus makes the crops four times as large."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rig import real_esrgan
from rig.prompts import Graph, node
from rig.workflows import changed, small, where
from skimage import data

SIDE = 256
PHOTO = Image.fromarray(data.astronaut()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def generator(comfy) -> str:
    try:
        path = real_esrgan.ensure()
    except real_esrgan.NotAvailable as error:
        pytest.skip(f"Real-ESRGAN's weights are not here: {error}")
    comfy.link_models(path.parents[1])
    return path.name


@pytest.fixture(scope="module")
def graph(comfy, generator) -> Graph:
    """The shipped workflow, with the generator in the place of its sampler; small windows, as it takes its time."""
    shipped = small("crop-any-model-paste", image=comfy.upload(PHOTO, "small face.png"))
    shipped = changed(shipped, "AfterDetailRegions", resolution="off", mask_padding=8)
    crop, paste = where(shipped, "AfterDetailCrop"), where(shipped, "AfterDetailPaste")
    shipped |= {
        "generator": node("UpscaleModelLoader", model_name=generator),
        "enlarged": node("ImageUpscaleWithModel", upscale_model=["generator", 0], image=[crop, 0]),
        "crop": node("PreviewImage", images=[crop, 0]),
        "crop enlarged": node("PreviewImage", images=["enlarged", 0]),
    }
    shipped[paste]["inputs"]["crops"] = ["enlarged", 0]
    return shipped


def test_crops_of_a_real_generator_are_pasted_where_they_were_cut(comfy, graph):
    entry = comfy.run(graph)
    (crop,), (enlarged,) = (comfy.images(entry, name) for name in ("crop", "crop enlarged"))
    assert enlarged.size == (4 * crop.width, 4 * crop.height)
    again = np.asarray(enlarged.resize(crop.size, Image.Resampling.BOX), dtype=float)
    assert psnr(again, np.asarray(crop, dtype=float)) > 24  # it draws the same face, as it thinks

    (pasted,) = (np.asarray(picture, dtype=float) for picture in comfy.images(entry, where(graph, "SaveImage")))
    before = np.asarray(PHOTO, dtype=float)
    face = (slice(42, 84), slice(92, 132))
    assert (pasted[face] != before[face]).any()
    assert psnr(pasted[face], before[face]) > 22
    assert (pasted[140:] == before[140:]).all()


def psnr(picture: np.ndarray, other: np.ndarray) -> float:
    return 10 * float(np.log10(255**2 / np.square(picture - other).mean()))


def test_the_converter_refuses_what_it_does_not_know(tmp_path: Path):
    with pytest.raises(ValueError, match="0 convolutions"):
        real_esrgan.converted("7767517\n0 0\n", b"")
