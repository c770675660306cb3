"""Commands for detector weights. Run them from the folder above the pack, with the pack's folder name.

python -m afterdetail.detectors convert FILE.pt ...      write each as .safetensors beside it
python -m afterdetail.detectors download NAME FOLDER     fetch the weights called NAME into FOLDER
python -m afterdetail.detectors list                     the names, sizes and licences of those weights
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import store
from .yolo.predictor import YoloDetector
from .yolo.pt_to_safetensors import convert


def main(arguments: list[str]) -> int:
    """Run one command; 1 if it failed."""
    parser = argparse.ArgumentParser(prog="python -m afterdetail.detectors", description="Detector weights.")
    commands = parser.add_subparsers(dest="command", required=True)
    converting = commands.add_parser("convert", help="write .pt files as .safetensors beside them")
    converting.add_argument("files", nargs="+", type=Path)
    downloading = commands.add_parser("download", help="fetch named weights into a folder")
    downloading.add_argument("name", choices=list(store.weights()))
    downloading.add_argument("folder", type=Path)
    commands.add_parser("list", help="named weights")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "convert":
                for file in options.files:
                    _say(f"{file} -> {convert(file)}")
            case "download":
                weight = store.weights()[options.name]
                _say(f"{weight.url} ({weight.licence}, {weight.check})")
                _say(str(store.download(weight, options.folder, YoloDetector.open)))
            case "list":
                for weight in store.weights().values():
                    _say(f"{weight.name}: {weight.size or '?'} bytes, {weight.licence}, {weight.url}")
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    """One line to whoever called the command."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
