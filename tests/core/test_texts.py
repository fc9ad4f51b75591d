"""What texts may be made of, what of them shows nothing, and when two are the same."""

# ruff: noqa: RUF001 (letters that look like others are what this is about)

import sys
import unicodedata

import pytest

from core.texts import check_name, check_text, to_key

TAKEN = [
    "Hamlet",
    "Théâtre\u00a0: «\u00a0Le Cid\u00a0»",
    "Le\u202fCid",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u2764\ufe0f",
    "\u200fשלום",
    "Donau\u00addampf\u00adschiff",
    "می\u200cخواهم",
    # The flag of Scotland, in letters that show nothing by themselves.
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    # Younger than any Unicode that this was written with; a font's own.
    "\U0001fafe",
    "\U0001fbff",
    "\ue000",
    "Hamlet \u2067המלט\u2069",
    "\u2068\u2067a\u2069 b\u2069",
    "a\u2028b",
    "東京\u3000の春",
    " Hamlet ",
]
REFUSED = {
    "\0": "a control character (U+0000, character 1)",
    "Ham\tlet": "a control character (U+0009, character 4)",
    "Hamlet\n": "a control character (U+000A, character 7)",
    "\u007f": "a control character (U+007F, character 1)",
    "\U0001f3ad\u0085": "a control character (U+0085, character 2)",
    "a\u009f": "a control character (U+009F, character 2)",
    "a\ud83c": "half a character (U+D83C, character 2)",
    "\udfad": "half a character (U+DFAD, character 1)",
    "a\ufdd0": "a code point that is no character (U+FDD0, character 2)",
    "\ufdef": "a code point that is no character (U+FDEF, character 1)",
    "\uffff": "a code point that is no character (U+FFFF, character 1)",
    "a\U0001fffe": "a code point that is no character (U+1FFFE, character 2)",
    "\U0010ffff": "a code point that is no character (U+10FFFF, character 1)",
    "a\u202egpj.exe": "a character that turns the direction of text (U+202E, character 2)",
    "\u202d1\u202c": "a character that turns the direction of text (U+202D, character 1)",
    "\u202aa": "a character that turns the direction of text (U+202A, character 1)",
    "a\u202bb": "a character that turns the direction of text (U+202B, character 2)",
    "a\u2067b": "must close what turns the direction of text (U+2067, character 2)",
    "\u2066\u2067b\u2069": "must close what turns the direction of text (U+2066, character 1)",
}
BLANK = [
    " ",
    "\u00a0\u3000",
    "\u200b",
    "\u200d\u200f",
    "\u2060\ufeff",
    "\u00ad",
    "\u2800",
    "\u3164",
    "\u115f\u1160\uffa0",
    "\ufe0f",
    "\u034f",
    "\u2028",
    "\U000e0041",
    "\U0001d173",
    "\u2067\u2069",
]


@pytest.mark.parametrize("text", TAKEN, ids=ascii)
def test_taken_as_it_is(text: str) -> None:
    assert check_text(text) == check_name(text) == text


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=ascii)
def test_refused_with_the_character_and_its_place(text: str, why: str) -> None:
    for check in (check_text, check_name):
        with pytest.raises(ValueError, match="must ") as refused:
            check(text)
        assert str(refused.value).removeprefix("must not have ") == why


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_names_show_something(text: str) -> None:
    assert check_text(text) == text
    with pytest.raises(ValueError, match="must not be blank"):
        check_name(text)
    assert check_name(f"{text}x{text}")


def test_what_is_no_text_is_for_others_to_judge() -> None:
    for value in (None, 1, ["\0"]):
        assert check_name(value) == value
    assert check_name("") == ""


def test_every_code_point() -> None:
    """Refused are controls, halves, what is no character, and what turns text: 65 + 2048 + 66 + 5."""
    refused = set()
    for number in range(sys.maxunicode + 1):
        try:
            check_text(f"\u2067{chr(number)}\u2069\u2069")
        except ValueError:
            refused.add(number)
    # Isolates that this text then does not close.
    refused -= {0x2066, 0x2067, 0x2068}
    assert len(refused) == 65 + 2048 + 66 + 5
    assert not any(chr(number).isprintable() for number in refused)
    kinds = {unicodedata.category(chr(number)) for number in refused}
    assert kinds == {"Cc", "Cs", "Cn", "Cf"}


def test_names_are_compared_as_they_are_composed() -> None:
    assert to_key("Cafe\u0301") == to_key(" Caf\u00e9\u00a0") == "Caf\u00e9"
    assert len({to_key(name) for name in ("Stalls", "stalls", "Ｓtalls", "Stalls\u200b")}) == 4


def test_long_texts_are_judged_at_once() -> None:
    assert check_text("\u2067" * 200_000 + "\u2069" * 200_000)
