"""Traces by OpenTelemetry, where the extra is installed and somebody listens."""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
# For `FastAPI(telemetry=NATIVE)`: what newer versions of FastAPI export by themselves has paths and
# queries in it. Older versions ignore it.
NATIVE: Final["TelemetryConfig"] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
_log = logging.getLogger(__name__)


def setup(app: FastAPI) -> Callable[[], None] | None:
    """Trace the requests of an application and what it asks of others.

    To be called before the application answers anything.

    Returns:
        What ends it, sending what is still held; None where nothing is traced.
    """
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return None
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from cds_service.operations import tracing  # noqa: PLC0415 - needs the extra
    except ImportError:
        _log.warning("no traces: the extra 'opentelemetry' is not installed")
        return None
    return tracing.instrument(app, tracing.otlp())
