"""``iort-cds serve``: the HTTP service."""

import copy
import os
import signal
import sys
from typing import Annotated, Any, Literal

import typer
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cds_service.cli.start import assessor_or_exit, on_loopback_or_exit, settings_or_exit
from cds_service.settings import Settings

_STOP_SECONDS = 20  # a caller that never ends its request must not keep the process


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
    on_loopback_or_exit(settings)
    assessor_or_exit(settings)
    _hand_on(settings)
    # Once uvicorn has finished its requests it raises the signal again, to die of it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    uvicorn.run(
        "cds_service.api.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        timeout_graceful_shutdown=_STOP_SECONDS,
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
        text = ";".join(value) if isinstance(value, list) else str(value)
        os.environ[f"IORT_CDS_{name.upper()}"] = text
