"""Logs are JSON lines, and hold nothing that is nobody's business."""

import json
import logging
import logging.config
import pickle
import re
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from cds_service.operations.context import RequestContext, begin, end
from cds_service.operations.logs import ACCESS, logging_config

OWN = logging.getLogger("cds_service.somewhere")
FOREIGN = logging.getLogger("somelibrary")
_FLAGS = ("logThreads", "logProcesses", "logMultiprocessing")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    names = [*logging_config("info")["loggers"], ACCESS]
    before = {name: logging.getLogger(name).level for name in names}
    handlers, level, flags = root.handlers[:], root.level, [getattr(logging, f) for f in _FLAGS]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, one in before.items():
        logging.getLogger(name).setLevel(one)
    for name, flag in zip(_FLAGS, flags, strict=True):
        setattr(logging, name, flag)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    def read() -> list[dict[str, Any]]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return [json.loads(line) for line in captured.err.splitlines()]

    return read


def fail() -> None:
    raise ValueError("Mary Smith")


def test_a_line_says_when_how_severe_who_and_what(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    OWN.info("started with %d readings", 3)
    OWN.warning("again", extra={"fields": {"port": 8080}})
    first, second = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {
        "level": "info",
        "logger": "cds_service.somewhere",
        "message": "started with 3 readings",
    }
    assert second["level"] == "warning"
    assert second["port"] == 8080


def test_the_time_is_that_of_the_record(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    for created in (0.25, 0.5, 86_400.0):
        record = logging.LogRecord(ACCESS, logging.INFO, "", 0, "request", None, None)
        record.created = created
        logging.getLogger(ACCESS).handle(record)
    assert [line["time"] for line in lines()] == [
        "1970-01-01T00:00:00.250Z",
        "1970-01-01T00:00:00.500Z",
        "1970-01-02T00:00:00.000Z",
    ]


def test_lines_name_the_request_they_belong_to(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    token = begin(RequestContext("r1", "iort-coverage"))
    OWN.info("during")
    end(token)
    OWN.info("after")
    during, after = lines()
    assert (during["requestId"], during["service"]) == ("r1", "iort-coverage")
    assert "requestId" not in after


def test_of_an_exception_only_its_type_and_place_are_logged(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    try:
        fail()
    except ValueError as error:
        OWN.exception("it failed: %s", error)
        OWN.error(error)
    FOREIGN.error("no exception", exc_info=True)
    first, second, third = lines()
    assert first["message"] == "it failed: ValueError"
    assert re.match(r"ValueError in fail:\d+ < test_of", first["exception"])
    assert second["message"] == "ValueError"
    assert "exception" not in third
    assert "Smith" not in json.dumps([first, second])


def test_messages_are_masked_whoever_writes_them(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    OWN.warning("with Bearer abc.def")
    FOREIGN.warning("GET %s", "https://ehr/Patient/12?name=Smith")
    assert [line["message"] for line in lines()] == ["with Bearer …", "GET https://ehr/Patient/…?…"]


def test_of_a_foreign_message_only_the_first_line_is_logged(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    logging.getLogger("asyncio").error("Task failed\nfuture: <Task exception=ValueError('Mary')>")
    OWN.warning("two\nlines")
    assert [line["message"] for line in lines()] == ["Task failed", "two\nlines"]


def test_a_message_that_cannot_be_formatted_costs_nothing_else(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    FOREIGN.warning("%d", "Mary")
    FOREIGN.warning("%(a)s", {"b": 1})
    FOREIGN.warning("%(a)s", {"a": 1})
    cannot = "a message that cannot be formatted"
    assert [line["message"] for line in lines()] == [cannot, cannot, "1"]


def test_the_stack_is_not_logged(lines: Any) -> None:
    logging.config.dictConfig(logging_config("info"))
    OWN.warning("here", stack_info=True)
    (line,) = lines()
    assert set(line) == {"time", "level", "logger", "message"}


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.http11", "sqlalchemy.engine", "alembic", "opentelemetry", "any"]
)
def test_libraries_are_quiet_at_any_level(lines: Any, name: str) -> None:
    logging.config.dictConfig(logging_config("debug"))
    logging.getLogger(name).info("GET /Patient")
    logging.getLogger(name).warning("slow")
    OWN.debug("ours")
    assert [line["message"] for line in lines()] == ["slow", "ours"]


@pytest.mark.parametrize(
    ("level", "own", "server"),
    [("debug", "DEBUG", "INFO"), ("info", "INFO", "INFO"), ("error", "ERROR", "ERROR")],
)
def test_the_level_is_that_of_what_is_ours(level: str, own: str, server: str) -> None:
    loggers = logging_config(level)["loggers"]
    assert loggers["cds_service"]["level"] == own
    assert loggers["uvicorn"]["level"] == server
    assert loggers["uvicorn.access"]["level"] == "WARNING"


def test_uvicorn_takes_the_configuration_into_its_workers(lines: Any) -> None:
    config = pickle.loads(pickle.dumps(logging_config("info")))
    uvicorn.Config("none:app", log_config=config, access_log=False)
    logging.getLogger("uvicorn.error").info("Started %s", "it", extra={"color_message": "x"})
    logging.getLogger("uvicorn.access").info("GET /Patient")
    (line,) = lines()
    assert line["message"] == "Started it"
    assert set(line) == {"time", "level", "logger", "message"}
