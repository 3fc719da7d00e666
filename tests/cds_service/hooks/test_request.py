"""A request is read only as far as an answer needs it."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET, Raw

from cds_service.hooks.request import (
    FhirAuthorization,
    HookRequest,
    RequestError,
    parse_authorization,
    parse_request,
)

REQUEST: dict[str, Any] = {
    "hook": "order-sign",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"patientId": "p", "draftOrders": {"resourceType": "Bundle"}},
    "prefetch": {"patient": None},
}


def parsed(**changes: Any) -> HookRequest:
    return parse_request(msgspec.json.encode({**REQUEST, **changes}))


def test_what_an_answer_needs_is_read() -> None:
    request = parsed()

    assert (request.hook, request.hook_instance) == ("order-sign", REQUEST["hookInstance"])
    assert request.context.patient_id == "p"
    assert request.context.draft_orders == Raw(b'{"resourceType":"Bundle"}')
    assert request.prefetch == {"patient": Raw(b"null")}


def test_orders_that_were_not_sent_are_told_from_orders_that_are_null() -> None:
    assert parsed(context={"patientId": "p"}).context.draft_orders is UNSET
    null = parsed(context={"patientId": "p", "draftOrders": None})
    assert null.context.draft_orders == Raw(b"null")


@pytest.mark.parametrize("prefetch", [None, 5, "text", [], [{}], True])
def test_a_prefetch_that_is_no_object_delivers_nothing(prefetch: Any) -> None:
    assert parsed(prefetch=prefetch) == parsed(prefetch={})


def test_a_prefetch_may_be_left_out() -> None:
    body = {name: one for name, one in REQUEST.items() if name != "prefetch"}

    assert parse_request(msgspec.json.encode(body)).prefetch == {}


def test_what_stands_in_the_prefetch_is_not_decoded() -> None:
    body = msgspec.json.encode(REQUEST).replace(b"null", b'{"n": 1e999, "text": "\xff"}')

    assert bytes(parse_request(body).prefetch["patient"]) == b'{"n": 1e999, "text": "\xff"}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b'{"prefetch": 5, "hook": }', "the body is not JSON"),
        (b'{"prefetch": 5, "hook": "order-sign"}', "context is missing"),
        (b'{"prefetch": 5, "a": ' + b"[" * 100_000, "the body is nested too deeply"),
        (b'{"context": {"\xff": 1}}', "context is not an object"),
        (b'{"context": {}, "hook": "\xff"}', "hook is not a text"),
    ],
)
def test_a_request_that_cannot_be_answered_names_what_is_wrong(body: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=f"^{message}$"):
        parse_request(body)


AUTHORIZATION = {
    "access_token": "secret",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "iort-cds",
    "patient": "p",
}


def authorization(content: Any) -> FhirAuthorization | None:
    return parse_authorization(Raw(msgspec.json.encode(content)))


def test_a_token_comes_with_what_it_is_for_and_never_shows_itself() -> None:
    found = authorization(AUTHORIZATION)

    assert found == FhirAuthorization(
        "secret", bearer=True, seconds=300, scope="patient/*.rs", subject="iort-cds", patient="p"
    )
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    "content",
    [None, 7, [], "token", {}, {"access_token": ""}, {"access_token": 7}, {"token_type": "Bearer"}],
)
def test_without_a_token_there_is_no_authorization(content: Any) -> None:
    assert authorization(content) is None
    assert parse_authorization(UNSET) is None


@pytest.mark.parametrize(
    ("member", "odd", "expected"),
    [
        ("expires_in", "soon", ("seconds", None)),
        ("expires_in", "300", ("seconds", 300)),
        ("scope", 7, ("scope", "")),
        ("subject", {}, ("subject", None)),
        ("patient", None, ("patient", None)),
        ("token_type", "bearer", ("bearer", True)),
        ("token_type", "MAC", ("bearer", False)),
    ],
)
def test_an_odd_member_of_the_authorization_costs_itself(
    member: str, odd: Any, expected: tuple[str, Any]
) -> None:
    found = authorization({**AUTHORIZATION, member: odd})

    assert getattr(found, expected[0]) == expected[1]
