"""Asking: pages, refusals, retries and time; what came stands, and what did not is named."""

import asyncio
import email.utils
import time
from typing import Any

import httpx
import pytest

from cds_service.ehr import asking
from cds_service.ehr import client as client_module
from cds_service.ehr.addresses import Base
from cds_service.ehr.asking import Asker, Limits, Progress, united, why_of
from cds_service.ehr.client import EhrClient
from cds_service.ehr.network import IpAddress, Outbound, make_client
from cds_service.ehr.searches import Ask, Query
from fhir_mappings.needs import NeedState
from tests.cds_service.ehr.sockets import Act, Socket, cutting, dripping, http, saying, serving
from tests.cds_service.ehr.wire import (
    BASE,
    SERVER,
    TOKEN,
    Answer,
    Wire,
    answer,
    hanging,
    resource,
    searchset,
)
from tests.cds_service.intake.reading import bundle, outcome

LIMITS = Limits(query_seconds=0.4, pages=3)
PATIENT = resource("Patient", "p")
NEXT = f"{SERVER}/Condition?page="


def query(kind: str, *category: str) -> Query:
    return Query(kind, (("patient", "p"), *(("category", one) for one in category)))


CONDITIONS = Ask(("conditions",), "Condition", ((query("Condition"),),))
READ = Ask(("patient",), "Patient", ((Query("Patient/p"),),))
SINGLY = (query("Observation", "a"), query("Observation", "b"))
LISTED = Ask(("obs",), "Observation", ((query("Observation", "a,b"),), SINGLY))
LISTED_OR_ALL = Ask(("obs",), "Observation", (*LISTED.attempts, (query("Observation"),)))


def run(ask: Ask, wire: Wire, limits: Limits = LIMITS, left: float = 5.0) -> Progress:
    """Ask to the end."""
    progress = Progress(ask)

    async def go() -> None:
        async with wire.client() as client:
            asker = Asker(EhrClient(BASE, client, TOKEN), BASE, limits, lambda: left)
            await asker.run(progress)

    asyncio.run(go())
    return progress


def outcome_of(progress: Progress) -> tuple[str, str | None, list[str | None]]:
    """State, why, and the ids of what came."""
    ids = [None if one.resource is None else one.resource.id for one in progress.held]
    return progress.state.state, progress.state.why, ids


def asked(ask: Ask, *answers: Answer) -> tuple[str, str | None, list[str | None]]:
    return outcome_of(run(ask, Wire().on("", *answers)))


def conditions(*names: str, then: str | None = None) -> httpx.Response:
    return searchset(*(resource("Condition", one) for one in names), then=then)


# --- one answer


def test_what_a_search_finds_is_there() -> None:
    assert asked(CONDITIONS, conditions("a", "b")) == ("present", None, ["a", "b"])
    assert asked(CONDITIONS, searchset()) == ("empty", None, [])


def test_what_is_read_is_there() -> None:
    assert asked(READ, answer(PATIENT)) == ("present", None, ["p"])


def test_the_query_is_named() -> None:
    progress = run(CONDITIONS, Wire())
    assert progress.state == NeedState("empty", None, "Condition?patient=p")
    assert progress.answered
    assert 0 < progress.seconds < 1


