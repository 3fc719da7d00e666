"""Gathering: what the prefetch lacks is asked for, and nothing else, within the deadline."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from cds_service.ehr import gathering
from cds_service.ehr.access import Access
from cds_service.ehr.addresses import Base
from cds_service.ehr.asking import Limits
from cds_service.ehr.gathering import Deadline, Gathered, Gatherer
from cds_service.ehr.options import EhrOptions
from cds_service.intake.prefetch import Prefetch
from fhir_mappings.needs import NEEDS, NeedState
from tests.cds_service.ehr.wire import (
    BASE,
    SERVER,
    TOKEN,
    Answer,
    Wire,
    access_with,
    answer,
    hanging,
    resource,
    searchset,
)
from tests.cds_service.intake.reading import bundle, outcome, raw
from tests.judging import assessor

NAMES = [need.name for need in NEEDS]
PATIENT = resource("Patient", "p")
R3 = answer({"fhirVersion": "3.0.2"})
Run = Callable[[httpx.AsyncClient], Coroutine[Any, Any, Gathered]]


def gatherer(seconds: float = 1.0, pages: int = 3) -> Gatherer:
    return Gatherer(assessor().terminology, Limits(seconds, pages))


def prefetch_with(*, without: tuple[str, ...] = (), **keys: Any) -> Prefetch:
    """A prefetch in which everything is there, and empty, but for some keys."""
    given = {name: raw(bundle()) for name in NAMES if name not in without}
    given["patient"] = raw(PATIENT)
    given |= {name: raw(content) for name, content in keys.items()}
    return Prefetch({name: one for name, one in given.items() if name not in without})


def ran(wire: Wire, by: Gatherer, run: Run) -> Gathered:
    async def go() -> Gathered:
        async with wire.client() as http:
            found = await run(http)
            await asyncio.sleep(0)
            await asyncio.gather(*by.capabilities._reading.values())
        return found

    return asyncio.run(go())


def completed(
    wire: Wire,
    prefetch: Prefetch | None = None,
    access: Access | None = None,
    by: Gatherer | None = None,
    *,
    patient: str = "p",
    seconds: float = 2.0,
) -> Gathered:
    by, access = by or gatherer(), access or access_with()
    prefetch = prefetch or Prefetch({})
    return ran(
        wire, by, lambda http: by.complete(http, access, patient, prefetch, Deadline(seconds))
    )


def read(
    wire: Wire,
    *references: str,
    access: Access | None = None,
    by: Gatherer | None = None,
    seconds: float = 2.0,
) -> Gathered:
    by, access = by or gatherer(), access or access_with()
    return ran(wire, by, lambda http: by.read(http, access, references, Deadline(seconds)))


def shown(found: Gathered) -> dict[str, tuple[str, str | None]]:
    return {name: (one.state, one.why) for name, one in found.states.items()}


def ids(found: Gathered) -> list[tuple[str | None, str | None]]:
    """The needs and ids of what came."""
    return [
        (one.need, held.resource.id if held.resource else None)
        for one in found.deliveries
        for held in one.held
    ]


# --- what is asked


def test_without_prefetch_everything_is_asked_for() -> None:
    wire = Wire().on("Patient/p", answer(PATIENT))
    found = completed(wire)

    assert list(found.states) == NAMES
    assert len(wire.data) == len(NAMES)
    assert shown(found)["patient"] == ("present", None)
    assert shown(found)["coverage"] == ("empty", None)
    assert ids(found) == [("patient", "p")]


def test_only_what_is_missing_is_asked_for() -> None:
    wire = Wire()
    found = completed(wire, prefetch_with(without=("procedures", "coverage")))

    assert wire.data == ["Procedure?patient=p", "Coverage?patient=p"]
    assert list(found.states) == ["procedures", "coverage"]


@pytest.mark.parametrize(
    "content",
    [None, bundle(), outcome("error|timeout"), outcome("error|forbidden"), {}, "x", 5,
     bundle(outcome("error|timeout")), bundle(resource("Condition"), outcome("error|timeout"))],
)  # fmt: skip
def test_what_the_client_answered_is_not_asked_again(content: Any) -> None:
    wire = Wire()
    found = completed(wire, prefetch_with(conditions=content))

    assert wire.data == []
    assert found.states == {}


def test_what_came_under_other_keys_is_asked_for_as_a_whole() -> None:
    wire = Wire()
    prefetch = prefetch_with(without=("conditions",), problems=bundle(resource("Condition")))

    completed(wire, prefetch)
    assert wire.data == ["Condition?patient=p"]


@pytest.mark.parametrize(
    "patient",
    ["../Patient/1", "a,b", "a b", "a&patient=b", "a/b", "a?b", "a#b", "a%2fb", "..", ".", "p\n",
     "ä", "", "x" * 129, "Patient/p", "*", "a|b"],
)  # fmt: skip
def test_an_odd_patient_is_never_put_into_a_query(patient: str) -> None:
    wire = Wire()
    found = completed(wire, patient=patient)

    assert wire.data == []
    assert found.states == {}


@pytest.mark.parametrize("patient", ["p", "a.b", "...", "A-1", "a_b~c", "x" * 128])
def test_an_id_is_put_into_every_query(patient: str) -> None:
    wire = Wire().on("Patient/", answer(resource("Patient", patient)))
    completed(wire, patient=patient)

    assert wire.data[0] == f"Patient/{patient}"
    assert all(f"patient={patient}" in one for one in wire.data[1:])


def test_where_it_is_allowed_all_observations_are_asked_for_at_once() -> None:
    observation = searchset(resource("Observation", "o"))
    wire = Wire().on("Observation?patient=p", observation)
    options = EhrOptions(name="bare", servers=(BASE,), bare=True)
    missing = prefetch_with(without=("observationsByCategory", "observationsByCode"))
    found = completed(wire, missing, access_with(options=options))

    assert wire.data == ["Observation?patient=p"]
    assert set(shown(found).values()) == {("present", None)}
    assert list(found.states) == ["observationsByCategory", "observationsByCode"]
    assert ids(found) == [("observationsByCategory", "o")]


# --- pages of the prefetch


def truncated(link: str, *more: Any) -> Prefetch:
    links = [{"relation": "next", "url": link}]
    return prefetch_with(conditions=bundle(resource("Condition", "a"), *more, link=links))


def test_a_page_of_the_prefetch_is_followed_to_the_last() -> None:
    wire = Wire().on(
        "Condition?page=2", searchset(resource("Condition", "b"), then="http://x/?_getpages=1")
    )
    wire.on(f"{SERVER}?_getpages=1", searchset(resource("Condition", "c")))
    found = completed(wire, truncated(f"{SERVER}/Condition?page=2"))

    assert ids(found) == [("conditions", "b"), ("conditions", "c")]
    assert found.states == {"conditions": NeedState("present", None, "Condition?page=2")}
    assert wire.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "link", ["https://evil.example.net/Condition?page=2", f"{SERVER}/../x?page=2", "", "?page=2"]
)
def test_a_page_that_lies_elsewhere_is_not_followed(link: str) -> None:
    wire = Wire()
    assert completed(wire, truncated(link)).states == {}
    assert wire.data == []


def test_pages_are_searches_to_the_scopes() -> None:
    wire, prefetch = Wire(), truncated(f"{SERVER}/Condition?page=2")

    found = completed(wire, prefetch, access_with("patient/Condition.r"))
    assert shown(found) == {"conditions": ("unreadable", "not-authorised")}
    assert wire.data == []
    completed(wire, prefetch, access_with("patient/Condition.s"))
    assert wire.data == ["Condition?page=2"]


def test_pages_are_not_followed_where_the_need_is_met_by_another_key() -> None:
    wire = Wire()
    links = [{"relation": "next", "url": f"{SERVER}/Coverage?page=2"}]
    alias = bundle(resource("Coverage"), link=links)
    own = bundle(resource("Coverage", "own"))
    completed(wire, prefetch_with(coverage=own, coverageBundle=alias))

    assert wire.data == []


# --- scopes


def test_scopes_decide_what_is_asked() -> None:
    wire = Wire()
    scope = "patient/Condition.s user/Observation.rs launch patient/Patient.s patient/Coverage.r"
    found = completed(wire, access=access_with(scope))

    assert wire.types == {"Condition", "Observation"}
    assert shown(found)["conditions"] == ("empty", None)
    assert shown(found)["patient"] == shown(found)["coverage"] == ("unreadable", "not-authorised")
    assert found.states["coverage"].query == "Coverage?patient=p"
    assert set(found.states) == set(NAMES)


def test_a_patient_is_read_by_the_right_to_read() -> None:
    wire = Wire().on("Patient", answer(PATIENT))
    completed(wire, access=access_with("patient/Patient.r"))
    assert wire.data == ["Patient/p"]


@pytest.mark.parametrize("scope", ["openid", "patient/*.write", "x"])
def test_without_a_scope_for_data_nothing_is_asked(scope: str) -> None:
    wire = Wire()
    found = completed(wire, access=access_with(scope))

    assert wire.data == []
    assert set(shown(found).values()) == {("unreadable", "not-authorised")}


# --- the token


def test_the_token_goes_to_the_base_and_never_to_the_description() -> None:
    wire = Wire().on("Condition", searchset(then="https://evil.example.net/fhir/Condition?page=2"))
    completed(wire)

    assert "metadata" in wire.asked
    for request in wire.requests:
        assert str(request.url).startswith(f"{SERVER}/")
        described = request.url.path == "/fhir/metadata"
        assert ("Authorization" in request.headers) is not described


def test_without_token_none_is_sent() -> None:
    wire = Wire()
    completed(wire, access=access_with(token=None))
    assert not any("Authorization" in one.headers for one in wire.requests)


# --- time


def test_what_comes_in_time_is_kept_and_what_is_late_is_named() -> None:
    wire = Wire().on("Procedure", hanging()).on("Condition", searchset(resource("Condition", "a")))
    started = time.monotonic()
    found = completed(wire, by=gatherer(30), seconds=0.5)

    assert time.monotonic() - started < 5
    assert found.states["procedures"] == NeedState("unreadable", "timed-out", "Procedure?patient=p")
    assert shown(found)["conditions"] == ("present", None)
    assert ids(found) == [("conditions", "a")]


def test_a_token_that_expires_earlier_ends_the_asking() -> None:
    started = time.monotonic()
    wire, access = Wire().on("Condition", hanging()), access_with(seconds=0.1)
    found = completed(wire, access=access, by=gatherer(30), seconds=30)

    assert time.monotonic() - started < 5
    assert shown(found)["conditions"] == ("unreadable", "timed-out")


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_without_time_nothing_is_asked_and_the_server_is_not_blamed(seconds: float) -> None:
    by, wire = gatherer(), Wire()
    for _ in range(5):
        found = completed(wire, by=by, seconds=seconds)
        assert set(shown(found).values()) == {("unreadable", "timed-out")}
    assert wire.data == []
    assert completed(wire, by=by).notes == []
    assert len(wire.data) == len(NAMES)


def test_everything_is_asked_at_once() -> None:
    together = asyncio.Barrier(len(NAMES))

    async def meet(_: httpx.Request) -> httpx.Response:
        await together.wait()  # until all have come
        return searchset()

    found = completed(Wire().on("metadata", answer({})).on("", meet))
    assert "timed-out" not in {one.why for one in found.states.values()}


def test_a_request_that_is_given_up_asks_no_more() -> None:
    ended: list[str] = []

    async def slow(request: httpx.Request) -> httpx.Response:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(request.url.path)
        return searchset()

    async def go() -> None:
        by, wire = gatherer(30), Wire().on("", slow)
        async with wire.client() as http:
            given = by.complete(http, access_with(), "p", Prefetch({}), Deadline(30))
            task = asyncio.create_task(given)
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.01)
        assert len(ended) == len(NAMES)

    asyncio.run(go())


def test_how_asks_went_is_told_without_naming_anybody() -> None:
    wire = Wire().on("Condition", answer({}, 403)).on("Procedure", searchset())
    missing = prefetch_with(without=("conditions", "procedures"))
    timings = completed(wire, missing).timings

    assert [(one.type, one.outcome) for one in timings] == [
        ("Condition", "not-authorised"),
        ("Procedure", "ok"),
    ]
    assert all(0 <= one.seconds < 1 for one in timings)


def test_a_fault_of_our_own_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        completed(Wire().on("Condition", ZeroDivisionError()))


# --- the breaker


@pytest.mark.parametrize("failure", [httpx.ConnectError(""), answer({}, 500), hanging()])
def test_a_server_that_is_down_is_not_asked_again_and_that_is_said(failure: Answer) -> None:
    by, wire = gatherer(0.02), Wire().on("Condition", failure)
    missing = prefetch_with(without=("conditions",))
    for _ in range(3):
        assert completed(wire, missing, by=by).notes == []
    before = len(wire.data)
    found = completed(wire, missing, by=by)

    assert found.notes == ["The FHIR server has not answered lately, so it was not asked again."]
    assert found.states == {
        "conditions": NeedState("unreadable", "server-error", "Condition?patient=p")
    }
    assert len(wire.data) == before
    assert read(wire, "Condition/a", by=by).notes == found.notes


def test_a_server_that_answers_something_is_not_down() -> None:
    by, wire = gatherer(), Wire().on("Condition", answer({}, 500)).on("Procedure", answer({}, 404))
    for _ in range(5):
        completed(wire, prefetch_with(without=("conditions", "procedures")), by=by)
    assert len(wire.data) == 10


def test_each_server_has_its_own_breaker() -> None:
    by, missing = gatherer(), prefetch_with(without=("conditions",))
    for _ in range(3):
        completed(Wire().on("Condition", answer({}, 500)), missing, by=by)
    other = access_with(base=BASE.parse("https://south.example.org/fhir"))
    assert shown(completed(Wire(), missing, other, by)) == {"conditions": ("empty", None)}


# --- capabilities


def test_the_description_of_a_server_never_delays_a_request() -> None:
    async def go() -> float:
        by, wire = gatherer(), Wire().on("metadata", hanging())
        async with wire.client() as http:
            started = time.monotonic()
            await by.complete(http, access_with(), "p", Prefetch({}), Deadline(5))
            took = time.monotonic() - started
            assert "metadata" not in wire.asked
            await asyncio.sleep(0.01)
            assert wire.asked[-1] == "metadata"
            await by.capabilities.close()
        return took

    assert asyncio.run(go()) < 1


def test_what_a_server_declares_decides_the_next_searches() -> None:
    declared = {"type": "DiagnosticReport", "searchParam": [{"name": "patient"}]}
    statement = {"fhirVersion": "4.0.1", "rest": [{"mode": "server", "resource": [declared]}]}
    by, wire = gatherer(), Wire().on("metadata", answer(statement))
    missing = prefetch_with(without=("diagnosticReports",))
    completed(wire, missing, by=by)
    completed(wire, missing, by=by)

    assert wire.data[0].startswith("DiagnosticReport?patient=p&category=")
    assert wire.data[1] == "DiagnosticReport?patient=p"


def test_a_server_of_another_version_is_named_and_asked_no_more() -> None:
    by, wire = gatherer(), Wire().on("metadata", R3)
    missing = prefetch_with(without=("conditions",))
    completed(wire, missing, by=by)
    found = completed(wire, missing, by=by)

    assert shown(found) == {"conditions": ("unreadable", "invalid")}
    assert found.notes == ["The FHIR server is of version 3.0.2, not R4."]
    assert wire.data == ["Condition?patient=p"]
    assert read(wire, "Condition/a", by=by).notes == found.notes
    assert completed(wire, prefetch_with(), by=by).notes == []


def test_a_server_that_was_brought_up_to_our_version_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cds_service.ehr.capabilities._KEEP", -1.0)
    by, missing = gatherer(), prefetch_with(without=("conditions",))
    wire = Wire().on("metadata", R3, answer({"fhirVersion": "4.0.1"}))
    states = [shown(completed(wire, missing, by=by))["conditions"][0] for _ in range(3)]

    assert states == ["empty", "unreadable", "empty"]


# --- reading by reference


def test_references_are_read_once_each() -> None:
    wire = Wire().on("Condition/a", answer(resource("Condition", "a")))
    found = read(wire, "Condition/a", "Condition/b", "Condition/a")

    assert sorted(wire.data) == ["Condition/a", "Condition/b"]
    assert shown(found) == {
        "Condition/a": ("present", None),
        "Condition/b": ("unreadable", "invalid"),  # a searchset is no Condition
    }
    assert ids(found) == [(None, "a")]


def test_of_too_many_references_the_rest_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_READS", 2)
    wire = Wire().on("", answer({}, 404))
    found = read(wire, *(f"Condition/{number}" for number in range(4)))

    assert wire.data == ["Condition/0", "Condition/1"]
    assert shown(found) == {
        "Condition/0": ("unreadable", "not-found"),
        "Condition/1": ("unreadable", "not-found"),
        "Condition/2": ("unreadable", "truncated"),
        "Condition/3": ("unreadable", "truncated"),
    }


@pytest.mark.parametrize(
    "reference",
    ["Condition/..", "Condition/.", "Condition/", "Condition", "../metadata", "/x", "Condition/a/b",
     "Condition/a?b", "Condition/a b", "$export/x", "Con dition/a", "Condition/a\n", ""],
)  # fmt: skip
def test_what_is_no_reference_is_never_read(reference: str) -> None:
    wire = Wire()
    assert read(wire, reference).states == {}
    assert wire.asked == []


def test_what_the_token_may_not_read_is_not_read() -> None:
    wire = Wire().on("Condition/a", answer(resource("Condition", "a")))
    access = access_with("patient/Condition.r patient/Observation.s")
    found = read(wire, "Condition/a", "Observation/b", access=access)

    assert wire.data == ["Condition/a"]
    assert shown(found) == {
        "Condition/a": ("present", None),
        "Observation/b": ("unreadable", "not-authorised"),
    }


def test_without_references_nothing_is_read() -> None:
    wire = Wire()
    assert read(wire) == Gathered()
    assert wire.asked == []


def test_a_caller_that_makes_up_servers_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_SERVERS", 3)
    by = gatherer()

    for number in range(10):
        by._breaker(Base.parse(f"https://ehr.example.org/fhir/{number}"))

    assert len(by._breakers) <= 3
