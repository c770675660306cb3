"""Which prompt belongs to which object."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from .detection import KINDS, Detection, Detections, LeftOut
from .prompt_text import EVERY_LABEL, LoraUse, ObjectPrompt, Order, PromptText, parse
from .region import Regions

CLASSES = frozenset({"face", "hand", "person", "eye", "eyes", "lips", "mask", *KINDS})
"""What this pack's own detectors find. A line that begins with one of these, or with a class of the detector in use, is
for such objects only, whether any was found or not."""

SKIPPED = "[SKIP] in its line of object_prompts"


@dataclass(frozen=True)
class Assigned:
    """The lines of one text by (image index, number of the object), and by label."""

    by_number: Mapping[tuple[int, int], ObjectPrompt] = field(default_factory=dict)
    by_label: Mapping[str, ObjectPrompt] = field(default_factory=dict)

    @staticmethod
    def of(text: PromptText, detections: Detections, seed: int) -> Assigned:
        """Each line to an object; every object that has a number counts, whether it is repaired or not."""
        by_number = {
            (index, number): line
            for index in range(len(detections.images))
            for place, number in enumerate(_numbers(detections, index, text.order, seed))
            if (line := _line(text, place)) is not None
        }
        return Assigned(by_number, dict(text.by_label))

    def for_object(self, image_index: int, detection: Detection) -> ObjectPrompt:
        """The object's own line; an empty one leaves it to the line of its label, or to the common prompt."""
        own = None if detection.number is None else self.by_number.get((image_index, detection.number))
        if own is not None and own != ObjectPrompt():
            return own
        names = (detection.label.casefold(), *_words(detection.label), EVERY_LABEL)
        return next((self.by_label[name] for name in names if name in self.by_label), ObjectPrompt())


@dataclass(frozen=True)
class ObjectPrompts:
    """Prompts and negatives of single objects, and what there is to say about their texts."""

    positives: Assigned = field(default_factory=Assigned)
    negatives: Assigned = field(default_factory=Assigned)
    notes: tuple[str, ...] = ()
    common: str = ""
    """The text of the prompt that all objects share; empty where that is not known."""

    @staticmethod
    def of(
        detections: Detections, prompts: str, negatives: str = "", common: str | None = None, seed: int = 0
    ) -> ObjectPrompts:
        """From the texts of object_prompts and object_negatives; `seed` decides the order of [RND]."""
        known = {*_labels(detections), *(label.casefold() for label in detections.classes)}
        labels = CLASSES | {name for label in known for name in (label, *_words(label))}
        texts = {
            "object_prompts": parse(prompts, common, labels, "object_prompts"),
            "object_negatives": parse(negatives, None, labels, "object_negatives"),
        }
        notes = [note for name, text in texts.items() for note in (*text.notes, *_misses(name, text, detections))]
        positive, negative = (Assigned.of(text, detections, seed) for text in texts.values())
        return ObjectPrompts(positive, negative, tuple(notes), common or "")

    def for_object(self, image_index: int, detection: Detection) -> ObjectPrompt:
        """What is asked for an object; its own `--neg` goes before its line of object_negatives."""
        asked = self.positives.for_object(image_index, detection)
        negative = asked.negative or self.negatives.for_object(image_index, detection).text
        return replace(asked, negative=negative)

    @property
    def loras(self) -> set[LoraUse]:
        """Every LoRA that a line names, with its strength."""
        return {lora for asked in self._all() for lora in asked.loras}

    @property
    def need_clip(self) -> bool:
        """Whether there is text to encode."""
        return any(asked.text or asked.negative for asked in self._all())

    def applied_to(self, regions: Regions) -> Regions:
        """Without the regions all of whose objects are to be skipped, and with what there is to say."""
        items, skipped, notes = [], list(regions.dropped), [*self.notes]
        for region in regions.items:
            asked = [self.for_object(region.image_index, member) for member in region.members]
            if all(item.skip for item in asked):
                skipped += [LeftOut(region.image_index, member, SKIPPED) for member in region.members]
                continue
            items.append(region)
            if any(item != asked[0] for item in asked):
                notes.append("object_prompts: objects that are repaired together get the line of the first one.")
        detections = regions.detections.noting(*notes)
        return replace(regions, items=tuple(items), dropped=tuple(skipped), detections=detections)

    def _all(self) -> Iterator[ObjectPrompt]:
        for assigned in (self.positives, self.negatives):
            yield from assigned.by_number.values()
            yield from assigned.by_label.values()


def _line(text: PromptText, place: int) -> ObjectPrompt | None:
    if place < len(text.lines):
        return text.lines[place]
    return text.lines[-1] if text.repeats else None


def _numbers(detections: Detections, image_index: int, order: Order | None, seed: int) -> list[int]:
    """The numbers of an image's objects in the order in which lines count them."""
    objects = {d.number: d for d in detections.found_in(image_index) if d.number is not None}
    numbers = sorted(objects)
    match order:
        case None:
            return list(range(detections.numbers_in(image_index)))
        case "ASC" | "DSC":
            numbers.sort(key=lambda number: (objects[number].box.x0, objects[number].box.y0))
        case "ASC-SIZE" | "DSC-SIZE":
            numbers.sort(key=lambda number: objects[number].box.area)
        case "RND":
            random.Random(f"{seed} {image_index}").shuffle(numbers)
    return numbers[::-1] if order in ("DSC", "DSC-SIZE") else numbers


def _labels(detections: Detections) -> set[str]:
    return {d.label.casefold() for index in range(len(detections.images)) for d in detections.found_in(index)}


def _words(label: str) -> list[str]:
    return re.split(r"[\s_-]+", label.casefold())


def _misses(name: str, text: PromptText, detections: Detections) -> list[str]:
    """Sentences about lines that no object gets."""
    notes = []
    labels = {word for label in _labels(detections) for word in (label, *_words(label), EVERY_LABEL)}
    missing = [label for label, _ in text.by_label if label not in labels]
    if missing:
        notes.append(f"{name}: no object is called {' or '.join(missing)}, so that line is not used.")
    count = max((detections.numbers_in(index) for index in range(len(detections.images))), default=0)
    if any(line != ObjectPrompt() for line in text.lines[count:]):
        notes.append(f"{name}: there are {len(text.lines)} lines and {count} objects; the last lines are not used.")
    return notes
