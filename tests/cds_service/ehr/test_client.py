"""The client: what is sent, and what becomes of answers that are no success."""

import asyncio
import email.utils
import time
from typing import Any

import httpx
import pytest
from fhirpy.base.exceptions import (
    AuthorizationError,
    BaseFHIRError,
    ForbiddenError,
    OperationOutcome,
    ResourceNotFound,
)
from hypothesis import given
from hypothesis import strategies as st

from cds_service.ehr import client as module
from cds_service.ehr.client import EhrClient, HttpError, TooLargeError
from tests.cds_service.ehr.wire import BASE, SERVER, TOKEN, Answer, Wire, answer


def execute(wire: Wire, path: str, token: str | None = TOKEN, **params: Any) -> Any:
    async def run() -> Any:
        async with wire.client() as http:
            return await EhrClient(BASE, http, token).execute(path, "get", params=params)

    return asyncio.run(run())


def failing(answers: Answer) -> HttpError:
    with pytest.raises(HttpError) as failed:
        execute(Wire().on("", answers), "Condition")
    return failed.value


@pytest.mark.parametrize(
    ("path", "params", "url"),
    [
        ("Patient/p", {}, f"{SERVER}/Patient/p"),
        ("metadata", {}, f"{SERVER}/metadata"),
        ("Condition", {"patient": "p"}, f"{SERVER}/Condition?patient=p"),
        ("Observation", {"code": "http://loinc.org|1,2"},
         f"{SERVER}/Observation?code=http:%2F%2Floinc.org%7C1,2"),
        ("Condition", {"patient": "a&b=c#d?e"}, f"{SERVER}/Condition?patient=a%26b%3Dc%23d%3Fe"),
        ("?_getpages=1", {}, f"{SERVER}?_getpages=1"),
        ("Condition?page=2", {}, f"{SERVER}/Condition?page=2"),
        ("https://evil.example.net/x", {}, f"{SERVER}/https://evil.example.net/x"),
        ("//evil.example.net/x", {}, f"{SERVER}///evil.example.net/x"),
    ],
)  # fmt: skip
def test_every_path_lies_below_the_base(path: str, params: dict[str, str], url: str) -> None:
    wire = Wire().on("", answer({}))
    execute(wire, path, **params)
    assert str(wire.requests[0].url) == url


def test_the_token_and_what_we_understand_are_said() -> None:
    wire = Wire()
    execute(wire, "Condition")

    (request,) = wire.requests
    assert request.method == "GET"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Accept"] == "application/fhir+json, application/json;q=0.9"
    assert request.content == b""


@pytest.mark.parametrize("token", [None, ""])
def test_without_token_nothing_is_said_of_one(token: str | None) -> None:
    wire = Wire()
    execute(wire, "Condition", token)
    assert "Authorization" not in wire.requests[0].headers


def test_an_answer_is_bytes() -> None:
    assert execute(Wire().on("", answer(b"\xff{")), "Condition") == b"\xff{"


def test_the_status_comes_along_where_it_is_wanted() -> None:
    async def run() -> Any:
        async with Wire().on("", answer(b"x", 206)).client() as http:
            return await EhrClient(BASE, http, None)._do_request(
                "get", "Condition", returning_status=True
            )

    assert asyncio.run(run()) == (b"x", 206)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthorizationError),
        (403, ForbiddenError),
        (404, ResourceNotFound),
        (410, ResourceNotFound),
        (400, OperationOutcome),
        (302, OperationOutcome),
        (500, OperationOutcome),
    ],
)
def test_an_error_is_one_of_the_library_with_its_status(
    status: int, kind: type[BaseFHIRError]
) -> None:
    error = failing(answer({"secret": "Jane Doe"}, status, Location="https://evil.example.net"))

    assert isinstance(error, kind)
    assert error.status == status
    assert error.retry_after is None
    assert f"status {status}" in str(error)
    assert "Jane" not in str(error)


@pytest.mark.parametrize(
    ("status", "transient"),
    [(429, True), (502, True), (503, True), (504, True), (500, False), (501, False), (400, False)],
)
def test_some_errors_pass(status: int, *, transient: bool) -> None:
    assert failing(answer(None, status)).transient is transient


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5),
        (" 7 ", 7),
        ("0", 0),
        ("9" * 40, 999999999),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("1 Jan 2020 00:00:00 +9999999999999", None),
        ("1 Jan 99999999999999999999 00:00:00", None),
    ],
)
def test_the_server_may_say_when_to_come_back(text: str, seconds: float | None) -> None:
    assert failing(answer(None, 503, Retry_After=text)).retry_after == seconds


def test_the_server_may_say_so_by_a_date() -> None:
    text = email.utils.formatdate(time.time() + 60, usegmt=True)
    found = failing(answer(None, 429, Retry_After=text)).retry_after
    assert found is not None
    assert 55 < found <= 60


@given(st.text())
def test_no_such_text_is_too_odd(text: str) -> None:
    module._seconds(text)


def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 10)

    assert execute(Wire().on("", answer(b"x" * 10)), "Condition") == b"x" * 10
    with pytest.raises(TooLargeError):
        execute(Wire().on("", answer(b"x" * 11)), "Condition")


def test_neither_client_nor_error_shows_the_token() -> None:
    client = EhrClient(BASE, httpx.AsyncClient(), TOKEN)
    error = failing(answer(None, 401))

    assert TOKEN not in f"{client} {client!r} {error} {error!r}"