def test_every_request_has_the_token() -> None:
    wire = Wire().on("Condition", conditions("a", then=f"{NEXT}2"), answer(None, 503), searchset())
    run(CONDITIONS, wire)

    assert len(wire.requests) == 3
    assert {one.headers["Authorization"] for one in wire.requests} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (outcome("error|forbidden"), ("unreadable", "not-authorised", [])),
        (outcome("fatal|exception"), ("unreadable", "server-error", [])),
        (outcome("error|timeout"), ("unreadable", "timed-out", [])),
        (bundle(outcome("error|security")), ("unreadable", "not-authorised", [None])),
        (bundle(outcome("information|informational")), ("empty", None, [None])),
        (bundle(resource("Condition"), outcome("error|timeout")),
         ("partial", "timed-out", ["x", None])),
        (bundle(resource("Condition"), outcome("warning|suppressed")),
         ("partial", "not-authorised", ["x", None])),
        (resource("Condition"), ("unreadable", "invalid", [])),
        (resource("Device"), ("unreadable", "invalid", [])),
        ({}, ("unreadable", "invalid", [])),
        ([], ("unreadable", "invalid", [])),
        (None, ("unreadable", "invalid", [])),
        (b"", ("unreadable", "invalid", [])),
        (b"<html>", ("unreadable", "invalid", [])),
        (b'{"resourceType": "Bundle"', ("unreadable", "invalid", [])),
        (b'{"resourceType": "\xff"}', ("unreadable", "invalid", [])),
        (b"[" * 100_000, ("unreadable", "invalid", [])),
    ],
)  # fmt: skip
def test_a_search_is_met_as_far_as_its_answer_says(content: Any, state: Any) -> None:
    assert asked(CONDITIONS, answer(content)) == state


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (outcome("error|not-found"), ("unreadable", "not-found", [])),
        ({**PATIENT, "birthDate": 5}, ("present", None, ["p"])),
        (resource("Patient", "q"), ("unreadable", "invalid", [])),
        (resource("Patient", "P"), ("unreadable", "invalid", [])),
        ({"resourceType": "Patient"}, ("unreadable", "invalid", [])),
        (resource("Condition", "p"), ("unreadable", "invalid", [])),
        (bundle(), ("unreadable", "invalid", [])),
        (bundle(PATIENT), ("unreadable", "invalid", [])),
        (b"", ("unreadable", "invalid", [])),
        (None, ("unreadable", "invalid", [])),
    ],
)
def test_a_read_is_met_by_what_was_asked_for_only(content: Any, state: Any) -> None:
    assert asked(READ, answer(content)) == state


def test_a_resource_of_a_type_that_is_not_used_counts_as_read() -> None:
    ask = Ask(("Device/d",), "Device", ((Query("Device/d"),),))
    assert asked(ask, answer(resource("Device", "d"))) == ("present", None, [None])


@pytest.mark.parametrize("ask", [CONDITIONS, READ])
@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "not-authorised"),
        (403, "not-authorised"),
        (404, "not-found"),
        (410, "not-found"),
        (408, "timed-out"),
        (400, "server-error"),
        (422, "server-error"),
        (500, "server-error"),
        (302, "server-error"),
        (429, "server-error"),
        (503, "server-error"),
    ],
)
def test_an_answer_without_success_says_why(ask: Ask, status: int, why: str) -> None:
    location = {"Location": f"{SERVER}/Patient/q"}
    wire = Wire().on("", answer(PATIENT, status, **location))
    assert outcome_of(run(ask, wire)) == ("unreadable", why, [])
    assert set(wire.asked) == {ask.shown}  # a redirect is not followed


def test_an_answer_that_is_too_large_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LARGEST", 100)
    assert asked(CONDITIONS, conditions("a" * 100)) == ("unreadable", "invalid", [])


def test_an_answer_whose_encoding_is_wrong_is_not_used() -> None:
    async def broken(_: httpx.Request) -> httpx.Response:
        stream = httpx.ByteStream(b"no gzip")
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)

    assert asked(CONDITIONS, broken) == ("unreadable", "invalid", [])


def test_an_address_that_cannot_be_asked_is_an_error_of_the_server() -> None:
    assert asked(CONDITIONS, conditions(then=f"{NEXT}{'2' * 70_000}"))[:2] == (
        "partial",
        "server-error",
    )


# --- other attempts


@pytest.mark.parametrize("status", [400, 405, 406, 413, 414, 422])
def test_where_a_list_is_refused_its_values_are_asked_one_by_one(status: int) -> None:
    wire = Wire().on("Observation?patient=p&category=a,b", answer({}, status))
    wire.on("Observation?patient=p&category=a", searchset(resource("Observation", "a")))
    progress = run(LISTED_OR_ALL, wire)

    assert outcome_of(progress) == ("present", None, ["a"])
    assert [one.partition("category=")[2] for one in wire.asked] == ["a,b", "a", "b"]
    assert progress.state.query == "Observation?patient=p&category=a,b"


@pytest.mark.parametrize("status", [401, 403, 404, 408, 410, 429, 500, 501, 503])
def test_where_asking_differently_does_not_help_nothing_else_is_asked(status: int) -> None:
    wire = Wire().on("", answer({}, status))
    run(LISTED_OR_ALL, wire)
    assert set(wire.asked) == {LISTED.shown}


