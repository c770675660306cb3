"""`make serve`: ComfyUI with this pack and the tiny checkpoints, until Ctrl-C. Arguments go to ComfyUI."""

import sys
import time

from rig import checkpoints
from rig.make import MODELS_CACHE
from rig.server import ComfyServer


def main() -> None:
    checkpoints.ensure("tiny-sd15", MODELS_CACHE / "checkpoints")
    with ComfyServer(MODELS_CACHE, arguments=sys.argv[1:] or ("--cpu",)) as comfy:
        print(f"ComfyUI is at {comfy.url}, without your settings and models; Ctrl-C ends it.")
        try:
            while comfy.process.alive():
                time.sleep(1)
        except KeyboardInterrupt:
            return
        print(comfy.log()[-3000:])


if __name__ == "__main__":
    main()
