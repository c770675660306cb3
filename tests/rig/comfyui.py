"""Where ComfyUI and its Python are, and the environment that keeps both off the network and out of the home folder."""

import os
import re
import site
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NEWEST = "0.30.0"  # the one that setup.sh makes
PYTHON_IN_VENV = ("bin/python", "Scripts/python.exe")


def comfyui_path() -> Path:
    """ComfyUI's source tree: COMFYUI_PATH, else `.comfyui` in the clone."""
    path = Path(os.environ.get("COMFYUI_PATH") or ROOT / ".comfyui").expanduser().absolute()
    if not (path / "main.py").is_file():
        raise FileNotFoundError(
            f"There is no ComfyUI in {path}. Set COMFYUI_PATH to the folder that holds ComfyUI's main.py."
        )
    return path


def comfyui_version() -> str:
    """Its version, such as 0.30.0."""
    text = (comfyui_path() / "comfyui_version.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return version


def is_older(version: str = NEWEST) -> bool:
    """Whether ComfyUI is older than this."""
    running, other = (tuple(map(int, text.split("."))) for text in (comfyui_version(), version))
    return running < other


def comfyui_python() -> Path:
    """The Python that runs ComfyUI: COMFYUI_PYTHON, else the venv in the tree COMFYUI_PATH names, else this one."""
    if named := os.environ.get("COMFYUI_PYTHON"):
        if not Path(named).is_file():
            raise FileNotFoundError(f"COMFYUI_PYTHON is {named}, which is no file. Set it to a Python executable.")
        return Path(named)
    if os.environ.get("COMFYUI_PATH"):
        for python in (comfyui_path() / venv / name for venv in (".venv", "venv") for name in PYTHON_IN_VENV):
            if python.is_file():
                return python
    return Path(sys.executable)


def isolated_environment(home: Path) -> dict[str, str]:
    """This process's environment with `home` as home folder, caches inside it, and no hub, proxy or PYTHONPATH."""
    dropped = ("PYTHONPATH", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.upper() not in dropped}
    return kept | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PYTHONUSERBASE": site.getuserbase(),  # packages installed for the user are still found
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "HF_HOME": str(home / "cache" / "huggingface"),
        "TORCH_HOME": str(home / "cache" / "torch"),
        "YOLO_CONFIG_DIR": str(home / "config"),
        "YOLO_OFFLINE": "true",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # idle threads do not spin on a machine that others use too
    }


def comfy_import_environment() -> dict[str, str]:
    """This process's environment with ComfyUI, the pack and this package on PYTHONPATH, for `python -m rig...`."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT / "tests", ROOT / ".pack", comfyui_path()]))}
