"""``iort-cds serve``: the HTTP service."""

import copy
import ipaddress
import os
from typing import Annotated, Any, Literal

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cds_service.cli.start import assessor_or_exit, settings_or_exit, stop
from cds_service.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of processes.")] = None,
    profile: Annotated[
        Literal["sandbox"] | None, typer.Option(help="sandbox: open, on the loopback only.")
    ] = None,
    guideline: Annotated[
        str | None, typer.Option("--guideline", help="Another guideline file.")
    ] = None,
    readings: Annotated[
        str | None, typer.Option("--readings", help="Readings of your own.")
    ] = None,
) -> None:
    """Serve CDS Hooks over HTTP. Every flag is a setting too: IORT_CDS_HOST and so on."""
    settings = settings_or_exit(
        host=host,
        port=port,
        workers=workers,
        profile=profile,
        guideline=guideline,
        readings=readings,
    )
    if not _is_loopback(settings.host):
        stop("profile sandbox is open to every caller, so it listens on the loopback only")
    assessor_or_exit(settings)
    _hand_on(settings)
    uvicorn.run(
        "cds_service.api.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,  # its lines would name callers and paths
        log_config=_logging(),
        server_header=False,
    )


def _logging() -> dict[str, Any]:
    config = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["cds_service"] = {"handlers": ["default"], "level": "INFO"}
    return config


def _hand_on(settings: Settings) -> None:
    """Give the settings to the worker processes, which read them from the environment."""
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, list):
            value = ";".join(value)
        if value is not None:
            os.environ[f"IORT_CDS_{name.upper()}"] = str(value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
