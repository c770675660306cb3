"""What `keep` if better rejects of spoiled repairs, and keeps of good ones; and what a verdict costs."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from afterdetail.detailer.judge import Verdict, judge
from afterdetail.detailer.region import make_regions
from afterdetail.detailer.settings import FitSettings, MaskSettings
from afterdetail.detectors.observer import observe
from PIL import Image
from quality import Workshop, cut, pack
from quality_scenes import Scene, scenes
from spoiled import SPOILED

FACES, SEEDS = int(os.environ.get("JUDGE_FACES", 40)), int(os.environ.get("JUDGE_SEEDS", 3))
UNSEEN = range(1, SEEDS)
"""The seeds that no limit of the judge was chosen on."""
GOOD = "unbroken"
OTHERS = 5
"""The other face of a scene is so many scenes further on."""
PICTURE = Path(__file__).with_name("judge.jpg")
SHOWN, DENOISES = "17-0", (0.3, 0.04)
"""A scene that the small model makes worse at the first denoise, and better at the second."""


class Case(NamedTuple):
    """A verdict on one repair, of a face that was broken or not, by the number of the seed."""

    repair: str
    was_broken: bool
    seed: int
    verdict: Verdict
    milliseconds: float


def verdict_on(scene: Scene, was: torch.Tensor, picture: torch.Tensor) -> Verdict:
    """On what stands in `picture` [1, H, W, 3] where the default mask of the scene's face is."""
    [region] = make_regions(scene.detections, MaskSettings(), FitSettings(base_model="sd15")).items
    rows, columns = region.window.slices
    return judge(was[0], picture[:, rows, columns], region, observe)


def cases(several: Sequence[Scene], random: np.random.Generator) -> Iterator[Case]:
    """Every spoiled repair of the broken and of the unbroken face, and the good repair of the broken one."""
    for place, scene in enumerate(several):
        other = several[(place + OTHERS) % len(several)]
        seed = int(scene.name.rpartition("-")[2])
        repairs = {name: spoil(scene, other, random) for name, spoil in SPOILED.items()}
        for was, was_broken in ((scene.broken, True), (scene.unbroken, False)):
            for name, picture in repairs.items() if not was_broken else [(GOOD, scene.unbroken), *repairs.items()]:
                start = time.process_time()
                verdict = verdict_on(scene, was, picture)
                yield Case(name, was_broken, seed, verdict, 1000 * (time.process_time() - start))


def table(judged: Sequence[Case]) -> str:
    """A line for each kind of repair: how many were rejected, and by which tests."""
    groups = [(was_broken, seeds) for seeds in (range(SEEDS), UNSEEN) for was_broken in (True, False)]
    lines = ["| repair | of a broken face | of a good face | other seeds, broken | good | tests that it failed |"]
    lines.append("|---" * 6 + "|")
    for name in (GOOD, *SPOILED):
        shares = []
        for was_broken, seeds in groups:
            these = (c for c in judged if c.repair == name and c.was_broken == was_broken and c.seed in seeds)
            rejected = [bool(case.verdict.failed) for case in these]
            shares.append(f"{np.mean(rejected):.1%} rejected" if rejected else "")
        tests = Counter(each.test.name for c in judged if c.repair == name for each in c.verdict.failed)
        count = sum(c.repair == name for c in judged)
        named = ", ".join(f"{test} {hits / count:.0%}" for test, hits in tests.most_common(4))
        lines.append(f"| {name} | {' | '.join(shares)} | {named} |")
    return "\n".join(lines)


def shown(scene: Scene) -> np.ndarray:
    """The broken face, a repair of it that is rejected and one that is kept; LookupError if they are not."""
    workshop = Workshop()
    images = [pack(denoise)(scene, workshop, scene.seed)[0] for denoise in DENOISES]
    rejected = [bool(verdict_on(scene, scene.broken, image).failed) for image in images]
    if rejected != [True, False]:
        raise LookupError(f"Of the repairs of {scene.name} at denoise {DENOISES} are rejected: {rejected}.")
    return np.concatenate([cut(image, scene, 240) for image in (scene.broken, *images)], 1)


def main() -> None:
    with torch.inference_mode():
        several = list(scenes(FACES, SEEDS))
        judged = []
        for case in cases(several, np.random.default_rng(0)):
            judged.append(case)
            print(f"{len(judged)}", file=sys.stderr, flush=True)
        strip = shown(next(scene for scene in several if scene.name == SHOWN))
    Image.fromarray(strip).save(PICTURE, quality=88, optimize=True)
    print(f"{len(judged)} verdicts on {FACES} faces, broken with {SEEDS} seeds each.\n")
    print(table(judged))
    print(f"\nA verdict takes {median(case.milliseconds for case in judged):.0f} ms of one core (median).")


if __name__ == "__main__":
    main()
