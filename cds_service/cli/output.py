"""How replay writes its answers: a table for people, JSON and NDJSON for programs."""

import os
from collections import Counter
from typing import BinaryIO, Protocol, TextIO

import msgspec
from rich.console import Console
from rich.table import Table

from cds_service.answer.assessment import Assessment

_BATCH = 50  # rows printed at a time, so that memory stays flat
_PIPED_WIDTH = 140  # columns where no terminal says how many it has
_STYLES = {
    "likely-covered": "green",
    "likely-not-covered": "red",
    "documentation-missing": "yellow",
    "conflicting-evidence": "yellow",
    "unable-to-evaluate": "yellow",
    "case-by-case": "cyan",
}
_ENCODER = msgspec.json.Encoder()


class Output(Protocol):
    """Takes answers one by one."""

    def write(self, name: str, assessment: Assessment) -> None:
        """Write one answer."""

    def close(self) -> None:
        """Write what comes after the last answer."""


def console_for(stream: TextIO) -> Console:
    """Return a console for people, which shows names as they are."""
    known = stream.isatty() or "COLUMNS" in os.environ
    width = None if known else _PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def output_for(form: str, stream: TextIO) -> Output:
    """Return the output for a format."""
    if form == "table":
        return _TableOutput(stream)
    return _JsonOutput(stream.buffer, array=form == "json")


def as_line(name: str, assessment: Assessment) -> bytes:
    """Return an answer as one line of JSON: its id, and the assessment's members beside it."""
    return _ENCODER.encode({"id": name})[:-1] + b"," + _ENCODER.encode(assessment)[1:]


class _JsonOutput:
    """Writes bytes: JSON is UTF-8 whatever the locale is."""

    def __init__(self, stream: BinaryIO, *, array: bool) -> None:
        self._stream = stream
        self._array = array
        self._first = True

    def write(self, name: str, assessment: Assessment) -> None:
        if self._array:
            self._stream.write(b"[\n" if self._first else b",\n")
        self._stream.write(as_line(name, assessment))
        if not self._array:
            self._stream.write(b"\n")
        self._first = False

    def close(self) -> None:
        if self._array:
            self._stream.write(b"[]\n" if self._first else b"\n]\n")
        self._stream.flush()


class _TableOutput:
    def __init__(self, stream: TextIO) -> None:
        self._console = console_for(stream)
        self._rows: list[tuple[str, Assessment]] = []
        self._counts: Counter[str] = Counter()
        self._started = False

    def write(self, name: str, assessment: Assessment) -> None:
        self._rows.append((name, assessment))
        self._counts[assessment.determination] += 1
        if len(self._rows) == _BATCH:
            self._print()

    def close(self) -> None:
        self._print()
        for determination, count in sorted(self._counts.items()):
            self._console.print(f"{count:6}  {determination}", style=_STYLES.get(determination))

    def _print(self) -> None:
        if not self._rows:
            return
        table = Table(show_header=not self._started, header_style="bold", box=None, pad_edge=False)
        table.add_column("id", ratio=4, overflow="fold")
        table.add_column("order", ratio=3, overflow="fold")
        for title, width in (("site", 12), ("determination", 21), ("met", 5)):
            table.add_column(title, width=width)
        table.add_column("missing", ratio=2, min_width=7)
        for name, assessment in self._rows:
            met = sum(one.status == "met" for one in assessment.criteria)
            table.add_row(
                name,
                (assessment.order or "-").removeprefix("ServiceRequest/"),
                assessment.site,
                assessment.determination,
                f"{met}/{len(assessment.criteria)}",
                " ".join(assessment.missing),
                style=_STYLES.get(assessment.determination),
            )
        table.expand = True
        self._console.print(table)
        self._rows.clear()
        self._started = True
