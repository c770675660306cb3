"""What a ComfyUI that is too old is told."""

import json
import re
import subprocess

import pytest
from rig.comfyui import NEWEST, ROOT, comfy_import_environment, comfyui_path, comfyui_python, comfyui_version, is_older
from rig.server import ComfyServer

OLDEST = re.findall(r'^requires-comfyui = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[0]

VERSIONS = {
    "0.19.5": True,
    "v0.9.30-beta2": True,
    OLDEST: False,
    "0.100.0": False,
    "1.0": False,
    "nightly": False,
}
"""Which are too old."""

LOAD = """
import asyncio, json, sys
import comfyui_version
comfyui_version.__version__ = sys.argv[1]
import afterdetail
extension = asyncio.run(afterdetail.comfy_entrypoint())
nodes = [node.__name__ for node in asyncio.run(extension.get_node_list())]
from afterdetail.nodes.supported import too_old
print(json.dumps({"nodes": nodes, "said": {version: too_old(version) for version in sys.argv[1:]}}))
"""


def test_too_old_is_one_sentence_and_no_node():
    """In a process where ComfyUI gives the first version as its own: no real one of every age is at hand."""
    done = subprocess.run(
        [comfyui_python(), "-c", LOAD, *VERSIONS],
        env=comfy_import_environment(),
        cwd=comfyui_path(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert found["nodes"] == [] and done.stderr.splitlines() == [sentence("0.19.5")]
    assert found["said"] == {version: sentence(version) if old else None for version, old in VERSIONS.items()}


def sentence(version: str) -> str:
    return f"AfterDetail needs ComfyUI {OLDEST} or newer, this is {version}: update ComfyUI."


@pytest.mark.skipif(not is_older(OLDEST), reason="this ComfyUI is not too old; `make versions` has one that is")
def test_a_real_one_says_so_in_its_log():
    with ComfyServer() as comfy:
        log, nodes = comfy.log(), comfy.object_info()
    assert log.count(sentence(comfyui_version())) == 1
    assert not [line for line in log.splitlines() if "afterdetail" in line and "seconds: " not in line]
    assert not [name for name in nodes if name.startswith("AfterDetail")]


def test_the_readme_names_the_range():
    assert f"ComfyUI {OLDEST} to {NEWEST}" in (ROOT / "README.md").read_text("utf-8")
