"""`python -m AfterDetail.batch`, called in the folder above the pack, with the pack's folder name."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from .options import parsed
from .saying import say

CANCELLED = 130


def main(arguments: list[str]) -> int:
    """Run one batch; 1 if a picture failed or was not come to, 130 after Ctrl-C."""
    options = parsed(arguments)
    needed = ["tqdm", *(["ray"] if options.ray else []), *(["comfy-sdk"] if options.api else [])]
    try:
        if missing := [package for package in needed if find_spec(package.replace("-", "_")) is None]:
            raise ValueError(f"This batch needs {' and '.join(missing)}. To install: pip install {' '.join(missing)}")
        from .command import detail  # here and not above, so that a machine without tqdm gets a sentence

        return detail(options)
    except (ValueError, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from here.")
        return CANCELLED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
