"""`make bench`: measures everything and writes the tables of benchmarks/README.md between their marks."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
SECTIONS = (
    "quality",
    "judge",
    "upright",
    "blend",
    "overhead",
    "memory",
    "video",
    "batching",
    "detectors",
    "scan",
    "live",
    "page",
    "service",
    "startup",
)

ON_A_GPU = ("batching",)
"""Sections with a table of their own for a GPU, machine included, which a run without one leaves as it is."""


def main() -> None:
    wanted = sys.argv[1:] or SECTIONS
    on_a_gpu = [section for section in wanted if section in ON_A_GPU and has_gpu()]
    for section in wanted:
        print(f"Measuring {section} ...", flush=True)
        write(f"{section} on a GPU" if section in on_a_gpu else section, measure(section))
    if len(on_a_gpu) < len(wanted):
        write("machine", machine())
    print(f"Written to {README.relative_to(HERE.parent)}")


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def measure(section: str) -> str:
    """Each section in a process of its own, on one thread, so that they do not warm or disturb each other."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, HERE / f"{section}.py"], env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"Measuring {section} failed: the reason is above.")
    return done.stdout


def write(section: str, table: str, readme: Path = README) -> None:
    start, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    text, count = re.subn(
        f"{start}.*?{end}", lambda _: f"{start}\n{table.strip()}\n{end}", readme.read_text(), flags=re.DOTALL
    )
    if count != 1:
        sys.exit(f"{readme.relative_to(HERE.parent)} needs the marks {start} and {end} once.")
    readme.write_text(text)


def machine() -> str:
    import torch

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((line.split(":")[1].strip() for line in cpuinfo.open() if line.startswith("model name")), model)
    return f"{model}, {os.cpu_count()} cores, torch {torch.__version__}, Python {platform.python_version()}."


if __name__ == "__main__":
    main()