def test_what_is_refused_to_the_last_is_unread() -> None:
    wire = Wire().on("", answer({}, 400))

    assert outcome_of(run(LISTED_OR_ALL, wire)) == ("unreadable", "server-error", [])
    assert len(wire.asked) == 4


def test_the_plainest_search_comes_last() -> None:
    wire = Wire().on("Observation?patient=p&category", answer({}, 400))
    wire.on("Observation?patient=p", searchset(resource("Observation", "all")))

    assert outcome_of(run(LISTED_OR_ALL, wire)) == ("present", None, ["all"])


def test_what_came_of_an_attempt_that_was_refused_is_not_kept_twice() -> None:
    wire = Wire().on("Observation?patient=p&category=a,b", answer({}, 400))
    wire.on("Observation?patient=p&category=b", answer({}, 400))
    wire.on("", searchset(resource("Observation", "a")))

    assert outcome_of(run(LISTED_OR_ALL, wire)) == ("present", None, ["a"])


def test_what_came_before_the_last_refusal_is_evidence_of_a_part() -> None:
    wire = Wire().on("Observation?patient=p&category=a,b", answer({}, 400))
    wire.on("Observation?patient=p&category=b", answer({}, 400))
    wire.on("", searchset(resource("Observation", "a")))

    assert outcome_of(run(LISTED, wire)) == ("partial", "server-error", ["a"])


def test_of_several_queries_one_that_fails_makes_a_part() -> None:
    wire = Wire().on("Observation?patient=p&category=a,b", answer({}, 400))
    wire.on("Observation?patient=p&category=b", answer({}, 403))
    wire.on("", searchset(resource("Observation", "a")))

    assert outcome_of(run(LISTED, wire)) == ("partial", "not-authorised", ["a"])


def test_no_more_than_some_are_asked_at_once() -> None:
    running = most = 0

    async def slowly(_: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return searchset()

    many = tuple(query("Observation", str(number)) for number in range(25))
    wire = Wire().on("", slowly)
    run(Ask(("obs",), "Observation", (many,)), wire)

    assert (most, len(wire.asked)) == (10, 25)


# --- pages


def test_pages_are_followed_to_the_last() -> None:
    wire = Wire().on("Condition?patient", conditions("a", then=f"{NEXT}2"))
    wire.on("Condition?page=2", conditions("b", then="http://hapi:8080/fhir?_getpages=3"))
    wire.on("?_getpages=3", conditions("c"))
    wire.on(f"{SERVER}?_getpages=3", conditions("c"))

    assert outcome_of(run(CONDITIONS, wire)) == ("present", None, ["a", "b", "c"])
    assert {one.url.host for one in wire.requests} == {"ehr.example.org"}


def test_an_empty_page_is_not_the_last() -> None:
    assert asked(CONDITIONS, conditions(then=f"{NEXT}2"), conditions("b")) == (
        "present",
        None,
        ["b"],
    )


@pytest.mark.parametrize("pages", [1, 3])
def test_a_search_without_end_is_cut_and_said_to_be(pages: int) -> None:
    number = 0

    async def endless(_: httpx.Request) -> httpx.Response:
        nonlocal number
        number += 1
        return conditions(str(number), then=f"{NEXT}{number}")

    wire = Wire().on("", endless)
    progress = run(CONDITIONS, wire, Limits(1, pages))

    assert outcome_of(progress) == ("partial", "truncated", list(map(str, range(1, pages + 1))))
    assert len(wire.asked) == pages


def test_exactly_as_many_pages_as_are_followed_are_complete() -> None:
    pages = [conditions("a", then=f"{NEXT}2"), conditions("b", then=f"{NEXT}3"), conditions("c")]
    assert asked(CONDITIONS, *pages) == ("present", None, ["a", "b", "c"])


def test_a_link_in_a_circle_is_followed_once() -> None:
    wire = Wire().on("", conditions("a", then=f"{NEXT}2"))

    assert outcome_of(run(CONDITIONS, wire, Limits(1, 50)))[:2] == ("partial", "truncated")
    assert len(wire.asked) == 2


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.net/fhir/Condition?page=2",
        "https://ehr.example.org.evil/fhir/Condition?page=2",
        "http://ehr.example.org/fhir/Condition?page=2",
        f"{SERVER}/../admin",
        "Condition?page=2",
        "",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    wire = Wire().on("", conditions("a", then=link))

    assert outcome_of(run(CONDITIONS, wire)) == ("partial", "truncated", ["a"])
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (answer({}, 403), "not-authorised"),
        (answer({}, 410), "not-found"),
        (answer({}, 400), "server-error"),
        (answer(outcome("error|timeout")), "timed-out"),
        (answer(bundle(outcome("error|timeout"))), "timed-out"),
        (answer(b"x"), "invalid"),
        (answer(resource("Condition", "b")), "invalid"),
        (httpx.ReadError("cut"), "server-error"),
        (hanging(), "timed-out"),
    ],
)
def test_what_came_before_a_page_that_fails_is_kept(page: Answer, why: str) -> None:
    state, found, ids = asked(CONDITIONS, conditions("a", then=f"{NEXT}2"), page)
    assert (state, found, ids[0]) == ("partial", why, "a")


