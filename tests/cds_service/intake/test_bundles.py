"""Bundles as real clients send them: an odd entry costs itself only."""

from typing import Any

import pytest

from cds_service.intake.bundles import (
    Bundle,
    decode_bundle,
    decode_searchset,
    outcome_reason,
    state_of,
)
from fhir_mappings.needs import NeedState
from fhir_mappings.resources import Condition, OperationOutcome
from tests.cds_service.intake.reading import bundle, condition, outcome, raw

DECODERS = pytest.mark.parametrize("decode", [decode_bundle, decode_searchset])
NEXT = [{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}]


def names(found: Bundle | None) -> list[str | None]:
    """The ids of the conditions that could be read."""
    assert found is not None
    return [one.resource.id for one in found.held if isinstance(one.resource, Condition)]


def unreadable(found: Bundle | None) -> int:
    assert found is not None
    return sum(not one.readable for one in found.held)


@DECODERS
def test_a_bundle_gives_its_resources_with_their_full_urls(decode: Any) -> None:
    entry = [{"fullUrl": "urn:uuid:1", "resource": condition()}, {"resource": condition("d")}]
    found = decode(raw({"resourceType": "Bundle", "entry": entry}))

    assert names(found) == ["c", "d"]
    assert [one.full_url for one in found.held] == ["urn:uuid:1", None]
    assert unreadable(found) == 0


def test_the_json_of_a_resource_is_kept_as_it_came() -> None:
    text = b'{"resourceType":"Condition",  "id":"c", "unknown": 1.50}'
    found = decode_bundle(b'{"entry": [{"resource": %s}], "resourceType": "Bundle"}' % text)

    assert found is not None
    (held,) = found.held
    assert held.raw is not None
    assert bytes(held.raw) == text


def test_the_json_of_what_a_search_found_is_not_kept() -> None:
    found = decode_searchset(raw(bundle(condition())))

    assert found is not None
    assert [one.raw for one in found.held] == [None]


@DECODERS
@pytest.mark.parametrize(
    "odd",
    [
        {"resource": {"id": "x"}},
        {"resource": {"resourceType": 5, "id": "x"}},
        {"resource": "Condition"},
        {"resource": [condition("x")]},
        "entry",
        [condition("x")],
        7,
    ],
)
def test_an_odd_entry_costs_itself_only_and_is_counted(decode: Any, odd: Any) -> None:
    entry = [{"resource": condition()}, odd, {"resource": condition("d")}]
    found = decode(raw({"resourceType": "Bundle", "entry": entry}))

    assert names(found) == ["c", "d"]
    assert unreadable(found) == 1


@DECODERS
@pytest.mark.parametrize("nothing", [{}, {"resource": None}, None, {"search": {"mode": "match"}}])
def test_an_entry_that_holds_nothing_costs_nothing(decode: Any, nothing: Any) -> None:
    entry = [{"resource": condition()}, nothing]
    found = decode(raw({"resourceType": "Bundle", "entry": entry}))

    assert names(found) == ["c"]
    assert unreadable(found) == 0


@DECODERS
@pytest.mark.parametrize("broken", [b'{"resourceType": "Condition", "id": "\xff"}', b'"\xff"'])
def test_a_resource_that_is_no_utf8_costs_itself_only(decode: Any, broken: bytes) -> None:
    body = b'{"resourceType": "Bundle", "entry": [{"resource": %s}, {"resource": {"resourceType":'
    found = decode(raw(body % broken + b' "Condition", "id": "c"}}]}'))

    assert names(found) == ["c"]
    assert unreadable(found) == 1


@DECODERS
@pytest.mark.parametrize("kind", ["Practitioner", "Binary", "Unheard-of"])
def test_a_resource_of_a_type_that_is_not_needed_costs_nothing(decode: Any, kind: str) -> None:
    found = decode(raw(bundle({"resourceType": kind}, condition())))

    assert names(found) == ["c"]
    assert unreadable(found) == 0


