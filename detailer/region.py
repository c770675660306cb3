"""From detections to regions: what is repaired, with how much around it, at which size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from .box import Box, Size
from .detection import Detection, Detections, LeftOut
from .family import ModelSizes, likely_family
from .mask import MaskPatch, blur, blur_radius, dilate, inverted, soft_box, soft_mask, union
from .resampling import sampled
from .resolution import fit, grown_to_aspect, slid_inside
from .settings import FitSettings, MaskSettings
from .turn import Turned, padded_around, turn_of

UNKNOWN_MULTIPLE = 64
"""What the sides of a crop are divisible by while no model is known: it suits every family of family.py."""


@dataclass(frozen=True, eq=False)
class Region:
    """One inpaint: the alpha it is pasted with, the window of the image it is cut from, the size it is sampled at.

    `padded` is the window before it was fitted to `sampled_at`; `window` contains it wherever the image allows, and
    `padded` contains `alpha.box`, so the alpha is 0 on every side of the window that is not the image's own edge.
    With a `turn` both are turned clockwise about their middle by so many degrees, hold all pixels of the alpha above 0,
    and may leave the image.
    """

    image_index: int
    members: tuple[Detection, ...]
    alpha: MaskPatch
    padded: Box
    window: Box
    sampled_at: Size
    sampled_at_why: str = ""
    turn: float = 0.0

    @property
    def turned(self) -> Turned:
        """The window with its turn."""
        return Turned(self.window, self.turn)

    @property
    def window_alpha(self) -> torch.Tensor:
        """The alpha over the window, float [window.height, window.width]."""
        if not self.turn:
            return self.alpha.on(self.window)
        around = self.turned.bounds.padded(1)
        x, y = self.turned.grid(self.window.size)
        alpha = self.alpha.on(around)[..., None]
        return sampled(alpha, x - around.x0, y - around.y0, step=1, turn=self.turn, radius=1)[..., 0]

    def fitted(self, image: Box, resolution: str, model: ModelSizes) -> Region:
        """The same with a window and a size for a model."""
        window, sampled_at, why = fit(self.padded, self.limits(image), resolution, model)
        return replace(self, window=window, sampled_at=sampled_at, sampled_at_why=why)

    def with_size(self, image: Box, size: Size, why: str) -> Region:
        """The same, sampled at `size`, with a window of its aspect as far as the image allows."""
        window = slid_inside(grown_to_aspect(self.padded, size), self.limits(image))
        return replace(self, window=window, sampled_at=size, sampled_at_why=why)

    def limits(self, image: Box) -> Box | None:
        """What its window has to stay in; None for a turned one, whose corners stick out wherever it is put."""
        return None if self.turn else image


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a batch of images, in the order they are pasted, and the objects that became none."""

    detections: Detections
    fitting: FitSettings
    items: tuple[Region, ...]
    dropped: tuple[LeftOut, ...] = ()
    upscale: float = 1.0
    """How much larger the images are than those the objects were found in."""
    model: ModelSizes | None = None
    """What the windows were fitted to; None if that was guessed from the image's size."""

    @property
    def image(self) -> Box:
        """The plane of one image, in pixels."""
        return Box.of_size(self.detections.width, self.detections.height)

    def refitted(self, model: ModelSizes) -> Regions:
        """The same masks with windows for a model that is known now; a base model the user chose is kept."""
        wanted = model._replace(family=self.fitting.family or model.family)
        if wanted == self.model:
            return self
        items = tuple(region.fitted(self.image, self.fitting.resolution, wanted) for region in self.items)
        return replace(self, items=items, model=wanted)

    def alike(self) -> Regions:
        """The same masks, all sampled at the size that suits most of them, so that their crops make one batch."""
        sizes = [region.sampled_at for region in self.items]
        return self.with_size(max(sizes, key=lambda size: (sizes.count(size), size.area))) if sizes else self

    def with_size(self, size: Size) -> Regions:
        """The same masks, all sampled at `size`, with windows of its aspect as far as the image allows."""
        items = (region.with_size(self.image, size, "the size of most crops") for region in self.items)
        return replace(self, items=tuple(items))


