"""Feedback on cards (CDS Hooks 2.0, "Feedback"): what became of them, as clients report it.

Unknown members are ignored, so what later versions of the specification add passes. Members that
are null count as left out: programs write them so.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar, get_args

import msgspec
from msgspec import Raw, Struct

from cds_service.hooks.request import RequestError, body_errors
from fhir_mappings.decode import UNREADABLE

Outcome = Literal["accepted", "overridden"]
_Members = dict[str, Raw]
_T = TypeVar("_T")
_BOM: Final = b"\xef\xbb\xbf"
_NULL: Final = b"null"
_OBJECT: Final = msgspec.json.Decoder(_Members)
_LIST: Final = msgspec.json.Decoder(list[Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_TIME: Final = msgspec.json.Decoder(datetime)


class Reason(Struct, frozen=True, kw_only=True):
    """Why a card was overridden.

    Attributes:
        code: the reason that was chosen; None where there is only a comment.
        system: the system of the code, which not every client sends.
        comment: what the user wrote.
    """

    code: str | None = None
    system: str | None = None
    comment: str | None = None


class Feedback(Struct, frozen=True, kw_only=True):
    """What became of one card.

    Attributes:
        card: the uuid of the card.
        at: when it happened, in UTC.
        suggestions: the uuids of the suggestions that were accepted, in a fixed order.
    """

    card: str
    outcome: Outcome
    at: datetime
    suggestions: tuple[str, ...] = ()
    reason: Reason | None = None


def parse_feedback(body: bytes) -> list[Feedback]:
    """Parse the body of a feedback request; it may report on any number of cards.

    Raises:
        RequestError: not JSON, not an object, or a member is missing or wrong; the message names
            the member and its place, never its value.
    """
    with body_errors():
        members = _OBJECT.decode(body.removeprefix(_BOM))
    return [
        _item(_decoded(_OBJECT, raw, path, "an object"), path)
        for path, raw in _listed(_required(members, "feedback", ""), "feedback")
    ]


def _item(members: _Members, path: str) -> Feedback:
    outcome = _outcome(members, path)
    suggestions = _suggestions(members, path)
    # The specification's rule cds-fb-2; without it nothing is known to have been accepted.
    if outcome == "accepted" and not suggestions:
        raise RequestError(f"{path}.acceptedSuggestions is missing or empty")
    return Feedback(
        card=_text(members, "card", path),
        outcome=outcome,
        at=_time(members, path),
        suggestions=suggestions,
        reason=_reason(members, path),
    )


def _outcome(members: _Members, path: str) -> Outcome:
    text = _text(members, "outcome", path)
    for one in get_args(Outcome):
        if text == one:
            outcome: Outcome = one
            return outcome
    raise RequestError(f"{path}.outcome is neither accepted nor overridden")


def _time(members: _Members, path: str) -> datetime:
    place = f"{path}.outcomeTimestamp"
    raw = _required(members, "outcomeTimestamp", f"{path}.")
    time = _decoded(_TIME, raw, place, "a date and time")
    try:
        # UTC is asked for, so a time that names no zone is taken to be in it.
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        raise RequestError(f"{place} is not a date and time") from None


def _suggestions(members: _Members, path: str) -> tuple[str, ...]:
    raw = _given(members, "acceptedSuggestions")
    if raw is None:
        return ()
    found = {
        _text(_decoded(_OBJECT, one, place, "an object"), "id", place)
        for place, one in _listed(raw, f"{path}.acceptedSuggestions")
    }
    return tuple(sorted(found))


def _reason(members: _Members, path: str) -> Reason | None:
    raw = _given(members, "overrideReason")
    if raw is None:
        return None
    path = f"{path}.overrideReason"
    given = _decoded(_OBJECT, raw, path, "an object")
    comment = _optional_text(given, "userComment", path)
    coding = _given(given, "reason")
    if coding is None:
        if comment is None:  # the specification's rule cds-fb-3
            raise RequestError(f"{path} has neither reason nor userComment")
        return Reason(comment=comment)
    path = f"{path}.reason"
    chosen = _decoded(_OBJECT, coding, path, "an object")
    return Reason(
        code=_text(chosen, "code", path),
        system=_optional_text(chosen, "system", path),
        comment=comment,
    )


def _given(members: _Members, name: str) -> Raw | None:
    raw = members.get(name)
    return None if raw is None or bytes(raw) == _NULL else raw


def _required(members: _Members, name: str, prefix: str) -> Raw:
    raw = _given(members, name)
    if raw is None:
        raise RequestError(f"{prefix}{name} is missing")
    return raw


def _text(members: _Members, name: str, path: str) -> str:
    place = f"{path}.{name}"
    text = _decoded(_TEXT, _required(members, name, f"{path}."), place, "a text")
    if not text:
        raise RequestError(f"{place} is empty")
    return text


def _optional_text(members: _Members, name: str, path: str) -> str | None:
    raw = _given(members, name)
    return None if raw is None else _decoded(_TEXT, raw, f"{path}.{name}", "a text") or None


def _listed(raw: Raw, path: str) -> Iterator[tuple[str, Raw]]:
    items: list[Raw] = _decoded(_LIST, raw, path, "a list")
    for number, one in enumerate(items):
        yield f"{path}[{number}]", one


def _decoded(decoder: msgspec.json.Decoder[_T], raw: Raw, place: str, kind: str) -> _T:
    try:
        return decoder.decode(raw)
    except UNREADABLE:
        raise RequestError(f"{place} is not {kind}") from None
