"""One seed per object."""

from __future__ import annotations

from dataclasses import dataclass

WEYL_STEP = 0x9E3779B9
"""2^32 / golden ratio, made odd: the step of the Weyl sequence in Steele, Lea, Flood, "Fast splittable pseudorandom
number generators" (2014), for 32 bits. torch's CPU generator takes its state from the low 32 bits of a seed."""

OBJECTS_PER_IMAGE = 1 << 16
ATTEMPT_BITS = 28
MAX_SEED = (1 << 64) - 1


@dataclass(frozen=True)
class Seeds:
    """The user's seed, and a list that goes before it: one seed per object, by the numbers on the pictures, counted
    through all images.

    With `tracked`, an object that is followed from frame to frame keeps its seed, and one that is seen in fewer than
    `min_frames` is left alone.
    """

    seed: int = 0
    listed: tuple[int, ...] = ()
    tracked: bool = False
    min_frames: int = 1

    @staticmethod
    def parse(seed: int, text: str, tracked: bool = False, min_frames: int = 1) -> Seeds:
        """From a seed and a comma list such as "7, 8, 9"; ValueError for anything else in the list."""
        listed = []
        for part in filter(str.strip, text.split(",")):
            if not part.strip().isdecimal() or int(part) > MAX_SEED:
                raise ValueError(f"seeds holds {part.strip()!r}: write whole numbers from 0 to 2^64 - 1 and commas.")
            listed.append(int(part))
        return Seeds(seed, tuple(listed), tracked, min_frames)

    def of(self, place: int | None, image_index: int, object_index: int) -> int:
        """The listed seed for the object with number `place` through all images; else the one derived for it."""
        if place is not None and place < len(self.listed):
            return self.listed[place]
        return derived_seed(self.seed, image_index, object_index)

    def unused(self, objects: int) -> list[str]:
        """A sentence if there are more seeds than objects."""
        if len(self.listed) <= objects:
            return []
        return [f"seeds lists {len(self.listed)} values for {objects} objects; the last ones are not used."]


def derived_seed(seed: int, image_index: int, object_index: int) -> int:
    """The seed of an object, 0 .. 2^64 - 1; the first object of the first image gets `seed` itself.

    For one `seed`, no two objects of the first 65,536 images share a seed, nor its low 32 bits: an odd step visits
    every residue once. Neighbouring user seeds start far apart on the sequence.
    """
    index = image_index * OBJECTS_PER_IMAGE + object_index % OBJECTS_PER_IMAGE
    return (seed + WEYL_STEP * index) % (MAX_SEED + 1)


def retry_seed(seed: int, attempt: int) -> int:
    """The seed of an object's attempt number 0, 1, ... 15; the first is its own `seed`.

    Attempts lie so far apart on the sequence that no two objects of the first 4,096 images share one.
    """
    return (seed + WEYL_STEP * (attempt << ATTEMPT_BITS)) % (MAX_SEED + 1)
