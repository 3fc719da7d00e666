"""``iort-cds feedback``: what users made of the cards."""

import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.table import Table

from cds_service.answer.cards import OVERRIDE_REASONS
from cds_service.cli.output import console_for
from cds_service.cli.start import settings_or_exit, stop
from cds_service.settings import Settings
from cds_service.store.errors import StoreError
from cds_service.store.reports import ByReason, Report, feedback_report
from cds_service.store.store import Store

_UNKNOWN_CARD: Final = "(card not on file)"
_NO_REASON: Final = "(no reason chosen)"
_OWN: Final = {(one.system, one.code): one.display for one in OVERRIDE_REASONS}
_Cell = str | int

app = typer.Typer(help="What users made of the cards.", no_args_is_help=True)


class Format(StrEnum):
    """How the report is written."""

    TABLE = "table"
    JSON = "json"


@app.callback()
def _group() -> None:
    """What users made of the cards."""


@app.command()
def report(
    store: Annotated[
        str | None, typer.Option("--store", help="Database, as an SQLAlchemy URL.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only from this day on."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How to write the report.")
    ] = Format.TABLE,
) -> None:
    """Count the cards that were accepted or overridden, and the reasons for overriding them.

    Each card counts once, or twice if it was both accepted and overridden.
    """
    settings = settings_or_exit(store=store)
    found = _report_or_exit(settings, since)
    if form is Format.JSON:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    else:
        _print(found)


def _report_or_exit(settings: Settings, since: datetime | None) -> Report:
    if not settings.store:
        stop("setting store (IORT_CDS_STORE): empty, so there is no feedback")
    if since is not None:
        # The day begins where the hospital is, or else this machine.
        since = since.replace(tzinfo=ZoneInfo(settings.zone)) if settings.zone else since
        since = since.astimezone()
    try:
        store = Store.open(settings.store, create=False)
        try:
            return feedback_report(store, since)
        finally:
            store.close()
    except StoreError as error:
        stop(str(error))


def _print(found: Report) -> None:
    counts = ("accepted", "overridden")
    _print_table(
        ("determination", "cards shown", *counts),
        [
            (one.determination or _UNKNOWN_CARD, one.shown, one.accepted, one.overridden)
            for one in found.determinations
        ],
    )
    _print_table(
        ("criterion", "cards asking", *counts),
        [(one.criterion, one.asked, one.accepted, one.overridden) for one in found.criteria],
    )
    _print_table(
        ("override reason", "cards", "with comment"),
        [(_reason(one), one.count, one.commented) for one in found.reasons],
    )


def _print_table(titles: tuple[str, ...], rows: list[tuple[_Cell, ...]]) -> None:
    console = console_for(sys.stdout)
    table = Table(header_style="bold", box=None, pad_edge=False)
    first, *others = titles
    table.add_column(first, overflow="fold", min_width=24)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows or [("(none)",)]:
        table.add_row(*map(str, row))
    console.print(table)
    console.print()


def _reason(one: ByReason) -> str:
    """Name a reason; codes are clients' own and must not steer the terminal."""
    if one.code is None:
        return _NO_REASON
    name = f"{one.system}|{one.code}" if one.system else one.code
    known = _OWN.get((one.system or "", one.code))
    shown = f"{known} ({one.code})" if known else name
    return "".join(char if char.isprintable() else "?" for char in shown)