def make_regions(detections: Detections, masks: MaskSettings, fitting: FitSettings, upscale: float = 1.0) -> Regions:
    """The regions of all images: one per object, or one per image if masks are joined or inverted.

    They are regions of the images at `upscale` times their size; mask settings are pixels of those.
    """
    notes = (*_cover_notes(detections, masks), *_upright_notes(detections, masks))
    detections = detections.scaled(upscale).noting(*notes)
    image = Box.of_size(detections.width, detections.height)
    likely = ModelSizes(fitting.family or likely_family(image.size), UNKNOWN_MULTIPLE)
    items: list[Region] = []
    dropped: list[LeftOut] = []
    for index, found in enumerate(detections.images):
        alphas = _joined_alpha(found, image, masks) if masks.joined else _own_alphas(found, image, masks)
        for members, alpha in alphas:
            if alpha is None:
                dropped += [LeftOut(index, member, _why_gone(masks)) for member in members]
                continue
            turn = turn_of(members[0].roll) if masks.upright and not masks.joined else 0.0
            window = padded_around(alpha, turn, masks.mask_padding)
            unfitted = Region(index, members, alpha, window, window, Size(0, 0), turn=turn)
            padded = slid_inside(window, unfitted.limits(image))
            items.append(replace(unfitted, padded=padded).fitted(image, fitting.resolution, likely))
    return Regions(detections, fitting, tuple(items), tuple(dropped), upscale, likely if fitting.family else None)


def _why_gone(masks: MaskSettings) -> str:
    if masks.invert:
        return (
            f"invert leaves nothing to repaint: the objects and mask_blur {masks.mask_blur} around them cover the image"
        )
    percent = f" and mask_dilation_percent {masks.mask_dilation_percent:g}" if masks.mask_dilation_percent else ""
    return (
        f"mask_dilation {masks.mask_dilation}{percent} erodes its whole mask, or x/y_offset moves it out of the image"
    )


def _cover_notes(detections: Detections, masks: MaskSettings) -> list[str]:
    unknown = {d.label for found in detections.images for d in found if d.head is None}
    if masks.cover == "object" or not unknown:
        return []
    return [
        f"cover {masks.cover} has no effect on {', '.join(sorted(unknown))}: only face_auto, and the face detectors of "
        "mediapipe, see which way a face looks. mask_dilation_percent grows any mask."
    ]


def _upright_notes(detections: Detections, masks: MaskSettings) -> list[str]:
    shared = masks.upright and masks.joined and detections.count > 0
    return ["upright has no effect with union_masks or invert: objects share one window."] if shared else []


Alphas = list[tuple[tuple[Detection, ...], MaskPatch | None]]


def _own_alphas(found: tuple[Detection, ...], image: Box, settings: MaskSettings) -> Alphas:
    return [((detection,), _own_alpha(detection, image, settings)) for detection in found]


def _own_alpha(detection: Detection, image: Box, settings: MaskSettings) -> MaskPatch | None:
    covered = _covered(detection, image, settings)
    dilation, moved = settings.dilation(covered.box), covered.shifted(settings.x_offset, settings.y_offset)
    if moved.mask is not None:
        mask = _inside(moved.mask, image)
        return mask and soft_mask(mask, image, dilation, settings.mask_blur)
    box = moved.box.intersection(image)
    if box.width <= 0 or box.height <= 0:
        return None
    return soft_box(box, image, dilation, settings.mask_blur)


def _covered(detection: Detection, image: Box, settings: MaskSettings) -> Detection:
    """The detection with the box and mask that `cover` asks for."""
    if settings.cover == "object" or detection.head is None:
        return detection
    head = Box.union([detection.box, detection.head.rounded().intersection(image)])
    return replace(detection, box=head, mask=None)


def _joined_alpha(found: tuple[Detection, ...], image: Box, settings: MaskSettings) -> Alphas:
    """One mask for all objects of an image: dilated one by one, joined (and inverted), blurred once.

    Inverted, the objects are first grown by the blur's reach, so that it ends where they begin.
    """
    if not found:
        return []
    dilated = []
    for covered in (_covered(detection, image, settings) for detection in found):
        mask = _inside(covered.patch.shifted(settings.x_offset, settings.y_offset), image)
        dilated += [dilate(mask, image, settings.dilation(covered.box))] if mask else []
    joined = union(dilated) if dilated else None
    if joined and settings.invert:
        joined = inverted(dilate(joined, image, 2 * blur_radius(settings.mask_blur) + 1), image)
    trimmed = joined and joined.trimmed()
    return [(found, trimmed and blur(trimmed, image, settings.mask_blur))]


def _inside(mask: MaskPatch, image: Box) -> MaskPatch | None:
    common = mask.box.intersection(image)
    if common == mask.box:
        return mask
    return MaskPatch(common, mask.on(common)) if common.width > 0 and common.height > 0 else None
