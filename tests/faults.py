"""What goes wrong with FHIR servers: faults for `faulty_proxy`."""

import itertools
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from tests.faulty_proxy import Fault, Json, Query, Reply

_CODES: Final = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    410: "deleted",
    429: "throttled",
}


def outcome(code: str, severity: str = "error", text: str = "as told") -> Json:
    """Make an OperationOutcome."""
    issue = {"severity": severity, "code": code, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def says(body: Any, status: int = 200, **headers: str) -> Fault:
    """Answer this, bytes as they are and anything else as JSON; ``_`` in a header is a dash."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: Reply(content, status, named)


def status(code: int, **headers: str) -> Fault:
    """Answer a status, with an OperationOutcome: 401, 403, 404, 410, 500, or a redirect."""
    return says(outcome(_CODES.get(code, "exception")), code, **headers)


def too_many(retry_after: str) -> Fault:
    """Answer 429 with Retry-After: seconds, or a date."""
    return status(429, retry_after=retry_after)


def slow(seconds: float) -> Fault:
    """Answer well, but late."""
    return lambda _, ask: msgspec.structs.replace(ask(), wait=seconds)


def hang() -> Fault:
    """Never answer."""
    return slow(3600)


def drip(pause: float = 0.05) -> Fault:
    """Send one byte at a time, so that no single read takes long."""
    return lambda _, ask: msgspec.structs.replace(ask(), pace=pause)


def cut(after: int = -1) -> Fault:
    """Close the connection: before the answer, or after some bytes of its body."""
    return lambda _, ask: msgspec.structs.replace(ask(), cut=after)


def bad_json() -> Fault:
    """Answer with the first half of the body, as if that were all of it."""

    def fault(_: Query, ask: Callable[[], Reply]) -> Reply:
        reply = ask()
        return msgspec.structs.replace(reply, body=reply.body[: len(reply.body) // 2])

    return fault


def login_page() -> Fault:
    """Answer 200 with a page for people, as a proxy does whose session has ended."""
    return says(b"<!DOCTYPE html><title>Sign in</title>", content_type="text/html")


def wrong_type() -> Fault:
    """Answer a resource that nobody asked for."""
    return says({"resourceType": "Basic", "id": "b", "code": {"text": "not this"}})


def outcome_within(code: str = "forbidden", severity: str = "error", *, keep: bool = True) -> Fault:
    """Put an OperationOutcome into the searchset of a 200, beside what was found or instead."""
    entry = {"resource": outcome(code, severity), "search": {"mode": "outcome"}}
    return _changed(lambda _, found: {**found, "entry": [*_entries(found, keep=keep), entry]})


def next_page(link: str) -> Fault:
    """Name another page, such as one at another origin."""
    following = [{"relation": "next", "url": link}]
    return _changed(lambda _, found: {**found, "link": following})


def endless() -> Fault:
    """Name one more page on every page; use it for the type and for `PAGES`."""
    numbers = itertools.count(1)

    def page(query: Query, found: Json) -> Json:
        kept = [one for one in query.parameters if one[0] != "_again"]
        again = urlencode([*kept, ("_again", str(next(numbers)))])
        link = {"relation": "next", "url": f"{query.base}/{query.path}?{again}"}
        return {**found, "link": [link]}

    return _changed(page)


def _changed(change: Callable[[Query, Json], Json]) -> Fault:
    def fault(query: Query, ask: Callable[[], Reply]) -> Reply:
        reply = ask()
        body = msgspec.json.encode(change(query, reply.json))
        return msgspec.structs.replace(reply, body=body)

    return fault


def _entries(found: Json, *, keep: bool) -> list[Json]:
    return found.get("entry", []) if keep else []
