"""Whatever goes wrong with whichever query: named rightly, in time, and no token goes astray."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI

from fhir_mappings.needs import NEEDS, Need
from tests.asking import TOKEN, asking, assessment_for, server_of
from tests.builders import Record, breast
from tests.cds_service.api.calling import app_with
from tests.faults import (
    bad_json,
    cut,
    drip,
    endless,
    hang,
    login_page,
    next_page,
    outcome,
    outcome_within,
    says,
    status,
    too_many,
    wrong_type,
)
from tests.faulty_proxy import PAGES, Fault, FaultyProxy, Query

DEADLINE, QUERY = 1.5, 0.4


class Case(NamedTuple):
    """A fault, and what has to be said of the need it befalls."""

    fault: Fault
    state: str
    why: str


ANY = {
    "no answer": Case(hang(), "unreadable", "timed-out"),
    "slow drip": Case(drip(), "unreadable", "timed-out"),
    "401": Case(status(401), "unreadable", "not-authorised"),
    "403": Case(status(403), "unreadable", "not-authorised"),
    "404": Case(status(404), "unreadable", "not-found"),
    "410": Case(status(410), "unreadable", "not-found"),
    "429": Case(too_many("60"), "unreadable", "server-error"),
    "500": Case(status(500), "unreadable", "server-error"),
    "cut before": Case(cut(), "unreadable", "server-error"),
    "cut within": Case(cut(20), "unreadable", "server-error"),
    "bad JSON": Case(bad_json(), "unreadable", "invalid"),
    "login page": Case(login_page(), "unreadable", "invalid"),
    "wrong type": Case(wrong_type(), "unreadable", "invalid"),
    "outcome": Case(says(outcome("forbidden")), "unreadable", "not-authorised"),
}
OF_SEARCHES = {
    "outcome within": Case(outcome_within(keep=False), "unreadable", "not-authorised"),
    "foreign next": Case(next_page("FOREIGN"), "partial", "truncated"),
    "endless next": Case(endless(), "partial", "truncated"),
}
MATRIX = [
    pytest.param(need, name, id=f"{need.name}-{name}")
    for need in NEEDS
    for name in [*ANY, *(OF_SEARCHES if need.type != "Patient" else ())]
]


@pytest.fixture(scope="module")
def record() -> Record:
    record = breast()
    for number in range(3):
        record.procedure("sct|80146002", date=f"2020-01-0{number + 1}")
    return record


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return app_with(deadline=DEADLINE, query_timeout=QUERY)


@pytest.fixture(scope="module")
def server(record: Record) -> Iterator[FaultyProxy]:
    with FaultyProxy(server_of(record)) as running:
        yield running


@pytest.fixture(scope="module")
def foreign(record: Record) -> Iterator[FaultyProxy]:
    with FaultyProxy(server_of(record)) as running:
        yield running


def befalls(need: Need) -> Any:
    """Tell which queries are those of a need: there are two of Observations."""

    def when(query: Query) -> bool:
        by_code = query.get("code") is not None
        return need.type != "Observation" or by_code == (need.codes is not None)

    return when


def found_in(assessment: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {
        gap["need"]: (gap["state"], gap.get("why")) for gap in assessment.get("unavailable", ())
    }


@pytest.mark.parametrize(("need", "name"), MATRIX)
def test_a_fault_is_named_in_time_and_costs_its_need_only(
    need: Need, name: str, record: Record, app: FastAPI, server: FaultyProxy, foreign: FaultyProxy
) -> None:
    server.heal()
    case = {**ANY, **OF_SEARCHES}[name]
    fault = next_page(f"{foreign.url}/{need.type}?page=2") if name == "foreign next" else case.fault
    server.fault(need.type, fault, when=befalls(need))
    if name == "endless next":
        server.fault(PAGES, fault)

    started = time.monotonic()
    assessment = assessment_for(asking(record, server.url), app)
    elapsed = time.monotonic() - started

    assert found_in(assessment) == {need.name: (case.state, case.why)}
    assert elapsed < DEADLINE + 1  # the machine may be busy; the answer does not wait for a fault
    assert foreign.seen == []
    tokens = {one.path == "metadata": one.headers.get("authorization") for one in server.seen}
    assert tokens.pop(False) == f"Bearer {TOKEN}"
    assert set(tokens.values()) <= {None}


def test_without_a_fault_the_record_is_whole(
    record: Record, app: FastAPI, server: FaultyProxy
) -> None:
    server.heal()

    assessment = assessment_for(asking(record, server.url), app)

    assert found_in(assessment) == {}
    assert assessment["determination"] == "likely-covered"


def test_when_everything_hangs_the_answer_comes_at_the_deadline(
    record: Record, server: FaultyProxy
) -> None:
    server.heal()
    server.fault("*", hang())
    app = app_with(deadline=0.5, query_timeout=10)

    started = time.monotonic()
    assessment = assessment_for(asking(record, server.url), app)

    assert time.monotonic() - started < 1.5
    assert set(found_in(assessment).values()) == {("unreadable", "timed-out")}
    assert assessment["determination"] == "unable-to-evaluate"


def test_a_server_that_is_down_is_not_asked_again_and_that_is_said(
    record: Record, server: FaultyProxy
) -> None:
    server.heal()
    server.fault("*", status(500))
    app = app_with(deadline=DEADLINE, query_timeout=QUERY)
    for _ in range(3):
        assessment_for(asking(record, server.url), app)
    server.heal()

    assessment = assessment_for(asking(record, server.url), app)

    assert server.seen == []
    notes = [note["text"] for note in assessment["notes"]]
    assert "The FHIR server has not answered lately, so it was not asked again." in notes
    assert assessment["determination"] == "unable-to-evaluate"
