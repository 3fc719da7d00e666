"""``iort-cds serve``: the HTTP service."""

import os
import signal
import sys
from typing import Annotated, Literal

import typer
import uvicorn
from pydantic import SecretStr

from cds_service.cli.start import (
    assessor_or_exit,
    fit_for_profile_or_exit,
    parts_or_exit,
    settings_or_exit,
)
from cds_service.operations.logs import logging_config
from cds_service.operations.workers import prepare_workers
from cds_service.settings import Settings

_STOP_SECONDS = 20  # a caller that never ends its request must not keep the process


def serve(  # noqa: PLR0913, PLR0917 - the flags of the command
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of processes.")] = None,
    profile: Annotated[
        Literal["sandbox", "production"] | None,
        typer.Option(help="sandbox: open, on the loopback; production: registered callers only."),
    ] = None,
    allow_remote: Annotated[
        bool | None,
        typer.Option("--allow-remote", help="sandbox: listen elsewhere too, for containers."),
    ] = None,
    registry: Annotated[str | None, typer.Option(help="File that registers EHRs.")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="Where this service is reached from outside.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Database for feedback and audit, as an SQLAlchemy URL.")
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
        allow_remote=allow_remote,
        registry=registry,
        public_url=public_url,
        store=store,
        guideline=guideline,
        readings=readings,
    )
    fit_for_profile_or_exit(settings)
    assessor_or_exit(settings)
    parts_or_exit(settings)
    _hand_on(settings)
    prepare_workers(settings.workers)
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
        log_config=logging_config(settings.log_level),
        server_header=False,
    )


def _hand_on(settings: Settings) -> None:
    """Give the settings to the worker processes, which read them from the environment."""
    for name in settings.model_fields_set:
        os.environ[f"IORT_CDS_{name.upper()}"] = _text(getattr(settings, name))


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ";".join(value) if isinstance(value, list) else str(value)
