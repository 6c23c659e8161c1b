"""A grid of images, each with what it was taken for and what it is, as PNG."""

import io
import pathlib
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

COLUMNS = 5
SIDE = 128  # pixels of an image in the grid
MARGIN = 12
LINE = 18
RIGHT, WRONG, QUIET = "#1a7f37", "#cf222e", "#57606a"


@dataclass
class Answer:
    jpeg: bytes
    truth: str
    label: str
    probability: float

    def is_right(self) -> bool:
        return self.label == self.truth


def draw(answers: list[Answer], path: pathlib.Path) -> None:
    """Writes the picture; its folder is made."""
    width, height = SIDE + MARGIN, SIDE + 2 * LINE + MARGIN
    rows = -(-len(answers) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width + MARGIN, rows * height + MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=13)
    for place, answer in enumerate(answers):
        left = MARGIN + place % COLUMNS * width
        top = MARGIN + place // COLUMNS * height
        image = Image.open(io.BytesIO(answer.jpeg)).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        sheet.paste(image, (left, top))
        colour = RIGHT if answer.is_right() else WRONG
        pen.text((left, top + SIDE + 2), f"{answer.label} {answer.probability:.0%}", colour, font)
        pen.text((left, top + SIDE + LINE), f"true: {answer.truth}", QUIET, font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, format="PNG")