# --- retries


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    failed = answer({}, status)

    assert asked(CONDITIONS, failed, conditions("a")) == ("present", None, ["a"])
    assert asked(CONDITIONS, failed, failed, conditions("a")) == ("present", None, ["a"])
    wire = Wire().on("", failed)
    assert outcome_of(run(CONDITIONS, wire))[:2] == ("unreadable", "server-error")
    assert len(wire.asked) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 408, 410, 500, 501])
def test_what_does_not_pass_is_not_tried_again(status: int) -> None:
    wire = Wire().on("", answer({}, status), conditions("a"))
    run(CONDITIONS, wire)
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [kind("") for kind in (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)],
)
def test_a_connection_that_fails_is_tried_again(failure: Exception) -> None:
    assert asked(CONDITIONS, failure, conditions("a")) == ("present", None, ["a"])
    assert asked(CONDITIONS, failure)[:2] == ("unreadable", "server-error")


@pytest.mark.parametrize("failure", [httpx.ReadTimeout(""), httpx.ConnectTimeout(""), hanging()])
def test_what_took_too_long_is_not_tried_again(failure: Answer) -> None:
    wire = Wire().on("", failure, conditions("a"))

    progress = run(CONDITIONS, wire)
    assert outcome_of(progress) == ("unreadable", "timed-out", [])
    assert len(wire.asked) == 1
    assert not progress.answered


