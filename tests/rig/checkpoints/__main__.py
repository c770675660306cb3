import argparse
import sys
import time
from pathlib import Path

import torch

from ..make import import_comfy_on_cpu, run_with_comfy
from . import KINDS

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rig.checkpoints", description="Make checkpoints for tests.")
    parser.add_argument("--what", nargs="+", choices=sorted(KINDS), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--format", default="ckpt", choices=["ckpt", "safetensors"])
    parser.add_argument("--dtype", default="fp16", choices=sorted(DTYPES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not import_comfy_on_cpu():
        return run_with_comfy("rig.checkpoints", sys.argv[1:]).returncode
    from .build import checkpoint, save  # here, because they import ComfyUI

    options.out.mkdir(parents=True, exist_ok=True)
    for kind in options.what:
        start = time.perf_counter()
        path = options.out / f"{kind}.{options.format}"
        save(checkpoint(kind, options.seed, DTYPES[options.dtype]), path)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, made in {time.perf_counter() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
