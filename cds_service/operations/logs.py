"""Logs: one JSON object per line on stderr."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from cds_service.faults import place_of
from cds_service.operations.context import known
from cds_service.operations.masking import masked

ACCESS: Final = "cds_service.access"
_OWN: Final = ("cds_service", "fhir_mappings", "sandbox")
# These name URLs, headers or parameters of queries at their lower levels.
_QUIET: Final = (
    "alembic",
    "asyncio",
    "fhirpy",
    "httpcore",
    "httpx",
    "opentelemetry",
    "requests",
    "sqlalchemy",
    "urllib3",
    "uvicorn.access",
)


class Guard(logging.Filter):
    """Takes out of a record what a log must not hold, before anything formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Reduce exceptions to their type and place, and mask the message."""
        if record.name == ACCESS:
            return True  # a constant, and fields that are clean already
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            record.__dict__["exception"] = place_of(error)
        record.exc_info = record.exc_text = record.stack_info = None
        record.msg, record.args = masked(_message(record)), None
        return True


class JsonLines(logging.Formatter):
    """Formats a record as a line of JSON, with what is known of the request."""

    def __init__(self) -> None:
        super().__init__()
        self._second = -1
        self._time = ""
        # The lines do not name these, so they need not be found out for each.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; `extra={"fields": {…}}` adds members."""
        line: dict[str, Any] = {
            "time": self._time_of(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        context = known()
        if context is not None:
            line.update(context.labels())
        added = record.__dict__
        if "fields" in added:
            line.update(added["fields"])
        if "exception" in added:
            line["exception"] = added["exception"]
        return msgspec.json.encode(line).decode()

    def _time_of(self, created: float) -> str:
        second = int(created)
        if second != self._second:
            self._time = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._second = second
        return f"{self._time}.{int((created - second) * 1000):03d}Z"


def logging_config(level: str) -> dict[str, Any]:
    """Return the configuration of the logs; nothing in it but plain values, as workers need it.

    Args:
        level: least severity that is logged of what is ours; of others it is never below WARNING.
    """
    least = level.upper()
    loggers: dict[str, Any] = {name: {"level": "WARNING"} for name in _QUIET}
    loggers |= {name: {"level": least} for name in _OWN}
    # uvicorn says where it listens at INFO, and what arrives on the wire below that.
    loggers["uvicorn"] = {"level": "INFO" if least == "DEBUG" else least}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"guard": {"()": f"{__name__}.{Guard.__name__}"}},
        "formatters": {"json": {"()": f"{__name__}.{JsonLines.__name__}"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "filters": ["guard"],
                "formatter": "json",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            name: {"handlers": [], "propagate": True, **one} for name, one in loggers.items()
        },
    }


def _message(record: logging.LogRecord) -> str:
    """Return the message, with the type of an exception where one is an argument."""
    args = record.args
    if isinstance(args, tuple):
        record.args = tuple(
            type(arg).__name__ if isinstance(arg, BaseException) else arg for arg in args
        )
    if isinstance(record.msg, BaseException):
        return type(record.msg).__name__
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        message = "a message that cannot be formatted"
    # Below its first line a library quotes: a statement with its parameters, a task's exception.
    return message if record.name.startswith(_OWN) else message.partition("\n")[0]
