"""ControlNets whose pictures are cut to a window, one for each item of a batch."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from .view import View


class Hint(NamedTuple):
    """What one ControlNet is shown: its picture [1, C, h, w], and what inpainting ones are shown besides."""

    picture: torch.Tensor | None
    extras: tuple[torch.Tensor, ...]

    @property
    def shapes(self) -> Hashable:
        """Only hints of the same shapes can be sampled in one batch."""
        return self.picture is not None and self.picture.shape, tuple(extra.shape for extra in self.extras)


@dataclass(frozen=True, eq=False)
class ControlCrop:
    """A ControlNet, or a chain of them, and what each is shown of a window."""

    control: Any
    hints: tuple[Hint, ...]

    @property
    def identity(self) -> Hashable:
        """Equal where two crops can be items of one batch."""
        return id(self.control), tuple(hint.shapes for hint in self.hints)


def cut_control(control: Any, view: View) -> ControlCrop:
    """What the ControlNets would show of the window. They themselves are left as they are."""
    return ControlCrop(control, tuple(_hint(link, view) for link in _chain(control)))


def control_for_batch(crops: Sequence[ControlCrop]) -> Any:
    """A copy of the ControlNets that shows each item its own hint; the copies share the model."""
    return _with_hints(crops[0].control, [crop.hints for crop in crops])


def _chain(control: Any) -> Iterator[Any]:
    while control is not None:
        yield control
        control = control.previous_controlnet


def _hint(control: Any, view: View) -> Hint:
    picture = control.cond_hint_original
    extras = tuple(_extra(extra, view) for extra in getattr(control, "extra_concat_orig", ()))
    return Hint(None if picture is None else view.planes(picture), extras)


def _extra(extra: torch.Tensor, view: View) -> torch.Tensor:
    """A mask over the image is cut; ComfyUI's stand-in for no mask is a single value."""
    return extra if extra.numel() == 1 else view.planes(extra)


def _with_hints(control: Any, hints: list[tuple[Hint, ...]]) -> Any:
    if control is None:
        return None
    copied = control.copy()
    own = [item[0] for item in hints]
    pictures = [hint.picture for hint in own if hint.picture is not None]
    if pictures:
        copied.cond_hint_original, copied.cond_hint = torch.cat(pictures), None
    if own[0].extras:
        copied.extra_concat_orig = [torch.cat(column) for column in zip(*(hint.extras for hint in own), strict=True)]
        copied.extra_concat = None
    copied.previous_controlnet = _with_hints(control.previous_controlnet, [item[1:] for item in hints])
    return copied
