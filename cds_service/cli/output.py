"""How replay writes its answers: a table for people, JSON and NDJSON for programs."""

from collections import Counter
from typing import Protocol, TextIO

import msgspec
from rich.console import Console
from rich.table import Table

from cds_service.answer.assessment import Assessment

_BATCH = 50  # rows printed at a time, so that memory stays flat
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


def output_for(form: str, stream: TextIO) -> Output:
    """Return the output for a format."""
    if form == "table":
        return _TableOutput(stream)
    return _JsonOutput(stream, array=form == "json")


def as_line(name: str, assessment: Assessment) -> str:
    """Return an answer as one line of JSON: its id, and the assessment's members beside it."""
    head = _ENCODER.encode({"id": name})[:-1]
    return (head + b"," + _ENCODER.encode(assessment)[1:]).decode()


class _JsonOutput:
    def __init__(self, stream: TextIO, *, array: bool) -> None:
        self._stream = stream
        self._array = array
        self._first = True

    def write(self, name: str, assessment: Assessment) -> None:
        if self._array:
            self._stream.write("[\n" if self._first else ",\n")
        self._stream.write(as_line(name, assessment))
        if not self._array:
            self._stream.write("\n")
        self._first = False

    def close(self) -> None:
        if self._array:
            self._stream.write("[]\n" if self._first else "\n]\n")
        self._stream.flush()


class _TableOutput:
    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
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
        table.add_column("to document", ratio=2)
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
