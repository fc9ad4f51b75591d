"""What names of shows are searched by: their letters, whatever their case, accents and width."""

import unicodedata

from core.texts import IGNORABLE

# Letters that NFKD does not decompose, and their usual ASCII spelling (the first is the dotless i).
_SPELT = str.maketrans("\u0131øłđðħŧ", "iolddht") | {ord("þ"): "th", ord("æ"): "ae", ord("œ"): "oe"}


def fold_name(text: str) -> str:
    """The text without case, accents, ligatures, widths, nor what shows nothing: "STRASSE" is "Straße".

    Each character is folded by itself, so that a part of a name is found in the whole. In Python, since what
    PostgreSQL's lower() knows of letters depends on the database's locale.
    """
    letters = IGNORABLE.sub("", unicodedata.normalize("NFKD", text))
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold().translate(_SPELT)
