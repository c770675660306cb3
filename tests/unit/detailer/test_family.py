"""The table of model families: how they are told, and what is written of them."""

import pytest
from afterdetail.detailer.family import FAMILIES, KNOWN, UNKNOWN, recognised
from afterdetail.detailer.region import UNKNOWN_MULTIPLE
from rig.comfyui import ROOT
from rig.make import import_comfy


@pytest.mark.parametrize(
    ("configs", "prediction", "name"),
    [
        (["SD15", "BASE"], "EPS", "sd15"),
        (["SD15_instructpix2pix", "SD15"], "EPS", "sd15"),
        (["SD20"], "V_PREDICTION", "sd21"),
        (["SD20"], "EPS", "sd21-base"),
        (["SDXLRefiner"], "EPS", "sdxl"),
        (["SSD1B", "SDXL"], "V_PREDICTION", "sdxl"),
        (["PixArtSigma", "PixArtAlpha"], "EPS", "pixart"),
        (["FluxSchnell", "Flux"], "FLOW", "flux"),
        (["HunyuanImage21", "HunyuanVideo"], "FLOW", "hunyuan-image"),
        (["HunyuanVideo15", "HunyuanVideo"], "FLOW", "hunyuan-video"),
        (["ChromaRadiance", "Chroma"], "FLUX", "chroma"),
        (["Kandinsky5Image", "Kandinsky5"], "FLOW", "kandinsky5-image"),
        (["SomethingNew"], "FLOW", "unknown"),
    ],
)
def test_recognised(configs, prediction, name):
    assert recognised(configs, prediction).name == name


def test_every_configuration_is_one_of_comfyui():
    """A class that ComfyUI renamed would tell no family any more."""
    import_comfy()
    import comfy.supported_models as models

    named = {config for family in KNOWN for config in family.configs}
    assert not [config for config in named if not hasattr(models, config)]


@pytest.mark.parametrize("family", KNOWN, ids=FAMILIES)
def test_every_family_has_its_native_size_and_sizes_that_any_model_takes(family):
    assert family.native in family.sizes and family.sizes == tuple(dict.fromkeys(family.sizes))
    assert all(side % 16 == 0 for size in family.sizes for side in size)
    assert UNKNOWN_MULTIPLE % 32 == 0


def test_the_documentation_has_every_family():
    """`docs/families.md` tells what the table tells. Write the row that is missing."""
    page = (ROOT / "docs" / "families.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| `")}
    assert list(rows) == [f"`{family.name}`" for family in (*KNOWN, UNKNOWN)]
    for family in (*KNOWN, UNKNOWN):
        *_, title, native, sizes, _, note, _ = rows[f"`{family.name}`"].split("|")
        shown = ", ".join(map(str, family.sizes)) if family not in (UNKNOWN,) else "as `sdxl`"
        assert [title.strip(), native.strip(), sizes.strip(), note.strip()] == [
            family.title, str(family.native), shown, family.note or "-",
        ]  # fmt: skip
