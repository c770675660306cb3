"""What the pack costs a ComfyUI that has already imported itself; `python -m rig.startup` measures it once."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import time
from typing import Any, NamedTuple

from .comfyui import ROOT, comfy_import_environment, comfyui_path, comfyui_python
from .make import import_comfy_on_cpu


class ImportCost(NamedTuple):
    """Seconds of one thread until ComfyUI knows the pack's nodes, and the modules that nobody had imported before.

    `comfyui` are those for the extra nodes that come with ComfyUI, on the same machine a moment before.
    """

    wall: float
    cpu: float
    comfyui: float
    own_modules: int
    other_modules: list[str]


def import_cost() -> ImportCost:
    """Measured in a process of its own."""
    done = subprocess.run(
        [comfyui_python(), "-m", "rig.startup"],
        env=comfy_import_environment(),
        cwd=comfyui_path(),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return ImportCost(**json.loads(done.stdout.splitlines()[-1]))


async def load_the_pack() -> ImportCost:
    importlib.import_module("utils.extra_config")  # first, as main.py does: some versions hide `utils` later
    nodes: Any = importlib.import_module("nodes")
    comfyui = time.thread_time()
    await nodes.init_builtin_extra_nodes()
    comfyui = time.thread_time() - comfyui
    before = set(sys.modules)
    wall, cpu = time.perf_counter(), time.thread_time()
    loaded = await nodes.load_custom_node(str(ROOT))
    wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    assert loaded
    new = set(sys.modules) - before
    own = {name for name in new if name.startswith(str(ROOT).replace(".", "_x_"))}
    return ImportCost(wall, cpu, comfyui, len(own), sorted(new - own))


def main() -> None:
    import_comfy_on_cpu()
    print(json.dumps(asyncio.run(load_the_pack())._asdict()))


if __name__ == "__main__":
    main()
