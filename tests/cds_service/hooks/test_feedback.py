"""Feedback is read as clients send it, and refused with the place of what is wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.hooks.feedback import Feedback, Reason, parse_feedback
from cds_service.hooks.request import RequestError
from tests.shared import CAPTURED, needs_captured

OVERRIDDEN: dict[str, Any] = {
    "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-06-30T10:06:02Z",
}
ACCEPTED: dict[str, Any] = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "accepted",
    "outcomeTimestamp": "2026-06-30T10:05:31.745Z",
    "acceptedSuggestions": [{"id": "b"}, {"id": "a"}, {"id": "b"}],
}
CODED = {"code": "plan-confirmed", "system": "urn:x", "display": "Confirmed"}


def parsed(*items: Any) -> list[Feedback]:
    return parse_feedback(json.dumps({"feedback": items}).encode())


def overridden(**changes: Any) -> Feedback:
    (item,) = parsed({**OVERRIDDEN, **changes})
    return item


def test_several_cards_are_reported_at_once() -> None:
    accepted, overridden = parsed(ACCEPTED, OVERRIDDEN)

    assert accepted == Feedback(
        card=ACCEPTED["card"],
        outcome="accepted",
        at=datetime(2026, 6, 30, 10, 5, 31, 745_000, tzinfo=UTC),
        suggestions=("a", "b"),
    )
    assert overridden == Feedback(
        card=OVERRIDDEN["card"],
        outcome="overridden",
        at=datetime(2026, 6, 30, 10, 6, 2, tzinfo=UTC),
    )
    assert parsed() == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"reason": CODED}, Reason(code="plan-confirmed", system="urn:x")),
        ({"reason": {"code": "plan-confirmed"}}, Reason(code="plan-confirmed")),
        ({"userComment": "told by phone"}, Reason(comment="told by phone")),
        (
            {"reason": CODED, "userComment": "told by phone"},
            Reason(code="plan-confirmed", system="urn:x", comment="told by phone"),
        ),
        ({"reason": CODED, "userComment": ""}, Reason(code="plan-confirmed", system="urn:x")),
        ({"reason": None, "userComment": "so"}, Reason(comment="so")),
        (None, None),
    ],
)
def test_the_reason_is_a_code_or_a_comment_or_both(given: Any, reason: Reason | None) -> None:
    assert overridden(overrideReason=given).reason == reason


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-06-30T10:06:02+02:00", datetime(2026, 6, 30, 8, 6, 2, tzinfo=UTC)),
        ("2026-06-30T10:06:02", datetime(2026, 6, 30, 10, 6, 2, tzinfo=UTC)),
    ],
)
def test_times_are_in_utc(written: str, utc: datetime) -> None:
    assert overridden(outcomeTimestamp=written).at == utc


def test_what_later_versions_add_is_ignored() -> None:
    body = {"feedback": [{**OVERRIDDEN, "extension": {"a": [1e99]}, "new": None}], "extension": {}}
    encoded = b"\xef\xbb\xbf" + json.dumps(body).replace("1e+99", "1e999").encode()

    assert parse_feedback(encoded) == [overridden()]
    assert overridden(acceptedSuggestions=None) == overridden()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "the body is not JSON"),
        (b"[]", "the body is not a JSON object"),
        (b"{}", "feedback is missing"),
        (b'{"a": ' + b"[" * 100_000, "the body is nested too deeply"),
        (b'{"feedback": {}}', "feedback is not a list"),
        (b'{"feedback": null}', "feedback is missing"),
        (b'{"feedback": ["secret"]}', "feedback[0] is not an object"),
        (
            b'{"feedback": [{"card": "\xff", "outcome": "overridden"}]}',
            "feedback[0].card is not a text",
        ),
    ],
)
def test_a_body_that_is_no_feedback_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_feedback(
            body.replace(
                b'"overridden"', b'"overridden", "outcomeTimestamp": "2026-06-30T10:06:02Z"'
            )
        )

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"card": None}, "card is missing"),
        ({"card": ""}, "card is empty"),
        ({"card": 4711}, "card is not a text"),
        ({"outcome": None}, "outcome is missing"),
        ({"outcome": "secret"}, "outcome is neither accepted nor overridden"),
        ({"outcome": ["secret"]}, "outcome is not a text"),
        ({"outcome": "accepted"}, "acceptedSuggestions is missing or empty"),
        (
            {"outcome": "accepted", "acceptedSuggestions": []},
            "acceptedSuggestions is missing or empty",
        ),
        ({"acceptedSuggestions": {}}, "acceptedSuggestions is not a list"),
        ({"acceptedSuggestions": [{"id": "a"}, 5]}, "acceptedSuggestions[1] is not an object"),
        ({"acceptedSuggestions": [{}]}, "acceptedSuggestions[0].id is missing"),
        ({"acceptedSuggestions": [{"id": 5}]}, "acceptedSuggestions[0].id is not a text"),
        ({"outcomeTimestamp": None}, "outcomeTimestamp is missing"),
        ({"outcomeTimestamp": "secret"}, "outcomeTimestamp is not a date and time"),
        ({"outcomeTimestamp": "2026-06-30"}, "outcomeTimestamp is not a date and time"),
        ({"outcomeTimestamp": 1795382704}, "outcomeTimestamp is not a date and time"),
        (
            {"outcomeTimestamp": "0001-01-01T00:00:00+05:00"},
            "outcomeTimestamp is not a date and time",
        ),
        ({"overrideReason": "secret"}, "overrideReason is not an object"),
        ({"overrideReason": {}}, "overrideReason has neither reason nor userComment"),
        ({"overrideReason": {"reason": "secret"}}, "overrideReason.reason is not an object"),
        ({"overrideReason": {"reason": {}}}, "overrideReason.reason.code is missing"),
        (
            {"overrideReason": {"reason": {"code": "a", "system": 5}}},
            "overrideReason.reason.system is not a text",
        ),
        ({"overrideReason": {"userComment": 5}}, "overrideReason.userComment is not a text"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_without_its_value(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(ACCEPTED, {**OVERRIDDEN, **changes})

    assert str(caught.value) == f"feedback[1].{message}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
ITEM = st.fixed_dictionaries(
    {},
    optional={
        "card": JSON | st.just("card"),
        "outcome": JSON | st.sampled_from(["accepted", "overridden"]),
        "outcomeTimestamp": JSON | st.datetimes().map(lambda time: f"{time.isoformat()}+09:00"),
        "acceptedSuggestions": JSON | st.just([{"id": "a"}]),
        "overrideReason": JSON
        | st.fixed_dictionaries({}, optional={"reason": JSON, "userComment": JSON}),
    },
)


@given(JSON | st.fixed_dictionaries({"feedback": JSON | st.lists(ITEM, max_size=3)}))
def test_anything_is_read_or_refused(body: Any) -> None:
    try:
        items = parse_feedback(json.dumps(body).encode())
    except RequestError:
        return
    assert all(item.card and item.at.tzinfo is UTC for item in items)


def feedback_files() -> list[Path]:
    return sorted(CAPTURED.glob("*-feedback-*.json"))


@needs_captured
@pytest.mark.parametrize("file", feedback_files(), ids=lambda file: file.stem)
def test_what_a_real_client_sends_is_read(file: Path) -> None:
    body = json.loads(file.read_text("utf-8"))["body"]

    (item,) = parse_feedback(json.dumps(body).encode())

    assert item.card == body["feedback"][0]["card"]
    assert item.outcome == body["feedback"][0]["outcome"]
