"""GitHub-Flavored Markdown that record text cannot break out of.

Some clients render the detail as Markdown with raw HTML in it, so everything that comes from a
record is escaped against both. What is left is also readable where Markdown is not rendered.
"""

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


def escape(text: str) -> str:
    """Return record text as inert Markdown on one line, cut where it is very long."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    line = text.translate(_ESCAPES)
    if line.isprintable() and "://" not in line and "www." not in line and "@" not in line:
        return line
    line = "".join(char if char.isprintable() else " " for char in line)
    # An address in a record must not become a link on a card.
    return line.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells have to be inert Markdown already."""
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sentence_list(items: Sequence[str]) -> str:
    """Join items as in a sentence: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