@DECODERS
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"entry": {"resource": condition()}}, ["c"]),
        ({"entry": None}, []),
        ({"entry": []}, []),
        ({"entry": [{"fullUrl": 5, "resource": condition()}]}, ["c"]),
        ({"entry": [{"resource": condition()}], "link": "next"}, ["c"]),
        ({"entry": [{"resource": condition()}], "link": [5, {"relation": 5}, None]}, ["c"]),
        ({"entry": [{"resource": condition()}], "type": 5, "total": "many"}, ["c"]),
    ],
)
def test_a_bundle_of_another_shape_is_read(
    decode: Any, members: dict[str, Any], expected: list[str]
) -> None:
    found = decode(raw({"resourceType": "Bundle", **members}))

    assert names(found) == expected
    assert found.next is None


@DECODERS
@pytest.mark.parametrize(
    "content",
    [
        None,
        5,
        "Bundle",
        [],
        [bundle()],
        {},
        {"resourceType": ["Bundle"]},
        {"resourceType": "Parameters", "entry": []},
        condition(),
        {"status": 404, "error": "Not Found"},
        b'{"resourceType": "Bundle", "entry": ',
        b'{"resourceType": "\xff"}',
        b'{"resourceType": "Bundle", "entry": [5, "\xff"]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_bundle_is_none(decode: Any, content: Any) -> None:
    assert decode(raw(content)) is None


@DECODERS
@pytest.mark.parametrize("entry", [[{"resource": condition()}], [{"resource": condition()}, 5]])
def test_a_bundle_tells_that_there_are_more_pages(decode: Any, entry: Any) -> None:
    more = decode(raw({"resourceType": "Bundle", "entry": entry, "link": NEXT}))
    last = decode(raw({"resourceType": "Bundle", "entry": entry, "link": NEXT[:1]}))

    assert more.next is not None
    assert last.next is None


@DECODERS
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (bundle(condition()), NeedState("present")),
        (bundle(), NeedState("empty")),
        (bundle(entry=[]), NeedState("empty")),
        (bundle(condition(), link=NEXT), NeedState("partial", "truncated")),
        (bundle(link=NEXT), NeedState("partial", "truncated")),
        (bundle(outcome("error|exception")), NeedState("unreadable", "server-error")),
        (bundle(outcome("error|forbidden")), NeedState("unreadable", "not-authorised")),
        (bundle(condition(), outcome("error|timeout")), NeedState("partial", "timed-out")),
        (bundle(condition(), outcome("warning|suppressed")),
         NeedState("partial", "not-authorised")),
        (bundle(condition(), outcome("warning|incomplete")), NeedState("partial", "truncated")),
        (bundle(condition(), outcome("warning|processing")), NeedState("present")),
        (bundle(outcome("warning|processing")), NeedState("empty")),
        (bundle(outcome("information|informational")), NeedState("empty")),
        (bundle(outcome("warning|processing", "error|timeout")),
         NeedState("unreadable", "timed-out")),
        (bundle(outcome("warning|processing"), outcome("fatal")),
         NeedState("unreadable", "server-error")),
        (bundle(outcome()), NeedState("unreadable", "server-error")),
        (bundle(outcome("|processing")), NeedState("unreadable", "server-error")),
        (bundle(outcome("warning|processing"), link=NEXT), NeedState("partial", "truncated")),
    ],
)  # fmt: skip
def test_a_search_says_how_far_it_met_its_need(
    decode: Any, content: Any, expected: NeedState
) -> None:
    assert state_of(decode(raw(content))) == expected


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        (["login"], "not-authorised"),
        (["security"], "not-authorised"),
        (["expired"], "not-authorised"),
        (["unknown"], "not-authorised"),
        (["not-found"], "not-found"),
        (["deleted"], "not-found"),
        (["too-costly"], "truncated"),
        (["exception"], "server-error"),
        (["exception", "timeout"], "timed-out"),
        ([None, "timeout"], "timed-out"),
        ([], "server-error"),
    ],
)
def test_an_outcome_says_why_data_are_not_there(codes: list[str | None], why: str) -> None:
    content = {"issue": [{"code": code} for code in codes]}
    found = decode_bundle(raw(bundle({"resourceType": "OperationOutcome", **content})))

    assert found is not None
    resource = found.held[0].resource
    assert isinstance(resource, OperationOutcome)
    assert outcome_reason(resource) == why
