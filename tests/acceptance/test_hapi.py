"""What the service reads on a real FHIR server by itself gets the same answer as replay."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache
from typing import Any

import httpx
import msgspec
import pytest

from cds_service.answer.assessment import EXTENSION, Assessment
from cds_service.cli.compose import compose_request
from cds_service.cli.demo import serving
from cds_service.cli.storing import stored_entries
from cds_service.settings import Settings
from fhir_mappings.needs import NEEDS
from tests.cds_service.api.calling import PATH
from tests.cds_service.cli.running import run
from tests.faults import status
from tests.faulty_proxy import PAGES, FaultyProxy, Forward
from tests.hapi import hapi as hapi  # noqa: PLC0414 - a fixture
from tests.hapi import records
from tests.judging import judge_all

Json = dict[str, Any]
ServiceOn = Callable[[str], httpx.Client]
PATIENT_ID = "{{context.patientId}}"
SECONDS = 30.0  # a server that has just started is slow at first, which is no matter here

each_record = pytest.mark.parametrize("case", records(), ids=lambda case: case["id"])


@pytest.fixture(scope="module")
def service_on() -> Iterator[ServiceOn]:
    """What returns a client of the service on a day."""
    level = logging.getLogger("cds_service").level
    with ExitStack() as running:

        @cache
        def start(day: str) -> httpx.Client:
            settings = Settings(
                today=date.fromisoformat(day),
                port=0,
                store="",
                deadline=SECONDS,
                query_timeout=SECONDS,
            )
            url = running.enter_context(serving(settings))
            client = httpx.Client(base_url=url, timeout=2 * SECONDS, trust_env=False)
            return running.enter_context(client)

        yield start
    logging.getLogger("cds_service").setLevel(level)


@pytest.fixture(scope="module")
def ehr() -> Iterator[httpx.Client]:
    """What asks HAPI in place of an EHR."""
    with httpx.Client(timeout=SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def _proxy(hapi: str, ehr: httpx.Client) -> Iterator[FaultyProxy]:
    with FaultyProxy(Forward(hapi, ehr)) as proxy:
        yield proxy


@pytest.fixture
def server(_proxy: FaultyProxy) -> FaultyProxy:
    """HAPI behind a proxy without faults."""
    _proxy.heal()
    return _proxy


def request_of(case: Json) -> Json:
    """The request in which the orders of a loaded record are signed, without prefetch."""
    request = compose_request({"entry": stored_entries(case["bundle"])})
    return {**request, "prefetch": {}}


def answered(request: Json, service: httpx.Client) -> list[Json]:
    """Send a request; return what is compared of each assessment."""
    response = service.post(PATH, json=request)
    assert response.status_code == httpx.codes.OK, response.text
    cards = response.json()["cards"]
    assert not any("an error in this service" in card["summary"] for card in cards)
    extensions = [card["extension"] for card in cards if "extension" in card]
    return [compared(msgspec.convert(one[EXTENSION], Assessment)) for one in extensions]


def replayed(case: Json) -> list[Json]:
    """Replay the file; return what is compared of each assessment."""
    return [compared(one) for one in judge_all(case) if one.order is not None]


def compared(assessment: Assessment) -> Json:
    """Return the answer itself.

    Not what it cites: the server gives references and dates its own form, and in sample 09 leaves
    out what is no FHIR (a text for a performer), so that even the number of notes is another.
    """
    return {
        "site": assessment.site,
        "determination": assessment.determination,
        "criteria": {one.id: (one.status, one.unknown_kind) for one in assessment.criteria},
        "missing": assessment.missing,
        "missing any of": assessment.missing_any_of,
        "pending": assessment.pending_intraoperative,
        "confirm": assessment.confirm,
        "documents": {one.id: one.status for one in assessment.supporting_documents},
    }


def forbid(server: FaultyProxy, case: Json) -> None:
    for kind in case.get("unavailable") or ():
        server.fault(kind, status(403))


def filled(ehr: httpx.Client, templates: dict[str, str], patient: str, url: str) -> Json:
    """Fill the prefetch as an EHR does; a key that cannot be filled is left out."""
    answers = {
        key: ehr.get(f"{url}/{template.replace(PATIENT_ID, patient)}")
        for key, template in templates.items()
    }
    return {key: answer.json() for key, answer in answers.items() if answer.is_success}


@each_record
def test_without_prefetch_the_answer_is_that_of_the_record(
    case: Json, server: FaultyProxy, service_on: ServiceOn
) -> None:
    forbid(server, case)

    answer = answered(
        {**request_of(case), "fhirServer": server.url}, service_on(case["evaluatedOn"])
    )

    assert answer == replayed(case)


@each_record
def test_with_our_templates_filled_by_the_server_the_answer_is_that_of_the_record(
    case: Json, server: FaultyProxy, ehr: httpx.Client, service_on: ServiceOn
) -> None:
    forbid(server, case)
    service, request = service_on(case["evaluatedOn"]), request_of(case)
    templates = service.get("/cds-services").json()["services"][0]["prefetch"]
    prefetch = filled(ehr, templates, request["context"]["patientId"], server.url)

    answer = answered({**request, "prefetch": prefetch}, service)

    assert answer == replayed(case)


@each_record
def test_pages_of_five_change_nothing(
    case: Json, server: FaultyProxy, service_on: ServiceOn
) -> None:
    forbid(server, case)
    server.page_size = 5

    answer = answered(
        {**request_of(case), "fhirServer": server.url}, service_on(case["evaluatedOn"])
    )

    assert answer == replayed(case)


def test_what_comes_on_later_pages_is_asked_for(server: FaultyProxy, service_on: ServiceOn) -> None:
    case = next(one for one in records() if one["id"].startswith("05-"))
    server.page_size = 1

    answer = answered(
        {**request_of(case), "fhirServer": server.url}, service_on(case["evaluatedOn"])
    )

    assert answer == replayed(case)
    assert len(server.asked(PAGES)) >= 3  # its four Observations


def test_the_sandbox_command_finds_no_difference(hapi: str) -> None:
    loaded, again = (run("sandbox", "load", "--fhir", hapi) for _ in range(2))
    signed = run("sandbox", "sign", "--fhir", hapi)

    # HAPI repairs sample 09, so it is never there as it was sent.
    assert loaded.stdout.endswith("1 records loaded, 16 were there already\n")
    assert [one.exit_code for one in (loaded, again, signed)] == [0, 0, 0]
    assert signed.stdout.count(" yes") == 18


@pytest.mark.parametrize("kind", sorted({need.type for need in NEEDS} - {"Patient"}))
@pytest.mark.parametrize(
    "case",
    [one for one in records() if one["id"][:2] in ("01", "10", "11")],
    ids=lambda one: one["id"],
)
def test_a_type_that_the_server_forbids_is_judged_as_unread(
    case: Json, kind: str, server: FaultyProxy, service_on: ServiceOn
) -> None:
    server.fault(kind, status(403))
    lacking = {**case, "unavailable": [kind], "bundle": without(case["bundle"], kind)}

    answer = answered(
        {**request_of(case), "fhirServer": server.url}, service_on(case["evaluatedOn"])
    )

    assert answer == replayed(lacking)


def without(bundle: Json, kind: str) -> Json:
    """Take a type out of a record, but for the orders that are signed."""
    kept = [
        entry
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] != kind or entry["resource"].get("status") == "draft"
    ]
    return {**bundle, "entry": kept}
