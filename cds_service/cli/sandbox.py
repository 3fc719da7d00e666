"""``iort-cds sandbox``: records on a FHIR server, and orders that are judged from there."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import httpx
import msgspec
import typer
from rich.table import Table

from cds_service.cli.demo import SAMPLES_SIGNED_ON, serving
from cds_service.cli.output import console_for
from cds_service.cli.servers import (
    FHIR_JSON,
    Json,
    UnansweredError,
    UnreachableError,
    make_client,
    post_json,
)
from cds_service.cli.signing import Signed, Signer
from cds_service.cli.sources import Item, SourceError, items_in
from cds_service.cli.start import assessor_or_exit, errors_console, settings_or_exit
from cds_service.cli.storing import holds_all, reading_of, stored_entries, transaction_of
from cds_service.settings import Settings
from fhir_mappings.decode import UNREADABLE

_PATIENCE = 30.0  # seconds; nobody waits for these answers, and a new server is slow at first

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Bundles, cases or folders of them; the samples by default.", exists=True),
]
Fhir = Annotated[str, typer.Option("--fhir", help="Base address of a FHIR R4 server.")]

app = typer.Typer(
    help="Try the service with a FHIR server: load records, and sign their orders.",
    no_args_is_help=True,
)


@app.command()
def load(fhir: Fhir, paths: Paths = None) -> None:
    """Load records into a FHIR server, each in one transaction; those that it has are left."""
    console, notes = console_for(sys.stdout), _Notes()
    loaded = there = 0
    with make_client() as client:
        for item, entries in _records(paths, notes):
            with notes.about(item):
                if _is_there(client, fhir, entries):
                    there += 1
                    continue
                post_json(client, fhir, transaction_of(entries), FHIR_JSON)
                loaded += 1
                console.print(f"{item.id}: {len(entries)} resources loaded")
    console.print(f"{loaded} records loaded, {there} were there already")
    raise typer.Exit(1 if notes.failed else 0)


@app.command()
def sign(
    fhir: Fhir,
    paths: Paths = None,
    service: Annotated[
        str | None, typer.Option(help="Address of a running service; one is started by default.")
    ] = None,
) -> None:
    """Sign the draft orders of loaded records without prefetch, and compare with replay.

    The service reads the records on the FHIR server by itself; replay reads the files. In profile
    sandbox a FHIR server on the loopback needs no registration.
    """
    settings = _settings(None if paths else SAMPLES_SIGNED_ON)
    notes, signed = _Notes(), list[Signed]()
    with ExitStack() as running, make_client() as client:
        start = _starter(settings, running)
        signer = Signer(
            client=client,
            assessor=assessor_or_exit(settings),
            fhir=fhir,
            service_on=start if service is None else lambda _: service,
        )
        for item, entries in _records(paths, notes):
            with notes.about(item):
                day = item.evaluated_on or settings.current_date()
                signed += signer.sign(item, entries, day)
    console_for(sys.stdout).print(_table(signed))
    raise typer.Exit(1 if notes.failed or any(one.differs for one in signed) else 0)


class _Notes:
    """Says what goes wrong and what is passed over."""

    def __init__(self) -> None:
        self.failed = False
        self._errors = errors_console()

    def say(self, message: str) -> None:
        """Say something that is no error."""
        self._errors.print(message)

    def fail(self, message: str) -> None:
        """Say what is wrong; the command goes on, and fails in the end."""
        self.failed = True
        self.say(message)

    @contextmanager
    def about(self, item: Item) -> Iterator[None]:
        """Name the record at which something failed."""
        try:
            yield
        except UnreachableError as error:
            self.say(str(error))
            raise typer.Exit(1) from None
        except (UnansweredError, ValueError) as error:
            self.fail(f"{item.place}: {error}")


def _records(paths: list[Path] | None, notes: _Notes) -> Iterator[tuple[Item, list[Json]]]:
    """Yield the records under paths, with their entries as a server stores them."""
    for item in items_in(paths or [Path(str(resources.files("sample_bundles")))]):
        if isinstance(item, SourceError):
            notes.fail(str(item))
        elif item.request:
            notes.say(f"{item.place}: passed over; a saved request is no record")
        else:
            try:
                yield item, stored_entries(msgspec.json.decode(item.content))
            except UNREADABLE:
                notes.fail(f"{item.place}: not JSON that can be sent on")


def _is_there(client: httpx.Client, fhir: str, entries: list[Json]) -> bool:
    try:
        return holds_all(post_json(client, fhir, reading_of(entries), FHIR_JSON), entries)
    except UnreachableError:
        raise
    except UnansweredError:
        return False  # a server need not know batches; to load again changes nothing


def _settings(today: date | None) -> Settings:
    return settings_or_exit(
        profile="sandbox",
        host="127.0.0.1",
        port=0,
        store="",
        deadline=_PATIENCE,
        query_timeout=_PATIENCE,
        today=today,
    )


def _starter(settings: Settings, running: ExitStack) -> Callable[[date], str]:
    """Return what starts a service that takes a day for today, once for each day."""

    @cache
    def start(day: date) -> str:
        on_the_day = settings.model_copy(update={"today": day})
        return running.enter_context(serving(on_the_day))

    return start


def _table(signed: list[Signed]) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for title in ("record", "order", "from the FHIR server", "from the file", "equal"):
        table.add_column(title, overflow="fold")
    for one in signed:
        equal = f"no: {', '.join(one.differs)}" if one.differs else "yes"
        order = one.order.removeprefix("ServiceRequest/")
        style = "red" if one.differs else None
        table.add_row(one.record, order, one.asked, one.replayed, equal, style=style)
    return table
