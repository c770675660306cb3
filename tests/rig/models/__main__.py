import argparse
import sys
import time
from pathlib import Path

from ..make import import_comfy_on_cpu, run_with_comfy
from . import MODELS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rig.models", description="Make small models for tests.")
    parser.add_argument("--what", nargs="+", choices=sorted(MODELS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="a models folder")
    options = parser.parse_args()
    if not import_comfy_on_cpu():
        return run_with_comfy("rig.models", sys.argv[1:]).returncode
    from ..checkpoints.build import save  # here, because they import ComfyUI
    from .build import state_dict

    for name in options.what:
        start = time.perf_counter()
        path = options.out / MODELS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        save(state_dict(name), path)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, made in {time.perf_counter() - start:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
