"""Errors over HTTP: every client can show them, and they never repeat what was sent."""

import json
from typing import Any

import httpx
import pytest

from tests.cds_service.api.calling import PATH, call, post, request_of, with_context

SECRET = "Jane Roe"


def told(response: httpx.Response, status: int) -> str:
    """Check that an error has the shape that every client can show; return its message."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    (issue,) = body["issue"]
    assert body["resourceType"] == "OperationOutcome"
    assert issue["severity"] == "error"
    assert issue["details"]["text"] == issue["diagnostics"] == body["message"]
    assert (body["status"], body["error"]) == (status, httpx.codes.get_reason_phrase(status))
    message = body["message"]
    assert isinstance(message, str)
    assert "Traceback" not in response.text
    return message


def without(member: str) -> dict[str, Any]:
    request = request_of()
    del request[member]
    return request


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"order-sign",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"{'hook': 'order-sign'}",
        json.dumps(request_of()).encode()[:-1],
        json.dumps(request_of()).encode() + b"}",
        json.dumps(request_of(extra=float("nan"))).encode(),
        json.dumps({**request_of(), "prefetch": 5}).encode().replace(b'": 5', b'": 5 x'),
        json.dumps({**request_of(), "prefetch": 5, "x": "\ud800"}).encode(),
        b'{"hook": "order-sign", // signed\n}',
        json.dumps(request_of()).encode("utf-16"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert told(post(body), 400) == "the body is not JSON"


@pytest.mark.parametrize("body", [[], [{}], "text", 5, None, True])
def test_what_is_no_object_is_refused(body: Any) -> None:
    assert told(post(body), 400) == "the body is not a JSON object"


@pytest.mark.parametrize("start", [b"", b'{"prefetch": 5, "x": '])
def test_what_is_nested_beyond_reason_is_refused(start: bytes) -> None:
    body = (start or b'{"x": ') + b"[" * 100_000 + b"]" * 100_000 + b"}"

    assert told(post(body), 400) == "the body is nested too deeply"


@pytest.mark.parametrize("member", ["hook", "hookInstance", "context"])
def test_a_required_member_that_is_missing_is_named(member: str) -> None:
    assert told(post(without(member)), 400) == f"{member} is missing"


@pytest.mark.parametrize("member", ["hook", "hookInstance"])
@pytest.mark.parametrize(
    ("value", "wrong"),
    [("", "is empty"), (None, "is not a text"), (5, "is not a text"), ([SECRET], "is not a text")],
)
def test_a_member_that_is_no_text_is_named(member: str, value: Any, wrong: str) -> None:
    response = post({**request_of(), member: value})

    assert told(response, 400) == f"{member} {wrong}"
    assert SECRET not in response.text


@pytest.mark.parametrize("value", [None, "", SECRET, 5, [{"patientId": "p"}], True])
def test_a_context_that_is_no_object_is_refused(value: Any) -> None:
    response = post({**request_of(), "context": value})

    assert told(response, 400) == "context is not an object"
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("context", "wrong"),
    [
        ({}, "is missing"),
        ({"userId": "Practitioner/1"}, "is missing"),
        ({"patientId": ""}, "is empty"),
        ({"patientId": None}, "is not a text"),
        ({"patientId": 7}, "is not a text"),
        ({"patientId": {"reference": SECRET}}, "is not a text"),
    ],
)
def test_a_context_without_a_patient_is_refused(context: Any, wrong: str) -> None:
    response = post({**request_of(), "context": context})

    assert told(response, 400) == f"context.patientId {wrong}"
    assert SECRET not in response.text


def test_a_patient_id_that_is_no_utf8_is_refused() -> None:
    body = json.dumps(with_context(patientId="ID")).encode().replace(b'"ID"', b'"\xff"')

    assert told(post(body), 400) == "context.patientId is not a text"


@pytest.mark.parametrize("hook", ["patient-view", "ORDER-SIGN", SECRET])
def test_a_hook_that_is_not_ours_is_refused(hook: str) -> None:
    response = post(request_of(hook=hook))

    assert told(response, 400) == "hook is none of order-sign, order-select, order-dispatch"
    assert SECRET not in response.text


@pytest.mark.parametrize("path", ["/cds-services/unknown", "/cds-services/iort-coverage%20"])
def test_a_service_that_is_not_offered_is_not_found(path: str) -> None:
    response = post(request_of(), path=path)

    assert told(response, 404) == "no service of this id"
    assert response.json()["issue"][0]["code"] == "not-found"


def test_a_service_that_is_not_offered_is_not_found_whatever_is_sent() -> None:
    assert told(post(b"{", path="/cds-services/unknown"), 404) == "no service of this id"


@pytest.mark.parametrize("path", ["/", "/unknown", f"{PATH}/cards", f"/{SECRET}"])
def test_an_unknown_path_is_not_found(path: str) -> None:
    response = post({}, path=path)

    assert told(response, 404) == "Not Found"
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/cds-services", "GET"), ("GET", PATH, "POST"), ("PUT", PATH, "POST"),
     ("DELETE", "/guideline", "GET"), ("OPTIONS", PATH, "POST")],
)  # fmt: skip
def test_a_method_that_is_not_supported_is_refused_and_the_others_named(
    method: str, path: str, allowed: str
) -> None:
    response = call(method, path)

    assert told(response, 405) == "Method Not Allowed"
    assert response.json()["issue"][0]["code"] == "not-supported"
    assert response.headers["allow"] == allowed
