"""Modules are served without comments and needless space, and are the same programs."""

import pytest

from api.minify import minify


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("", ""),
        ("// only\n/* comments\n */", ""),
        ("/** Adds. */\nconst a = 1 + 2; // three\n", "const a=1+2;"),
        ("export class A {\n    #x = 1;\n\n    get x() {\n", "export class A{#x=1;get x(){"),
        ('import {\n    a,\n} from "./a.js";', 'import{a,}from"./a.js";'),
        ("return typeof  x in  y", "return typeof x in y"),
        ("let Größe = 1", "let Größe=1"),
    ],
)
def test_comments_and_needless_space_are_left_out(source: str, served: str) -> None:
    assert minify(source) == served


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("a\n(b)", "a\n(b)"),
        ("return\nx", "return\nx"),
        ("a /* b\n */ c", "a\nc"),
        ("a // b\n++c", "a\n++c"),
        ("a\n`b`", "a\n`b`"),
        ("a = 1\n/b/.test(c)", "a=1\n/b/.test(c)"),
        ("x = (\n  1\n)\ny", "x=(1)\ny"),
    ],
)
def test_lines_that_may_end_a_statement_stay(source: str, served: str) -> None:
    assert minify(source) == served


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("a + ++b", "a+ ++b"),
        ("a - -b", "a- -b"),
        ("a - - b", "a- -b"),
        ("a / /b/", "a/ /b/"),
        ("a /  b / c", "a/b/c"),
        ("(a) / b / c; d[0] / 2 / e", "(a)/b/c;d[0]/2/e"),
    ],
)
def test_operators_stay_apart(source: str, served: str) -> None:
    assert minify(source) == served


@pytest.mark.parametrize(
    "literal",
    [
        '"a  // b \\" c"',
        "'a  /* b */ \\' c'",
        "/a  b/g",
        r"/[/`\"]  \/ \[ x/u",
        "/[^/  ]/",
        "`a  // b`",
        "`\n    a\n    b`",
        r"`\`  \${  // $ {  $`",
        "`a  ${b}  // c`",
        "`a  ${{a:1}.a}  b`",
        "`a  ${b?`  c  // ${d}  \" `:'  '}  /* e */`",
        "`${`${`  deep  `}  `}`",
        "html`<p>  ${list.map((one)=>html`  <b>${one}</b>  <i>https://x</i>  `)}  </p>`",
    ],
)
def test_literals_stay_as_they_are(literal: str) -> None:
    for before, after in (("x = ", "x="), ("f(a,  ", "f(a,"), ("() =>  ", "()=>"), ("a ?  ", "a?")):
        assert minify(f"{before}{literal} ; // end") == f"{after}{literal};"


def test_expressions_in_templates_are_shortened() -> None:
    assert minify("`a ${ b /* c */ + { d : 1 }[ e ] } f`; g = {  }") == "`a ${b+{d:1}[e]} f`;g={}"


@pytest.mark.parametrize("word", ["return", "typeof", "case", "await"])
def test_after_some_words_a_slash_begins_a_regular_expression(word: str) -> None:
    assert minify(f"{word} /a  b/.test(c)") == f"{word}/a  b/.test(c)"
