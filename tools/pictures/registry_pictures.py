"""Draws the icon and the banner that the registry shows; results in web/docs/images/.

A face seen as a few coarse blocks on one side and clearly on the other, in the dashed window it is repaired in.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont
from rig.comfyui import ROOT

IMAGES = ROOT / "web" / "docs" / "images"
ICON, BANNER = 400, (1260, 540)  # registry: at most 400 px, square; 21:9
FINE = 4  # drawn so many times larger, then reduced: smooth edges

INK, FIELD, SKIN, HAIR, GREEN, PALE = "#16202b", "#1d2c3a", "#f2c6a0", "#5b3a29", "#009e73", "#dfe8ee"


def main() -> None:
    icon().save(IMAGES / "icon.png", optimize=True)
    banner().save(IMAGES / "banner.jpg", quality=90, optimize=True)


def face(side: int) -> Image.Image:
    """A head with hair, eyes and a smile, on the field's colour."""
    picture = Image.new("RGB", (side, side), FIELD)
    draw = ImageDraw.Draw(picture)

    def spot(x0: float, y0: float, x1: float, y1: float, fill: str) -> None:
        draw.ellipse([edge * side for edge in (x0, y0, x1, y1)], fill=fill)

    spot(0.20, 0.08, 0.80, 0.80, HAIR)
    spot(0.26, 0.22, 0.74, 0.88, SKIN)
    for center in (0.40, 0.60):
        spot(center - 0.055, 0.44, center + 0.055, 0.55, "white")
        spot(center - 0.032, 0.455, center + 0.032, 0.535, INK)
        brow = [edge * side for edge in (center - 0.08, 0.38, center + 0.08, 0.50)]
        draw.arc(brow, 215, 325, fill=HAIR, width=round(side * 0.022))
    draw.line([(side * 0.5, side * 0.56), (side * 0.485, side * 0.64)], fill="#d9a27a", width=round(side * 0.018))
    smile = [edge * side for edge in (0.39, 0.60, 0.61, 0.77)]
    draw.arc(smile, 25, 155, fill="#b5493f", width=round(side * 0.024))
    return picture


def half_repaired(side: int, blocks: int = 14) -> Image.Image:
    """The face, its left half in coarse blocks."""
    clear = face(side)
    coarse = clear.resize((blocks, blocks), Image.Resampling.BOX).resize((side, side), Image.Resampling.NEAREST)
    clear.paste(coarse.crop((0, 0, side // 2, side)), (0, 0))
    return clear


def windowed(side: int, margin: float = 0.07) -> Image.Image:
    """The face in its dashed window, with the line where the repair has got to."""
    picture = half_repaired(side)
    draw = ImageDraw.Draw(picture)
    low, high, width = margin * side, (1 - margin) * side, round(side * 0.016)
    dashes = 9
    step = (high - low) / (2 * dashes - 1)
    for place in range(dashes):
        start, end = low + 2 * place * step, low + (2 * place + 1) * step
        for edge in (low, high):
            draw.line([(start, edge), (end, edge)], fill=GREEN, width=width)
            draw.line([(edge, start), (edge, end)], fill=GREEN, width=width)
    draw.line([(side / 2, low), (side / 2, high)], fill=PALE, width=round(side * 0.01))
    return picture


def icon() -> Image.Image:
    side = ICON * FINE
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), radius=side * 0.16, fill=255)
    picture = windowed(side).convert("RGBA")
    picture.putalpha(mask)
    return picture.resize((ICON, ICON), Image.Resampling.LANCZOS)


def banner() -> Image.Image:
    _, height = BANNER
    picture = Image.new("RGB", BANNER, FIELD)
    side = height - 80
    picture.paste(windowed(side * FINE).resize((side, side), Image.Resampling.LANCZOS), (40, 40))
    draw = ImageDraw.Draw(picture)
    draw.text((side + 100, 170), "AfterDetail", fill="white", font=ImageFont.load_default(104))
    lines = ("Repairs faces, hands and people", "at the model's own resolution.")
    for row, line in enumerate(lines):
        draw.text((side + 106, 310 + row * 50), line, fill=PALE, font=ImageFont.load_default(40))
    return picture


if __name__ == "__main__":
    main()
