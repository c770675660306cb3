"""The registry's own tool, comfy-cli, on this clone: its checks, and the archive that it would upload."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from .comfyui import ROOT

VALIDATE = """
from comfy_cli.command.custom_nodes.command import validate_node_for_publishing
print(repr(validate_node_for_publishing()))
"""
ZIP = """
import sys
from comfy_cli.file_utils import zip_files
zip_files(sys.argv[1])
"""


def validate(home: Path) -> str:
    """What `comfy node validate` says, warnings included, and the last line what it has read in pyproject.toml."""
    return run_comfy_cli(VALIDATE, home)


def unpacked_archive(folder: Path) -> Path:
    """The pack as the registry hands it out: what git tracks, but for .comfyignore."""
    archive, pack = folder / "pack.zip", folder / "afterdetail"
    run_comfy_cli(ZIP, folder, str(archive))
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(pack)
    archive.unlink()
    return pack


def is_clone() -> bool:
    """Whether git can list this folder's files; comfy-cli would pack everything where it cannot."""
    if shutil.which("git") is None:
        return False
    listed = subprocess.run(["git", "ls-files", "--error-unmatch", "pyproject.toml"], cwd=ROOT, capture_output=True)
    return listed.returncode == 0


def run_comfy_cli(code: str, home: Path, *arguments: str) -> str:
    """Python code in a process of its own, with a home folder for the tool's settings; its output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(f"comfy-cli failed:\n{done.stdout[-2000:]}")
    return done.stdout
