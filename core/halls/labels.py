"""What a label says: whether it names what an audience looks at, in whatever language and lettering."""

import unicodedata
from enum import IntEnum
from functools import lru_cache
from itertools import groupby

from core.halls import focus_words

# Of a label that is longer only the beginning is read: what names a stage is a word or three.
LONGEST_LABEL = 80
LONGEST_PHRASE = 3
# So many letters with something between them are one word: "S T A G E".
LETTERS_APART = 3

# Letters that have no decomposition, in their usual spelling; the Arabic tatweel only stretches a word.
_SPELT = str.maketrans("\u0131øłđðħŧ", "iolddht", "\u0640") | {ord("æ"): "ae", ord("œ"): "oe"}


class Kind(IntEnum):
    """What may be looked at; of several the first."""

    STAGE = 0
    FIELD = 1
    SCREEN = 2


def _fold(text: str) -> str:
    """The text without case, accents and widths, and with a space for whatever is no letter or digit."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    # Composed again: a Korean syllable is found whole, not a part of two.
    folded = unicodedata.normalize("NFC", plain.casefold().translate(_SPELT))
    return " ".join("".join(map(_keep, folded)).split())


def _keep(letter: str) -> str:
    category = unicodedata.category(letter)
    # A soft hyphen, a joiner or a mark of direction stands within words.
    return "" if category == "Cf" else letter if category[0] in "LMN" else " "


def _read(words: str) -> frozenset[str]:
    return frozenset(map(_fold, words.split(",")))


_SPACED = (
    (Kind.STAGE, _read(focus_words.STAGES)),
    (Kind.FIELD, _read(focus_words.FIELDS)),
    (Kind.SCREEN, _read(focus_words.SCREENS)),
)
_UNSPACED = (
    (Kind.STAGE, _read(focus_words.UNSPACED_STAGES)),
    (Kind.FIELD, _read(focus_words.UNSPACED_FIELDS)),
    (Kind.SCREEN, _read(focus_words.UNSPACED_SCREENS)),
)
_ALONE = _read(focus_words.ALONE)
_HEADS, _NO_HEADS = _read(focus_words.HEADS), _read(focus_words.NO_HEADS)
_ELSEWHERE, _UNSPACED_ELSEWHERE = _read(focus_words.ELSEWHERE), _read(focus_words.UNSPACED_ELSEWHERE)


def read_label(text: str) -> Kind | None:
    """What the label names of that which may be looked at; None where it names anything else."""
    return _read_start(text[:LONGEST_LABEL])


@lru_cache(1_000)
def _read_start(text: str) -> Kind | None:
    words = _join_letters(_fold(text).split())
    found = _read_words(words)
    # Letters apart are one word also where a script's letters are more than a character, or words of two.
    return found if found is not None or not _is_apart(words) else _read_words(["".join(words)])


def _read_words(words: list[str]) -> Kind | None:
    named = [word for word in words if not word.isdigit()]
    phrases = _phrases(named)
    whole = "".join(named)
    if not _ELSEWHERE.isdisjoint(phrases) or any(part in whole for part in _UNSPACED_ELSEWHERE):
        return None
    for kind, known in _SPACED:
        if not known.isdisjoint(phrases):
            return kind
    for kind, known in _UNSPACED:
        if any(part in whole for part in known):
            return kind
    if whole in _ALONE and len(words) == 1:
        return Kind.FIELD
    return _read_compounds(named)


def _read_compounds(words: list[str]) -> Kind | None:
    for word in words:
        for head in _HEADS:
            if word.endswith(head) and word.removesuffix(head) not in _NO_HEADS:
                return next((kind for kind, known in _SPACED if head in known), Kind.FIELD)
    return None


def _phrases(words: list[str]) -> set[str]:
    """Each word, and each two and three that follow each other."""
    lengths = range(1, LONGEST_PHRASE + 1)
    return {
        " ".join(words[start : start + length])
        for length in lengths
        for start in range(len(words) - length + 1)
    }


def _join_letters(words: list[str]) -> list[str]:
    joined: list[str] = []
    for is_letter, run in groupby(words, lambda word: len(word) == 1 and not word.isdigit()):
        some = list(run)
        joined += ["".join(some)] if is_letter and len(some) >= LETTERS_APART else some
    return joined


def _is_apart(words: list[str]) -> bool:
    return len(words) > 1 and max(map(len, words)) <= LETTERS_APART
