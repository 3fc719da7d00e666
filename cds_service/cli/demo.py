"""``iort-cds demo``: sign sample orders against the running service, and show the cards."""

import json
import logging
import threading
import time
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from cds_service.api.app import create_app
from cds_service.api.services import SERVICE_ID
from cds_service.cli.compose import Json, compose_request
from cds_service.cli.sources import SourceError, files_in
from cds_service.cli.start import assessor_or_exit, settings_or_exit, stop
from cds_service.settings import Settings

SAMPLES_SIGNED_ON = date(2026, 6, 15)
_STYLES = {"info": "blue", "warning": "yellow", "critical": "red"}
_START_SECONDS = 30.0


def demo(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Bundles or hook requests to sign; the samples by default."),
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    once: Annotated[
        bool, typer.Option("--once", envvar="DEMO_ONCE", help="Stop after printing the cards.")
    ] = False,
) -> None:
    """Start the service, sign sample orders over HTTP, and print the cards."""
    # The samples are dated; ages and "recently" would drift with the calendar.
    settings = settings_or_exit(port=port, today=None if paths else SAMPLES_SIGNED_ON)
    assessor_or_exit(settings)
    server = _serve(settings)
    console = Console(highlight=False)
    url = f"http://{settings.host}:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, timeout=30) as client:
            for name, file in _files(paths):
                _sign(console, client, name, file)
        console.print(Rule())
        console.print(f"The service is at {url}/cds-services", style="bold")
        if not once:
            console.print("It goes on serving; stop it with Ctrl+C.")
            threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        server.should_exit = True


def _serve(settings: Settings) -> uvicorn.Server:
    """Start the service in a thread, as `serve` runs it."""
    logging.getLogger("cds_service").setLevel(logging.ERROR)  # the cards say it as well
    config = uvicorn.Config(
        create_app(settings), settings.host, settings.port, access_log=False, log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            stop(f"cannot listen on {settings.host}:{settings.port}; is the port taken?")
        time.sleep(0.02)
    return server


def _files(paths: list[Path] | None) -> list[tuple[str, Path]]:
    folders = paths or [Path(str(resources.files("sample_bundles")))]
    try:
        return [one for folder in folders for one in files_in(folder) if one[1].suffix == ".json"]
    except SourceError as error:
        stop(str(error))


def _sign(console: Console, client: httpx.Client, name: str, file: Path) -> None:
    console.print(Rule(Text(name, style="bold"), align="left"))
    try:
        response = client.post(f"/cds-services/{SERVICE_ID}", json=_request(file))
    except (ValueError, KeyError, TypeError) as error:
        console.print(f"{name} cannot be signed: {error}", style="red")
        return
    answer = response.json()
    if response.status_code != httpx.codes.OK:
        console.print(f"{response.status_code}: {answer.get('message')}", style="red")
    elif not answer["cards"]:
        console.print("No card: no order here is for intraoperative radiation therapy.")
    for card in answer.get("cards", ()):
        console.print(_panel(card))


def _request(file: Path) -> Json:
    content: Json = json.loads(file.read_bytes())
    return content if "hook" in content else compose_request(content)


def _panel(card: dict[str, Any]) -> Panel:
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