def pauses(monkeypatch: pytest.MonkeyPatch, *after: str, left: float = 5.0) -> list[float]:
    """How long is waited before each further try, where the server says when to come back."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asking.asyncio, "sleep", sleep)  # type: ignore[attr-defined]
    answers = [answer({}, 503, **({"Retry-After": one} if one else {})) for one in after]
    run(CONDITIONS, Wire().on("", *answers, conditions("a")), left=left)
    return found


def test_the_server_is_asked_again_when_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pauses(monkeypatch, "2", "1") == [2, 1]


def test_the_server_may_say_when_by_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    (pause,) = pauses(monkeypatch, email.utils.formatdate(time.time() + 3, usegmt=True))
    assert 1.5 < pause <= 3


def test_a_server_that_wants_to_be_asked_after_the_deadline_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pauses(monkeypatch, "2", left=2) == []
    assert pauses(monkeypatch, "86400") == []


def test_pauses_of_our_own_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.1)
    first, second = pauses(monkeypatch, "", "0")

    assert 0.05 <= first <= 0.15
    assert 0.1 <= second <= 0.3
    assert pauses(monkeypatch, "", left=0.04) == []


# --- whether the server answered at all


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        (searchset(), True),
        (answer(b"x"), True),
        (answer({}, 404), True),
        (answer({}, 429), True),
        (answer({}, 302), True),
        (answer({}, 500), False),
        (answer({}, 503), False),
        (httpx.ConnectError(""), False),
        (hanging(), False),
    ],
)
def test_errors_of_its_own_are_no_answer_of_the_server(given: Answer, *, answered: bool) -> None:
    assert run(CONDITIONS, Wire().on("", given)).answered is answered


# --- time


def cut_short(wire: Wire, ask: Ask = CONDITIONS) -> Progress:
    """Ask, and stop asking after a short time."""
    progress = Progress(ask)

    async def go() -> None:
        async with wire.client() as client:
            asker = Asker(EhrClient(BASE, client, TOKEN), BASE, Limits(5, 5), lambda: 5.0)
            task = asyncio.create_task(asker.run(progress))
            await asyncio.sleep(0.25)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())
    return progress


def test_what_came_before_time_ran_out_is_kept() -> None:
    progress = cut_short(Wire().on("", conditions("a", then=f"{NEXT}2"), hanging()))

    assert outcome_of(progress) == ("partial", "timed-out", ["a"])
    assert progress.state.query == "Condition?patient=p"
    assert 0.2 < progress.seconds < 3


def test_if_nothing_came_before_time_ran_out_the_need_is_unread() -> None:
    assert outcome_of(cut_short(Wire().on("", hanging()))) == ("unreadable", "timed-out", [])


def test_of_several_queries_those_that_came_in_time_are_kept() -> None:
    wire = Wire().on("Observation?patient=p&category=a,b", answer({}, 400))
    wire.on("Observation?patient=p&category=b", hanging())
    wire.on("", searchset(resource("Observation", "a")))

    assert outcome_of(cut_short(wire, LISTED)) == ("partial", "timed-out", ["a"])


def test_an_ask_that_was_not_begun_ran_out_of_time() -> None:
    state = Progress(CONDITIONS).state
    assert state == NeedState("unreadable", "timed-out", "Condition?patient=p")


# --- on real sockets


def anywhere(host: str, port: int, address: IpAddress) -> bool:
    return True


def over(act: Act, seconds: float = 0.3) -> tuple[Progress, Socket]:
    """Ask a server on the loopback."""
    progress = Progress(CONDITIONS)

    async def go() -> Socket:
        async with serving(act) as server, make_client(Outbound(), anywhere) as client:
            base = Base.parse(f"http://127.0.0.1:{server.port}/fhir")
            asker = Asker(EhrClient(base, client, TOKEN), base, Limits(seconds, 3), lambda: 5.0)
            await asker.run(progress)
        return server

    return progress, asyncio.run(go())


FOUND = http(conditions("a").content)


def test_a_server_is_asked_over_the_wire() -> None:
    progress, server = over(saying(FOUND))

    assert outcome_of(progress) == ("present", None, ["a"])
    assert server.heads[0].startswith("GET /fhir/Condition?patient=p HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}\r\n" in server.heads[0]


@pytest.mark.parametrize("sent", [b"", FOUND[:20], FOUND[:-5]])
def test_a_connection_that_is_cut_is_tried_again_and_named(sent: bytes) -> None:
    progress, server = over(cutting(sent))

    assert outcome_of(progress) == ("unreadable", "server-error", [])
    assert len(server.heads) == 3


def test_a_connection_that_is_cut_once_does_no_harm() -> None:
    acts = iter([cutting(FOUND[:-5])])

    async def act(writer: asyncio.StreamWriter) -> None:
        await next(acts, saying(FOUND))(writer)

    progress, server = over(act)
    assert outcome_of(progress) == ("present", None, ["a"])
    assert server.connections == 2


def test_a_server_that_answers_byte_by_byte_takes_too_long() -> None:
    started = time.monotonic()
    progress, server = over(dripping(FOUND, 0.02))

    assert outcome_of(progress) == ("unreadable", "timed-out", [])
    assert time.monotonic() - started < 2
    assert len(server.heads) == 1


def test_what_is_no_http_is_an_error_of_the_server() -> None:
    assert outcome_of(over(cutting(b"SSH-2.0-x\r\n"))[0])[:2] == ("unreadable", "server-error")


# --- states


@pytest.mark.parametrize(
    ("states", "united_state"),
    [
        (["empty"], "empty"),
        (["empty", "present", "empty"], "present"),
        (["empty", "empty"], "empty"),
        (["present", "unreadable"], "partial"),
        (["empty", "unreadable"], "partial"),
        (["unreadable", "unreadable"], "unreadable"),
        (["partial", "present"], "partial"),
        (["partial", "unreadable"], "partial"),
    ],
)
def test_several_answers_meet_a_need_together(states: list[Any], united_state: str) -> None:
    given = [
        NeedState(one, "invalid" if one in ("partial", "unreadable") else None) for one in states
    ]
    found = united(given)
    assert found.state == united_state
    assert found.why == (None if found.complete else "invalid")


def test_an_error_without_a_reason_is_one_of_the_server() -> None:
    assert why_of(ValueError()) == "server-error"
