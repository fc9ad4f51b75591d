"""What a text may be, what of it shows nothing, and by what texts are compared: for bodies, queries, plans.

Not `str.isprintable()`: it knows no character younger than this Python, and refuses what names are written
with: no-break spaces, the joiners of emoji, the marks of scripts written from right to left.
"""

import re
import unicodedata
from typing import Any

from pydantic import BeforeValidator, StringConstraints

# The last two code points of each plane, and the 32 of the block of Arabic forms, are no characters.
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane << 16 | 0xFFFE)}-{chr(plane << 16 | 0xFFFF)}" for plane in range(17)
)
# Overrides show letters in another order than they are in, so that a name looks like another. Embeddings are
# the same mechanism and share its end (U+202C); and what is left open turns what is shown beside the name.
# Unicode has isolates in their place, which end where they are closed.
_TURNING = "\u202a-\u202e"
_REFUSED = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\ud800-\udfff{_NONCHARACTERS}{_TURNING}]")
_ISOLATE = re.compile("[\u2066-\u2069]")
_END_OF_ISOLATE = "\u2069"
_KINDS = {"Cc": "a control character", "Cs": "half a character", "Cn": "a code point that is no character"}

# Unicode's Default_Ignorable_Code_Point, which does not grow: joiners, marks, fillers, variation selectors.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
IGNORABLE = re.compile(f"[{_IGNORABLE}]+")
# These, spaces of all kinds, and the braille pattern without a dot.
_BLANKS = re.compile(f"[\\s\u2800{_IGNORABLE}]+")


def check_text(value: Any) -> Any:
    """The text as it is; and whatever is none. Raises ValueError, which tells the character and its place."""
    # What this Python holds for printable has none of them: nearly all seats are judged at the speed of C.
    if not isinstance(value, str) or value.isprintable():
        return value
    if found := _REFUSED.search(value):
        kind = _KINDS.get(unicodedata.category(found[0]), "a character that turns the direction of text")
        raise ValueError(f"must not have {kind} ({_tell(value, found.start())})")
    _check_isolates(value)
    return value


def check_name(value: Any) -> Any:
    """As check_text(), of a name, which must show something; an empty one is refused by its length alone."""
    check_text(value)
    if isinstance(value, str) and _BLANKS.fullmatch(value):
        raise ValueError(f"must not be blank ({_tell(value, 0)}, and nothing else that can be seen)")
    return value


def to_key(name: str) -> str:
    """What two names are compared by: that they are written alike (NFC), without the space around them."""
    return unicodedata.normalize("NFC", name.strip())


# For the types of fields: a text is kept as it was sent; a name without the space around it, which its length
# is counted without.
TEXT, NAME = BeforeValidator(check_text), BeforeValidator(check_name)
TRIMMED = StringConstraints(strip_whitespace=True)


def _check_isolates(text: str) -> None:
    """Raise ValueError where one is not closed, and would reach into what is shown after the text."""
    opened: list[int] = []
    for found in _ISOLATE.finditer(text):
        if found[0] != _END_OF_ISOLATE:
            opened.append(found.start())
        elif opened:
            opened.pop()
    if opened:
        raise ValueError(f"must close what turns the direction of text ({_tell(text, opened[0])})")


def _tell(text: str, place: int) -> str:
    return f"U+{ord(text[place]):04X}, character {place + 1}"
