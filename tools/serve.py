"""`make serve`: ComfyUI with this pack and small checkpoints, until Ctrl-C. Arguments go to ComfyUI."""

import sys
import time

from rig import checkpoints
from rig.make import MODELS_CACHE
from rig.server import ComfyServer


def main() -> None:
    checkpoints.ensure_all(("face-sd15", "tiny-sd15"), MODELS_CACHE / "checkpoints")
    with ComfyServer(MODELS_CACHE, nano=True, arguments=sys.argv[1:] or ("--cpu",)) as comfy:
        print(f"ComfyUI is at {comfy.url}, without your settings and models; Ctrl-C ends it.")
        print("The checkpoint face-sd15.ckpt mends faces, best at a denoise of 0.05; tiny-sd15.ckpt paints noise.")
        try:
            while comfy.process.alive():
                time.sleep(1)
        except KeyboardInterrupt:
            return
        print(comfy.log()[-3000:])


if __name__ == "__main__":
    main()
