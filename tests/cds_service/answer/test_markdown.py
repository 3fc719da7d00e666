"""Record text stays text, whatever renders it."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.answer.markdown import escape, plain, sentence_list, shorten, table
from tests.cds_service.answer.signing import markdown, table_rows, visible

PAYLOADS: Final = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<iframe srcdoc='<b>x</b>'>",
    "<!-- x -->",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "<https://evil.example>",
    "<a@evil.example>",
    "https://evil.example/x",
    "HTTP://evil.example",
    "www.evil.example",
    "a@evil.example",
    "*x*",
    "**x**",
    "_x_",
    "__x__",
    "~~x~~",
    "`x`",
    "```\nx\n```",
    "# x",
    "\n# x\n",
    "\n\n---\n\n",
    "\n| a | b |\n| --- | --- |\n",
    "x | y",
    "\\|",
    "\\",
    "\n- x",
    "\n1. x",
    "\n> x",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "[x]: https://evil.example\n[x]",
    "[^1]",
    "\u202e\u2066\u200b\u200d\ufeff\u00ad",
    "\x00\x07\x1b[31m\x7f\x85\u2028\u2029",
)
texts: Final = st.lists(
    st.one_of(st.sampled_from(PAYLOADS), st.text(max_size=20), st.just(" ")), min_size=1, max_size=5
).map("".join)


def expected(text: str) -> list[str]:
    """What a reader should see: the words, where unprintable characters are gaps."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    for address in ("://", "@"):
        shown = shown.replace(address, f"{address} ")
    return shown.split()


@given(texts.filter(lambda text: "www" not in text.lower() and len(text) <= 160))
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    tokens = markdown(f"Found: {escape(text)} (end)")

    assert [one.type for one in tokens if "text" not in one.type] == [
        "paragraph_open",
        "paragraph_close",
    ]
    assert visible(tokens).split() == ["Found:", *expected(text), "(end)"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cT1c", "cT1c"),
        ("2 < 5 & 7 > 3", "2 &lt; 5 &amp; 7 &gt; 3"),
        ("a|b", "a\\|b"),
        ("my_observation-1", "my\\_observation-1"),
        ("one\ntwo\tthree", "one two three"),
        ("http://x.example", "http:// x.example"),
        ("WWW.x.example", "WWW .x.example"),
        ("awww", "awww"),
        ("a@b.example", "a@ b.example"),
        ("left\u200bright\u202e", "left right "),
        ("x" * 160, "x" * 160),
        ("x" * 161, "x" * 159 + "…"),
    ],
)
def test_escaping_changes_only_what_means_something(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cancer <2 cm & more", "Cancer ‹2 cm & more"),  # noqa: RUF001
        ("[x](javascript:y)", "(x)(javascript:y)"),
        ("`a` *b* ~~c~~ __d__ \\e|f", "'a' b c d /e/f"),
        (" a \n\n b\u200b", "a b"),
        ("see https://x.example", "see https:// x.example"),
        ("long " * 5, "long long…"),
    ],
)
def test_text_outside_markdown_is_inert_and_bears_no_escapes(text: str, shown: str) -> None:
    assert plain(text, 10 if text.startswith("long") else 40) == shown


@given(texts, st.integers(min_value=2, max_value=60))
def test_text_outside_markdown_is_short_and_inert_even_if_rendered(text: str, limit: int) -> None:
    line = plain(text, limit)

    assert len(line.encode("utf-16-le")) <= 2 * limit
    assert line.isprintable()
    assert {one.type for one in markdown(f"IORT, {line}: x")} <= {
        "paragraph_open",
        "paragraph_close",
        "text",
        "text_special",
    }


def test_a_cut_never_leaves_half_a_character() -> None:
    assert shorten("ab😀😀", 5) == "ab😀…"
    assert shorten("ab😀😀", 4) == "ab…"
    assert shorten("ab😀😀", 6) == "ab😀😀"


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_a_table_keeps_its_shape_whatever_stands_in_it(rows: list[tuple[str, str]]) -> None:
    cells = [[escape(one) for one in row] for row in rows]

    found = table_rows(table(("A", "B"), cells))

    assert [len(row) for row in found] == [2] * (1 + len(rows))
    assert found[0] == ["A", "B"]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_items_are_joined_as_in_a_sentence(items: list[str], sentence: str) -> None:
    assert sentence_list(items) == sentence
