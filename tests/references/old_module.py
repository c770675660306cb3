"""Writes a segmentation network as an old release of ultralytics saves it, of which newer ones cannot run all.

    pip download --no-deps ultralytics==8.0.110 && unzip ultralytics-*.whl -d OLD
    python -m references.old_module OLD tests/fixtures/old_segment.pt      # from the folder tests

All of a tensor is one stored zero, so the file is small. What that release imports and building does not need is
replaced by nothing. ultralytics stamps its licence, AGPL-3.0, into what it saves.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

import torch
import torch._dynamo  # looks for the modules that are replaced below, so it comes first

UNNEEDED = ("matplotlib", "matplotlib.pyplot", "pandas", "seaborn", "psutil", "thop")
LAYERS = {"nc": 1, "backbone": [[-1, 1, "Conv", [4, 3, 8]]], "head": [[[0], 1, "Segment", ["nc", 4, 4]]]}


def main(old: str, target: str) -> None:
    for name in UNNEEDED:
        sys.modules.setdefault(name, MagicMock(__spec__=ModuleSpec(name, None), __path__=[]))
    sys.path.insert(0, old)
    version, tasks = import_module("ultralytics").__version__, import_module("ultralytics.nn.tasks")
    model = tasks.SegmentationModel(dict(LAYERS), ch=3, nc=1, verbose=False).half()
    model.names, model.args = {0: "thing"}, {}
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data = tensor.data.new_zeros(()).expand(tensor.shape)
    torch.save({"epoch": -1, "model": model, "train_args": {}, "date": "", "version": version}, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
