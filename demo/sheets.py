"""The demo's pictures side by side."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps
from rig.photos import FaceBox

CAPTION = 28
STAGES = ("photo", "detections", "mask", "crop", "repaired crop", "after")


def repair_sheet(pictures: dict[str, Image.Image], face: FaceBox, side: int = 360) -> Image.Image:
    """The surroundings of a face in each picture, with its name."""
    x0, y0, x1, y1 = face
    reach = max(x1 - x0, y1 - y0)
    middle = ((x0 + x1) // 2, (y0 + y1) // 2)
    window = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    shown = {name: picture.convert("RGB").crop(window) for name, picture in pictures.items()}
    return captioned({name: part.resize((side, side), Image.Resampling.BICUBIC) for name, part in shown.items()}, side)


def stages_sheet(pictures: dict[str, Image.Image], side: int = 320) -> Image.Image:
    """The stages in the order of the work, each with its name."""
    shown = {f"{place}. {name}": pictures[name] for place, name in enumerate(STAGES, start=1)}
    return captioned({name: ImageOps.contain(picture, (side, side)) for name, picture in shown.items()}, side)


def captioned(pictures: dict[str, Image.Image], side: int, columns: int = 3) -> Image.Image:
    """Pictures of at most `side` px in rows of three, the name above each."""
    rows, gap = -(-len(pictures) // columns), 8
    sheet = Image.new("RGB", (columns * (side + gap) - gap, rows * (side + CAPTION)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (name, picture) in enumerate(pictures.items()):
        left, top = place % columns * (side + gap), place // columns * (side + CAPTION)
        draw.text((left + 4, top + 4), name, fill="black", font=ImageFont.load_default(18))
        sheet.paste(picture, (left, top + CAPTION))
    return sheet
