"""What `upright` is worth: the same broken faces at several tilts, repaired by the small model with and without it.

UPRIGHT_FACES sets how many of the held-out faces there are. Each picture is turned about the face's middle before the
repair, and turned back before it is measured. Kept by face, so that a run may be stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import numpy as np
import torch
from afterdetail.detailer.box import Box
from afterdetail.detailer.detection import Detections
from afterdetail.detailer.settings import MaskSettings
from PIL import Image
from quality import BEST, KEPT, Workshop, repaired
from quality_scenes import Scene, detected, scenes
from rig import nano
from rig.judge import Judge, landmark_error, psnr
from rig.make import TRAINED
from rig.tilted import tilted

FACES = int(os.environ.get("UPRIGHT_FACES", 8))
TILTS = (0, 45, 90, 180)
SIDE = 640
SHOWN = 200
PICTURE = Path(__file__).with_name("upright.jpg")


def tilted_scene(scene: Scene, degrees: int) -> tuple[torch.Tensor, Detections]:
    """The broken picture turned about the face, [1, SIDE, SIDE, 3], and the face in it."""
    picture = tilted(scene.broken[0], degrees, SIDE, scene.face)[None]
    width, height = scene.face.width, scene.face.height
    width, height = {0: (width, height), 90: (height, width)}.get(degrees % 180, ((width + height) // 2,) * 2)
    x0, y0 = (SIDE - width) // 2, (SIDE - height) // 2
    face = replace(detected(Box(x0, y0, x0 + width, y0 + height)), roll=float(degrees))
    return picture, Detections(SIDE, SIDE, ((face,),))


def judged(workshop: Workshop, judge: Judge, scene: Scene) -> dict[str, dict[str, float] | list]:
    """Landmark error and PSNR by "tilt way", and a strip of pictures by the way."""
    unbroken = tilted(scene.unbroken[0], 0, SIDE, scene.face)
    [[face]] = tilted_scene(scene, 0)[1].images
    mesh = judge.look(unbroken, face.box).points
    figures, strips = {}, {}
    for degrees in TILTS:
        picture, found = tilted_scene(scene, degrees)
        for way, upright in (("plain", False), ("upright", True)):
            masks = MaskSettings(upright=upright)
            image, _ = repaired(picture, found, workshop.inpainter(BEST), scene.seed, masks)
            back = tilted(image[0], -degrees, SIDE)
            seen = judge.look(back, face.box)
            error, fidelity = landmark_error(seen.points, mesh), psnr(back, unbroken, face.box)
            figures[f"{degrees} {way}"] = {"landmarks": error, "psnr": fidelity}
            strips.setdefault(way, []).append(shown(back, face.box))
    return {"figures": figures, "strips": {way: np.concatenate(parts, 1).tolist() for way, parts in strips.items()}}


def shown(image: torch.Tensor, face: Box) -> np.ndarray:
    """The face with a little around it, [SHOWN, SHOWN, 3]."""
    around = face.grown_to(*(max(face.width, face.height),) * 2).padded(max(face.width, face.height) // 3)
    picture = Image.fromarray((image * 255).round().byte().numpy())
    return np.asarray(picture.crop(around).resize((SHOWN, SHOWN), Image.Resampling.BICUBIC))


def measured() -> list[dict]:
    KEPT.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(TRAINED.read_bytes()).hexdigest()[:12]
    workshop, judge, results = Workshop(), Judge(), []
    for number, scene in enumerate(scenes(FACES, 1), start=1):
        file = KEPT / f"{version} upright {scene.name}.json"
        if not file.exists():
            workshop.latents.clear()
            file.write_text(json.dumps(judged(workshop, judge, scene)))
        results.append(json.loads(file.read_text()))
        print(f"{number} of {FACES}", file=sys.stderr, flush=True)
    return results


def table(results: list[dict]) -> str:
    lines = ["| tilt | landmarks, plain | upright | PSNR, plain | upright |", "|---" * 5 + "|"]
    for degrees in TILTS:
        ways = [[result["figures"][f"{degrees} {way}"] for result in results] for way in ("plain", "upright")]
        errors = (f"{median(one['landmarks'] for one in way):.3f}" for way in ways)
        fidelities = (f"{mean(one['psnr'] for one in way):.2f} dB" for way in ways)
        lines.append("| " + " | ".join([f"{degrees} degrees", *errors, *fidelities]) + " |")
    return "\n".join(lines)


def gain(result: dict) -> float:
    """How much nearer to the unbroken face `upright` came, in dB, over all tilts."""
    figures = result["figures"]
    return sum(figures[f"{degrees} upright"]["psnr"] - figures[f"{degrees} plain"]["psnr"] for degrees in TILTS)


def main() -> None:
    with torch.inference_mode():
        results = measured()
    middling = sorted(results, key=gain)[len(results) // 2]
    strips = [np.uint8(middling["strips"][way]) for way in ("plain", "upright")]
    Image.fromarray(np.concatenate(strips)).save(PICTURE, quality=88, optimize=True)
    print(f"{len(results)} faces at {len(TILTS)} tilts, denoise {BEST}.\n\n{table(results)}")
    nano.unload()


if __name__ == "__main__":
    main()
