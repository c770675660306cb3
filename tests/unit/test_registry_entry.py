"""What the registry reads of this pack."""

import re

import pytest
import tomlkit
from PIL import Image
from rig.comfyui import ROOT
from rig.registry import validate

PICTURES = ROOT / "web" / "docs" / "images"


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomlkit.parse((ROOT / "pyproject.toml").read_text("utf-8")).unwrap()


@pytest.fixture(scope="module")
def validated(tmp_path_factory) -> str:
    return validate(tmp_path_factory.mktemp("home"))


def test_comfy_node_validate_has_nothing_to_say(validated):
    assert "All validation checks passed successfully" in validated
    assert "arning" not in validated, validated


def test_the_registry_reads_every_entry(validated, pyproject):
    """An entry that it does not understand becomes empty without an error."""
    read = validated.splitlines()[-1]
    assert not re.findall(r"\b(?:publisher_id|display_name|icon|banner_url|repository|version)=''", read), read
    assert f"supported_comfyui_version='{pyproject['tool']['comfy']['requires-comfyui']}'" in read
    assert "supported_os=['OS Independent']" in read and "GPU :: NVIDIA CUDA" in read


def test_requirements_are_the_dependencies(pyproject):
    lines = (line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines())
    assert sorted(filter(None, lines)) == sorted(pyproject["project"]["dependencies"])


def test_this_version_has_its_changes(pyproject):
    assert f"\n## {pyproject['project']['version']}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_icon_and_the_banner_have_the_registrys_shapes(pyproject):
    comfy = pyproject["tool"]["comfy"]
    icon, banner = (Image.open(PICTURES / comfy[key].rpartition("/")[2]) for key in ("Icon", "Banner"))
    assert icon.width == icon.height <= 400
    assert banner.width * 9 == banner.height * 21
