"""``iort-cds replay``: judge saved records and requests."""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from cds_service.answer.assessment import Assessment
from cds_service.assess import Assessor
from cds_service.cli.output import output_for
from cds_service.cli.sources import Item, SourceError, items_in
from cds_service.cli.start import assessor_or_exit, errors_console, settings_or_exit
from cds_service.faults import place_of
from cds_service.hooks.request import RequestError, parse_request
from cds_service.intake.bundles import decode_bundle
from cds_service.intake.orders import Draft
from cds_service.sessions import Session, assessments, authored_day, review, sign
from cds_service.settings import Settings
from cds_service.validation import invalid_evidence


class Format(StrEnum):
    """How answers are written."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Bundles, saved hook requests, folders of them, or .jsonl files of cases."
        ),
    ],
    form: Annotated[
        Format, typer.Option("--format", help="How to write the answers.")
    ] = Format.TABLE,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Judge everything as of this date."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also report cited resources that are not valid FHIR.")
    ] = False,
    guideline: Annotated[
        Path | None, typer.Option("--guideline", help="Another guideline file.")
    ] = None,
    readings: Annotated[
        Path | None, typer.Option("--readings", help="Readings of your own.")
    ] = None,
) -> None:
    """Judge the IORT orders in saved records and requests, one answer per order."""
    settings = settings_or_exit(guideline=guideline, readings=readings)
    assessor = assessor_or_exit(settings)
    replayer = _Replayer(assessor, settings, day.date() if day else None, strict=strict)
    output = output_for(form.value, sys.stdout)
    for name, assessment in replayer.answers(paths):
        output.write(name, assessment)
    output.close()
    raise typer.Exit(1 if replayer.failed else 0)


class _Replayer:
    """Judges items one after another and keeps track of those that failed."""

    def __init__(
        self, assessor: Assessor, settings: Settings, day: date | None, *, strict: bool
    ) -> None:
        self.failed = False
        self._assessor = assessor
        self._settings = settings
        self._day = day
        self._strict = strict
        self._errors = errors_console()

    def answers(self, paths: list[Path]) -> Iterator[tuple[str, Assessment]]:
        """Yield each answer with the id of its item."""
        for item in self._shown(items_in(paths)):
            if isinstance(item, SourceError):
                self._fail(str(item))
                continue
            for assessment in self._judge(item):
                yield item.id, assessment

    def _shown(self, items: Iterator[Item | SourceError]) -> Iterator[Item | SourceError]:
        """Pass the items on, and show how many there were unless the answers are shown."""
        shown = sys.stderr.isatty() and not sys.stdout.isatty()
        columns = (SpinnerColumn(), TextColumn("{task.completed} judged"))
        progress = Progress(*columns, console=self._errors, transient=True, disable=not shown)
        with progress:
            task = progress.add_task("", total=None)
            for item in items:
                yield item
                progress.advance(task)

    def _judge(self, item: Item) -> list[Assessment]:
        answers: list[Assessment] = []
        try:
            session = self._session(item)
            answers = assessments(self._assessor, session, self._date_of(item, None))
            if self._strict and session.pool is not None:
                for problem in invalid_evidence(session.assessed, session.pool):
                    self._errors.print(f"{item.place}: {problem}")
        except (RequestError, SourceError) as error:
            self._fail(f"{item.place}: {error}")
        except Exception as error:  # noqa: BLE001 - one record must not cost the others theirs
            self._fail(f"{item.place}: an error in this program: {place_of(error)}")
        return answers

    def _session(self, item: Item) -> Session:
        def today(draft: Draft) -> date:
            return self._date_of(item, draft)

        if not item.request:
            bundle = decode_bundle(item.content)
            if bundle is None:
                raise SourceError("bundle is not a Bundle")
            return review(self._assessor, bundle, today, item.unavailable)
        request = parse_request(bytes(item.content))
        session = sign(
            self._assessor, request, today, self._settings.null_means, keep_raw=self._strict
        )
        if not session.received:
            raise SourceError("context.draftOrders is missing or no Bundle")
        if session.unread:
            self._fail(f"{item.place}: {session.unread} draft orders could not be read")
        return session

    def _date_of(self, item: Item, draft: Draft | None) -> date:
        authored = authored_day(draft.request) if draft is not None else None
        return self._day or item.evaluated_on or authored or self._settings.current_date()

    def _fail(self, message: str) -> None:
        self.failed = True
        self._errors.print(message)
