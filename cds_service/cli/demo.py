"""``iort-cds demo``: sign sample orders against the running service, and show the cards."""

import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec
import typer
import uvicorn
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from cds_service.api.app import create_app
from cds_service.api.offers import SERVICE_ID
from cds_service.cli.compose import compose_request
from cds_service.cli.output import console_for
from cds_service.cli.sources import Item, SourceError, items_in
from cds_service.cli.start import assessor_or_exit, on_loopback_or_exit, settings_or_exit, stop
from cds_service.settings import Settings

SAMPLES_SIGNED_ON = date(2026, 6, 15)
_STYLES = {"info": "blue", "warning": "yellow", "critical": "red"}
_STOP_SECONDS = 5.0


def demo(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Bundles, hook requests or cases to sign; the samples by default.", exists=True
        ),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    once: Annotated[
        bool, typer.Option("--once", envvar="DEMO_ONCE", help="Stop after printing the cards.")
    ] = False,
) -> None:
    """Start the service, sign sample orders over HTTP, and print the cards."""
    # The samples are dated; ages and "recently" would drift with the calendar.
    settings = settings_or_exit(port=port, store="", today=None if paths else SAMPLES_SIGNED_ON)
    on_loopback_or_exit(settings)
    assessor_or_exit(settings)
    console = console_for(sys.stdout)
    samples = [Path(str(resources.files("sample_bundles")))]
    try:
        with serving(settings) as url:
            _sign_all(console, url, paths or samples)
            console.print(Rule())
            console.print(f"The service is at {url}/cds-services", style="bold")
            if not once:
                console.print("It goes on serving; stop it with Ctrl+C.")
                threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopped.")


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Run the service in a thread, as `serve` runs it; yield its address."""
    logging.getLogger("cds_service").setLevel(logging.ERROR)  # the cards say it as well
    listener = _listener(settings)
    host, port, *_ = listener.getsockname()
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), log_config=None, log_level="error")
    )
    # Callers may connect from now on; they are answered as soon as the thread has started up.
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)


def _listener(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError:
        stop(
            f"cannot listen on {settings.host}:{settings.port}; "
            "is the port taken? Choose another with --port"
        )


def _sign_all(console: Console, url: str, paths: list[Path]) -> None:
    # A proxy of the environment must not stand between this process and itself.
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for item in items_in(paths):
            _sign(console, client, item)


def _sign(console: Console, client: httpx.Client, item: Item | SourceError) -> None:
    if isinstance(item, SourceError):
        console.print(str(item), style="red")
        return
    console.print(Rule(Text(item.id, style="bold"), align="left"))
    try:
        request = _request(item)
    except ValueError as error:
        console.print(f"{item.place} cannot be signed: {error}", style="red")
        return
    response = client.post(f"/cds-services/{SERVICE_ID}", content=request)
    answer = response.json()
    if response.status_code != httpx.codes.OK:
        console.print(f"{response.status_code}: {answer.get('message')}", style="red")
    elif not answer["cards"]:
        console.print("No card: no order here is for intraoperative radiation therapy.")
    for card in answer.get("cards", ()):
        console.print(card_panel(card))


def _request(item: Item) -> bytes:
    if item.request:
        return bytes(item.content)
    record = msgspec.json.decode(item.content)
    return msgspec.json.encode(compose_request(record, item.unavailable))


def card_panel(card: dict[str, Any]) -> Panel:
    """Show a card as an EHR does: summary, detail, buttons."""
    buttons = [f"[ {suggestion['label']} ]" for suggestion in card.get("suggestions", ())]
    style = _STYLES[card["indicator"]]
    parts: list[RenderableType] = [Text(f"{card['summary']}\n", style=f"bold {style}")]
    parts += [Markdown(card.get("detail", "")), *(Text(one, style="bold") for one in buttons)]
    title = Text(card["indicator"], style=f"bold {style}")
    source = Text(card["source"]["label"], style="dim")
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        subtitle=source,
        subtitle_align="right",
        border_style=style,
        padding=(1, 2),
    )
