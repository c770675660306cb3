"""What detectors find in pictures whose faces and hands a person has counted.

python -m benchmarks.recall [--final] [faces|hands [DETECTOR ...]]
python -m benchmarks.recall --wall [faces|hands [DETECTOR ...]]    how long a picture 1024 px long takes, on idle cores
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import mean, median

import torch
from afterdetail.detectors import registry
from rig import by_eye

CONFIDENCE = 0.3
LONG, TIMED, TRIES = 1024, 48, 3
"""Side in pixels of the pictures that are timed, how many, and how often each; the best counts."""
DETECTORS = {
    "faces": ["face_auto", "face_full_mediapipe", "face_mesh_mediapipe"],
    "hands": ["hand_auto", "hand_mediapipe"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["faces", "hands"], default="faces")
    parser.add_argument("--final", action="store_true", help="only the pictures that no number was chosen on")
    parser.add_argument("--wall", action="store_true", help="only the time")
    parser.add_argument("detectors", nargs="*")
    options = parser.parse_args()
    if options.wall:
        for detector in options.detectors or DETECTORS[options.what]:
            report_wall(detector)
        return
    names = [name for name, entry in by_eye.counted().items() if bool(entry.get("final")) == options.final]
    print("| detector | kind | there | found | false |\n|---|---|---|---|---|")
    for detector in options.detectors or DETECTORS[options.what]:
        report(detector, names, options.what, turned=options.what == "faces" and not options.final)


@torch.no_grad()
def report_wall(name: str) -> None:
    entry = registry.find(name)
    detector, took = entry.open(), []
    for file in sorted(by_eye.counted())[::4][:TIMED]:
        picture = by_eye.picture(file)
        scale = LONG / max(picture.size)
        image = by_eye.tensor(picture.resize((round(picture.width * scale), round(picture.height * scale))))
        tries = []
        for _ in range(TRIES):
            start = time.perf_counter()
            detector.detect(image, entry.threshold(CONFIDENCE).applied)
            tries.append(1000 * (time.perf_counter() - start))
        took.append(min(tries))
    print(f"{name}: mean {mean(took):.0f} ms, median {median(took):.0f}, most {max(took):.0f} of {len(took)} pictures")


def report(name: str, names: list[str], what: str, turned: bool) -> None:
    entry = registry.find(name)
    detector, seconds = entry.open(), 0.0

    @torch.no_grad()
    def count(image: torch.Tensor) -> int:
        nonlocal seconds
        start = time.process_time()
        [found] = detector.detect(image, entry.threshold(CONFIDENCE).applied)
        seconds += time.process_time() - start
        return len(found)

    kinds = by_eye.tallies(names, what, count)
    kinds["all"] = by_eye.total(kinds.values())
    milliseconds = seconds / len(names) * 1000
    if turned:
        kinds |= varied(count)
    for kind, tally in kinds.items():
        print(f"| {name} | {kind} | {tally.there} | {tally.found} | {tally.false} |")
    print(f"\n{name}: {milliseconds:.0f} ms of one core's time per picture\n", flush=True)


def varied(count: Callable[[torch.Tensor], int]) -> dict[str, by_eye.Tally]:
    names = [name for name, entry in by_eye.counted().items() if entry.get("varied")]
    found: dict[str, by_eye.Tally] = {}
    for kind, images in by_eye.variations(names).items():
        for image in images:
            found.setdefault(kind, by_eye.Tally()).add(1, 1, count(by_eye.tensor(image)))
    return found


if __name__ == "__main__":
    main()
