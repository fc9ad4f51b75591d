"""JavaScript without what only people read: comments, and space between tokens. All else stays as it is."""

import re
from typing import cast

_TOKEN = re.compile(
    r"""(?P<gap>(?:\s|//[^\n]*|/\*.*?\*/)+)|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w$]+|.""", re.DOTALL
)
_REGEX = re.compile(r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[\n])+/\w*")
# From where a template begins, or goes on after an expression, to its end or its next expression.
_TEMPLATE = re.compile(r"[`}](?:\\.|\$(?!\{)|[^`\\$])*(?:`|\$\{)", re.DOTALL)
# A line that ends, or begins, with one of these is no statement's end, or beginning.
_OPEN, _CLOSE = frozenset("{([;,=:?&|<>*"), frozenset("})];,=:?&|<>*")
_OTHERS = frozenset({"++", "--", "//", "/*"})
_BEFORE_REGEX = frozenset({"return", "typeof", "case", "in", "of", "throw", "void", "await", "yield", "else"})


def minify(source: str) -> str:
    """The same program, shorter. A slash after `)` or `}` is a division's, not a regular expression's."""
    parts = [""]
    # Of each template that is open: how many braces its expression has open.
    depths: list[int] = []
    gap, at = "", 0
    while at < len(source):
        found = _match(source, at, parts[-1], depths)
        piece, at = found.group(), found.end()
        if found.lastgroup == "gap":
            gap = "\n" if "\n" in piece else " "
            continue
        _count(piece, depths)
        if gap and _needs(gap, parts[-1][-1:], piece[0]):
            parts.append(gap)
        parts.append(piece)
        gap = ""
    return "".join(parts)


def _match(source: str, at: int, last: str, depths: list[int]) -> re.Match[str]:
    """What is next, after this token."""
    first = source[at]
    is_template = first == "`" or (first == "}" and depths and not depths[-1])
    is_value = re.search(r"""[\w$)\]}"'`]$|./$""", last) and last not in _BEFORE_REGEX
    found = _TEMPLATE.match(source, at) if is_template else None
    if first == "/" and not is_value:
        found = _REGEX.match(source, at)
    return cast(re.Match[str], found or _TOKEN.match(source, at))


def _count(piece: str, depths: list[int]) -> None:
    if len(piece) > 1 and piece[0] == "}":
        depths.pop()
    if piece.endswith("${"):
        depths.append(0)
    elif depths and piece in ("{", "}"):
        depths[-1] += 1 if piece == "{" else -1


def _needs(gap: str, before: str, after: str) -> bool:
    """Whether two tokens would be others, or of one statement, without what is between them."""
    if gap == "\n":
        return bool(before) and before not in _OPEN and after not in _CLOSE
    pair = before + after
    return pair in _OTHERS or bool(re.fullmatch(r"[\w$]{2}", pair))
