"""The actor's picture: the initials of the co-op in the colours of its pages."""

import io
import unicodedata
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

SIDE = 400  # pixels
GREEN, PAPER = "#14594a", "#fbfaf6"  # brand and paper in static/site.css
TICK = [(144, 213), (188, 256), (263, 181)]  # as in static/favicon.svg, 400 for its 32


def initials(name: str) -> str:
    """The first letter or digit of the first word and of the last, without marks; empty where our letters have none.

    >>> initials("Harbour Social Co-op"), initials("élan"), initials("合作社")
    ('HC', 'E', '')
    """
    plain = unicodedata.normalize("NFKD", name).upper()
    words = [letters for word in plain.split() if (letters := "".join(c for c in word if c.isalnum()))]
    found = "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))) if words else ""
    return found if found.isascii() else ""


@lru_cache(maxsize=8)
def icon(letters: str) -> bytes:
    """A PNG of SIDE × SIDE pixels with one or two letters; the site's own sign, a ballot with a tick, without any."""
    image = Image.new("RGB", (SIDE, SIDE), GREEN)
    draw = ImageDraw.Draw(image)
    if letters:
        font = ImageFont.load_default(size=230 if len(letters) == 1 else 180)
        draw.text((SIDE / 2, SIDE / 2), letters, fill=PAPER, font=font, anchor="mm", stroke_width=4, stroke_fill=PAPER)
    else:
        draw.rectangle((88, 75, 312, 325), fill=PAPER)
        draw.line(TICK, fill=GREEN, width=28, joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
