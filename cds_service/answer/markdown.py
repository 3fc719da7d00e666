"""GitHub-Flavored Markdown that record text cannot break out of.

Some clients render the detail as Markdown with raw HTML in it, so everything that comes from a
record is escaped against both. What is left is also readable where Markdown is not rendered.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

_LONGEST: Final = 160
_ESCAPES: Final = str.maketrans(
    {
        "\\": "\\\\",
        "`": "\\`",
        "*": "\\*",
        "_": "\\_",
        "[": "\\[",
        "]": "\\]",
        "|": "\\|",
        "~": "\\~",
        "#": "\\#",
        "<": "&lt;",
        ">": "&gt;",
        "&": "&amp;",
        "\n": " ",
        "\r": " ",
        "\t": " ",
    }
)

# Where no Markdown is, an escape would show: what looks alike and means nothing to a renderer.
_LOOKALIKES: Final = str.maketrans("<>[]`\\*_~|", "\u2039\u203a()'/   /")
_ADDRESS: Final = re.compile(r"://|@|www(?=\.)", re.IGNORECASE)


def escape(text: str) -> str:
    """Return record text as inert Markdown on one line, cut where it is very long."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    line = text.translate(_ESCAPES)
    if line.isprintable() and "//" not in line and "@" not in line and "www" not in line.lower():
        return line
    return _unlinked("".join(char if char.isprintable() else " " for char in line))


def plain(text: str, limit: int) -> str:
    """Return record text on one line for where no Markdown is, inert even if rendered."""
    line = "".join(char if char.isprintable() else " " for char in text.translate(_LOOKALIKES))
    return shorten(" ".join(_unlinked(line).split()), limit)


def shorten(text: str, limit: int) -> str:
    """Cut a text to a number of characters, counted in UTF-16 as browsers count."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * limit:
        return text
    return f"{units[: 2 * (limit - 1)].decode('utf-16-le', 'ignore').rstrip()}…"


def _unlinked(line: str) -> str:
    """Break addresses: some renderers look for them after entities and escapes are resolved."""
    return _ADDRESS.sub(r"\g<0> ", line)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells have to be inert Markdown already."""
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sentence_list(items: Sequence[str]) -> str:
    """Join items as in a sentence: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
