"""Files that code makes: made once, again when the code has changed, and never half."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from .comfyui import ROOT, comfy_import_environment, comfyui_path

MODELS_CACHE = ROOT / ".run" / "models"  # a models folder that git ignores
VERSION_SUFFIX = ".version"
MAKERS = ("checkpoints", "models")
TRAINED = ROOT / "tools" / "face_model" / "weights.npz"


def ensure_made(package: str, paths: Mapping[str, Path], arguments: Sequence[str]) -> None:
    """Make each named path that this version of the code has not made, by `python -m package --what names arguments`.

    One process of its own, because importing ComfyUI takes seconds and fixes its device for the process.
    """
    MODELS_CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(MODELS_CACHE / ".lock"):  # tests run in several processes
        missing = [name for name, path in paths.items() if not is_current(path)]
        if not missing:
            return
        made = run_with_comfy(package, ["--what", *missing, *arguments], capture_output=True)
        if made.returncode != 0:
            raise RuntimeError(f"Making {', '.join(missing)} by {package} failed:\n{made.stderr[-2000:]}")
        for name in missing:
            version_path(paths[name]).write_text(code_version())


def is_current(path: Path) -> bool:
    stamp = version_path(path)
    return path.is_file() and stamp.is_file() and stamp.read_text() == code_version()


def version_path(path: Path) -> Path:
    return path.with_name(path.name + VERSION_SUFFIX)


def run_with_comfy(
    package: str, arguments: Sequence[str], capture_output: bool = False
) -> subprocess.CompletedProcess[str]:
    """`python -m package arguments` with ComfyUI importable."""
    command = [sys.executable, "-m", package, *arguments]
    return subprocess.run(command, env=comfy_import_environment(), capture_output=capture_output, text=True)


def import_comfy_on_cpu() -> bool:
    """Fix ComfyUI's device for this process before anything else of it is imported; False if it is not importable."""
    if find_spec("comfy") is None:
        return False
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    return True


def import_comfy(on_cpu: bool = True) -> None:
    """Make ComfyUI importable in this process, and fix its device if that is to be the CPU."""
    if str(comfyui_path()) not in sys.path:
        sys.path.append(str(comfyui_path()))
    if on_cpu:
        import_comfy_on_cpu()


@cache
def code_version() -> str:
    """A digest of the source and data files that make models."""
    digest = hashlib.sha256(TRAINED.read_bytes())
    for folder in MAKERS:
        for file in sorted((Path(__file__).parent / folder).iterdir()):
            if file.suffix in (".py", ".npz"):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
