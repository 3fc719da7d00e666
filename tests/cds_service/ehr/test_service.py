"""The EHR as the rest of the house sees it: what a request lacks, and what that means."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

import httpx
import pytest

from cds_service.answer.assessment import Assessment
from cds_service.cli.compose import compose_request
from cds_service.ehr import service
from cds_service.ehr.access import Access, Denied, Gate
from cds_service.ehr.asking import Limits
from cds_service.ehr.gathering import Deadline, Gathered
from cds_service.ehr.network import Outbound
from cds_service.ehr.options import EhrOptions
from cds_service.ehr.service import Ehr, bare_id
from cds_service.hooks.request import HookRequest, parse_request
from cds_service.intake.bundles import Bundle, decode_bundle
from cds_service.intake.prefetch import Prefetch
from cds_service.sessions import Opened, judge, open_drafts
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.record import Delivery
from tests.builders import DAY, Record, breast, concept
from tests.cds_service.ehr.sockets import http, saying, serving
from tests.cds_service.ehr.wire import (
    BASE,
    SERVER,
    TOKEN,
    Json,
    Wire,
    access_with,
    answer,
    hanging,
    resource,
    searchset,
)
from tests.cds_service.intake.reading import bundle, outcome, raw
from tests.judging import assessor

T = TypeVar("T")
NORTH = EhrOptions(name="north", servers=(BASE,))
ALL_KEYS = tuple(need.name for need in NEEDS)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The EHR to which every connection leads."""
    found = Wire()
    monkeypatch.setattr(service, "make_client", lambda outbound, may_connect: found.client())
    return found


def made(*, sandbox: bool = False, seconds: float = 1.0) -> Ehr:
    gate = Gate([NORTH], sandbox=sandbox)
    return Ehr(assessor().terminology, lambda: gate, Limits(seconds, 3), Outbound())


def run(act: Callable[[Ehr], Awaitable[T]], *, sandbox: bool = False, seconds: float = 1.0) -> T:
    ehr = made(sandbox=sandbox, seconds=seconds)

    async def go() -> T:
        try:
            return await act(ehr)
        finally:
            await ehr.close()

    return asyncio.run(go())


def request_of(
    record: Record | None = None, *, without: tuple[str, ...] = (), **members: Any
) -> Json:
    """The request in which an order is signed, with a FHIR server and a token."""
    found = compose_request((record or breast()).bundle)
    found["fhirServer"] = SERVER
    found["fhirAuthorization"] = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300}
    for name in without:
        found["prefetch"].pop(name, None)
    return {**found, **members}


def parsed(request: Json) -> HookRequest:
    return parse_request(json.dumps(request).encode())


def opened_of(request: HookRequest) -> Opened:
    return open_drafts(assessor(), request, lambda _: date.fromisoformat(DAY))


def gathered(
    content: Json,
    access: Access | Denied | None = None,
    *,
    seconds: float = 2.0,
    limit: float = 1.0,
    sandbox: bool = False,
) -> Gathered:
    """What an EHR brings for a request, by the access of the request if no other is said."""
    request = parsed(content)
    opened = opened_of(request)
    assert opened.prefetch is not None
    prefetch = opened.prefetch

    async def act(ehr: Ehr) -> Gathered:
        found = access or ehr.access(request, None)
        return await ehr.complete(found, request, prefetch, opened.orders, Deadline(seconds))

    return run(act, sandbox=sandbox, seconds=limit)


def judged(content: Json, brought: Gathered | None = None) -> Assessment:
    """The assessment of a request with what its EHR brought."""
    found = brought if brought is not None else gathered(content)
    (one,) = judge(assessor(), opened_of(parsed(content)), found).assessed
    return one.assessment


def shown(found: Gathered) -> dict[str, tuple[str, str | None]]:
    return {name: (one.state, one.why) for name, one in found.states.items()}


def serve(wire: Wire, record: Record) -> Wire:
    """Let an EHR hold a record, as its searches find it."""
    for kind in {one["resourceType"] for one in record.resources} - {"Patient", "ServiceRequest"}:
        wire.on(
            f"{kind}?", searchset(*(one for one in record.resources if one["resourceType"] == kind))
        )
    return wire.on("Patient/p", answer(record.resources[0]))


# --- access


def access_of(content: Json, *, sandbox: bool = False, caller: EhrOptions | None = None) -> Any:
    async def act(ehr: Ehr) -> Any:
        return ehr.access(parsed(content), caller)

    return run(act, sandbox=sandbox)


def test_a_request_that_names_no_server_has_no_access() -> None:
    content = request_of()
    del content["fhirServer"]

    assert access_of(content) is None
    assert gathered(content) == Gathered()


def test_a_request_is_judged_by_its_server_token_and_patient() -> None:
    access = access_of(request_of())
    assert (access.base, access.token, access.seconds) == (BASE, TOKEN, 300)

    authorization = {"access_token": TOKEN, "patient": "q"}
    assert "another patient" in access_of(request_of(fhirAuthorization=authorization)).note
    authorization["patient"] = "p"
    assert isinstance(access_of(request_of(fhirAuthorization=authorization)), Access)


@pytest.mark.parametrize("empty", [None, {}, "x", [], {"access_token": ""}, {"access_token": 5}])
def test_an_empty_token_is_none(empty: Any) -> None:
    content = request_of(fhirAuthorization=empty)

    assert access_of(content).note == "The request brought no access token."
    assert access_of(content, sandbox=True).token is None


def test_scopes_of_an_empty_token_do_not_count(wire: Wire) -> None:
    empty = {"access_token": "", "scope": "patient/Patient.read patient/Observation.read"}
    content = request_of(without=("coverage",), fhirAuthorization=empty)

    assert shown(gathered(content, sandbox=True)) == {"coverage": ("empty", None)}


def test_a_caller_is_asked_on_its_own_servers() -> None:
    south = EhrOptions(name="south")
    assert isinstance(access_of(request_of(), caller=south), Denied)


@pytest.mark.parametrize(
    ("patient", "bare"),
    [
        ("p", "p"),
        ("Patient/p", "p"),
        ("Patient/a_b", "a_b"),
        ("Patient/p/_history/2", "p"),
        ("../Patient/1", "1"),
        ("Group/1", "Group/1"),
        ("a,b", "a,b"),
        ("a b", "a b"),
    ],
)
def test_a_patient_has_a_bare_id(patient: str, bare: str) -> None:
    assert bare_id(patient) == bare


# --- what a refusal of access means


def test_why_the_server_is_not_asked_is_named_for_what_it_would_have_been_asked(
    wire: Wire,
) -> None:
    content = request_of(without=("coverage",), fhirServer="https://evil.example.net/fhir")
    found = gathered(content)

    assert shown(found) == {"coverage": ("unreadable", "not-delivered")}
    assert found.notes == ["The FHIR server is not registered here; not asked."]
    assert wire.requests == []


def test_a_token_that_is_not_used_is_named(wire: Wire) -> None:
    expired = {"access_token": TOKEN, "expires_in": 0}
    content = request_of(without=("coverage", "conditions"), fhirAuthorization=expired)
    content["prefetch"]["problems"] = bundle(resource("Condition"))
    found = gathered(content)

    assert shown(found) == {
        "coverage": ("unreadable", "not-authorised"),
        "conditions": ("partial", "not-authorised"),
    }
    assert found.notes == ["The access token has expired; not used."]
    assert wire.requests == []


def test_nobody_is_told_of_a_refusal_where_nothing_is_lacking() -> None:
    content = request_of(fhirServer="https://evil.example.net/fhir")
    for need in NEEDS:
        content["prefetch"].setdefault(need.name, None)
    assert gathered(content) == Gathered()


# --- asking


def test_nothing_is_asked_where_the_prefetch_brought_everything(wire: Wire) -> None:
    content = request_of()
    for need in NEEDS:
        content["prefetch"].setdefault(need.name, None)
    found = gathered(content)

    assert wire.data == []
    assert found == Gathered()


@pytest.mark.parametrize("key", ["observationsByCategory", "conditions", "procedures"])
@pytest.mark.parametrize("content", [None, bundle(), outcome("error|timeout")])
def test_what_the_client_answered_is_not_asked_again(wire: Wire, key: str, content: Any) -> None:
    request = request_of(Record().condition("icd|C50.412").order(reasonReference=None))
    for need in NEEDS:
        request["prefetch"].setdefault(need.name, None)
    request["prefetch"][key] = content
    gathered(request)

    assert wire.data == []


@pytest.mark.parametrize("patient", ["a,b", "a b", "a&b", "a/../b", "Group/1", "p?x=1"])
def test_an_odd_patient_is_never_put_into_a_query(wire: Wire, patient: str) -> None:
    content = request_of(without=ALL_KEYS)
    content["context"]["patientId"] = patient
    gathered(content)

    assert [one for one in wire.data if one != "Condition/condition-1"] == []


def test_a_patient_behind_a_path_is_that_patient_and_no_path(wire: Wire) -> None:
    content = request_of(without=ALL_KEYS)
    content["context"]["patientId"] = "../Patient/1"
    gathered(content)

    assert not any(".." in one for one in wire.asked)
    assert "Patient/1" in wire.data


def test_a_request_without_prefetch_is_judged_by_what_the_ehr_holds(wire: Wire) -> None:
    record = breast()
    content = request_of(record, prefetch={})
    assessment = judged(content, gathered(content, access_with()))
    assert assessment.determination == "unable-to-evaluate"

    serve(wire, record)
    assessment = judged(content)
    assert assessment.determination == judged(request_of(record), Gathered()).determination
    assert assessment.determination == "likely-covered"


def test_what_came_in_time_is_judged_and_what_was_late_is_named(wire: Wire) -> None:
    record = breast()
    wire.on("Observation", hanging())
    serve(wire, record)
    content = request_of(record, prefetch={})
    assessment = judged(content, gathered(content, seconds=0.5, limit=30))

    assert assessment.determination == "unable-to-evaluate"
    late = {(one.need, one.state, one.why) for one in assessment.unavailable}
    assert ("observationsByCategory", "unreadable", "timed-out") in late
    assert not any(need == "conditions" for need, _, _ in late)


def test_another_patient_than_was_asked_for_is_never_used(wire: Wire) -> None:
    wire.on("Patient/p", answer({"resourceType": "Patient", "id": "q", "birthDate": "2020-01-01"}))
    content = request_of(without=("patient",))
    found = gathered(content)

    assert shown(found)["patient"] == ("unreadable", "invalid")
    assert found.deliveries == []
    assessment = judged(content, found)
    assert assessment.determination == "unable-to-evaluate"
    assert "2020" not in str(assessment)


def test_data_of_another_patient_are_never_used(wire: Wire) -> None:
    record = breast()
    for one in record.resources:
        if one["resourceType"] == "Observation":
            one["subject"] = {"reference": "Patient/q"}
    serve(wire, record)
    content = request_of(breast(), without=("observationsByCategory", "observationsByCode"))

    assert judged(content).determination != "likely-covered"


# --- states beside what the prefetch held


def beside(wire: Wire, before: Any, found: httpx.Response) -> tuple[str, str | None]:
    """The state of the Conditions after a page, or all of them, were asked for."""
    wire.on("Condition?", found)
    key = "conditions" if "link" in before else "problems"
    record = Record().condition("icd|C50.412").order(reasonReference=None)
    content = request_of(record, without=("conditions",))
    content["prefetch"][key] = before
    return shown(gathered(content))["conditions"]


def page(*resources: Json) -> Json:
    links = [{"relation": "next", "url": f"{SERVER}/Condition?page=2"}]
    return bundle(*resources, link=links)


HELD = resource("Condition", "held")


@pytest.mark.parametrize(
    ("before", "found", "state"),
    [
        (page(HELD), searchset(), ("present", None)),
        (page(HELD), searchset(resource("Condition", "b")), ("present", None)),
        (page(HELD), answer({}, 403), ("partial", "not-authorised")),
        (page(HELD), searchset(then="https://evil.example.net"), ("partial", "truncated")),
        (page(HELD, outcome("error|suppressed")), searchset(), ("partial", "not-authorised")),
        (page(HELD, outcome("error|suppressed")), answer({}, 500), ("partial", "server-error")),
        (bundle(HELD), searchset(), ("present", None)),
        (bundle(HELD), answer({}, 404), ("partial", "not-found")),
        (bundle(), searchset(), ("empty", None)),
        (bundle(), answer({}, 404), ("unreadable", "not-found")),
    ],
)
def test_what_the_prefetch_held_stays_evidence(
    wire: Wire, before: Any, found: httpx.Response, state: tuple[str, str | None]
) -> None:
    assert beside(wire, before, found) == state


def test_a_prefetch_that_cannot_be_followed_stays_truncated(wire: Wire) -> None:
    content = request_of()
    content["prefetch"]["conditions"]["link"] = [
        {"relation": "next", "url": "https://evil.example.net/Condition?page=2"}
    ]
    found = gathered(content)
    assert "conditions" not in found.states
    late = {(one.need, one.why) for one in judged(content, found).unavailable}
    assert ("conditions", "truncated") in late


def test_further_pages_of_the_prefetch_are_judged(wire: Wire) -> None:
    record = breast()
    content = request_of(record)
    held = content["prefetch"]["conditions"]["entry"]
    wire.on("Condition?page=2", searchset(*(one["resource"] for one in held)))
    content["prefetch"]["conditions"] = page()

    assert judged(content).determination == "likely-covered"


# --- references


def referring(reference: str) -> Json:
    """A request whose order has a reason that the prefetch does not hold."""
    record = Record().order(reasonReference=[{"reference": reference}])
    content = request_of(record)
    for need in NEEDS:
        content["prefetch"].setdefault(need.name, None)
    return content


CANCER: Json = resource("Condition", "far", code=concept("icd|C50.412"), onsetDateTime="2026-04-02")


@pytest.mark.parametrize(
    "reference", ["Condition/far", f"{SERVER}/Condition/far", "Condition/far/_history/3"]
)
def test_what_an_order_refers_to_is_read(wire: Wire, reference: str) -> None:
    wire.on("Condition/far", answer(CANCER))
    content = referring(reference)
    found = gathered(content)

    assert wire.data == ["Condition/far"]
    assert [(one.need, one.place) for one in found.deliveries] == [("conditions", "Condition/far")]
    assert found.states == {}
    assert judged(content, found).site == "breast"


@pytest.mark.parametrize(
    "reference",
    [
        "https://evil.example.net/fhir/Condition/far",
        "https://ehr.example.org.evil/fhir/Condition/far",
        f"{SERVER}/../Condition/far",
        f"{SERVER}/tenant-2/Condition/far",
        "../Condition/far",
        "Condition/..",
        "Condition/.",
        "Patient/q",
        "Binary/1",
        "#far",
    ],
)
def test_what_lies_elsewhere_is_not_read(wire: Wire, reference: str) -> None:
    assert gathered(referring(reference)) == Gathered()
    assert wire.data == []


def test_what_was_asked_for_is_not_read_again(wire: Wire) -> None:
    wire.on("Condition?", searchset(CANCER))
    content = referring("Condition/far")
    del content["prefetch"]["conditions"]
    gathered(content)

    assert wire.data == ["Condition?patient=p"]


@pytest.mark.parametrize(
    ("found", "states"),
    [
        (answer({}, 403), {"conditions": ("partial", "not-authorised")}),
        (answer({}, 500), {"conditions": ("partial", "server-error")}),
        (answer(resource("Condition", "other")), {"conditions": ("partial", "invalid")}),
        (answer({}, 404), {}),
        (answer({}, 410), {}),
        (answer(outcome("error|deleted")), {}),
    ],
)
def test_what_cannot_be_read_makes_a_part_and_what_is_gone_does_not(
    wire: Wire, found: httpx.Response, states: dict[str, tuple[str, str]]
) -> None:
    wire.on("Condition/far", found)
    assert shown(gathered(referring("Condition/far"))) == states


def test_what_the_token_may_not_read_makes_a_part(wire: Wire) -> None:
    found = gathered(referring("Condition/far"), access_with("patient/Condition.s"))

    assert shown(found) == {"conditions": ("partial", "not-authorised")}
    assert wire.data == []


def test_what_is_unread_already_is_not_made_a_part(wire: Wire) -> None:
    wire.on("Condition", answer({}, 403))
    content = referring("Condition/far")
    del content["prefetch"]["conditions"]

    assert shown(gathered(content)) == {"conditions": ("unreadable", "not-authorised")}
    assert wire.data == ["Condition?patient=p", "Condition/far"]


def test_references_are_read_once_and_not_those_of_what_they_bring(wire: Wire) -> None:
    wire.on(
        "Condition/far",
        answer({**CANCER, "stage": [{"assessment": [{"reference": "Observation/o"}]}]}),
    )
    gathered(referring("Condition/far"))
    assert wire.data == ["Condition/far"]


def test_a_server_that_is_down_is_named_once(wire: Wire) -> None:
    wire.on("", httpx.ConnectError(""))
    content = referring("Condition/far")
    del content["prefetch"]["procedures"]
    request = parsed(content)
    opened = opened_of(request)
    assert opened.prefetch is not None
    prefetch = opened.prefetch

    async def act(ehr: Ehr) -> list[list[str]]:
        return [
            (await ehr.complete(access_with(), request, prefetch, opened.orders, Deadline(2))).notes
            for _ in range(3)
        ]

    assert run(act)[-1] == ["The FHIR server has not answered lately, so it was not asked again."]


def test_the_token_goes_nowhere_but_to_the_base(wire: Wire) -> None:
    wire.on("Condition?", searchset(CANCER, then="https://evil.example.net/x"))
    wire.on("Observation?", searchset(then=f"{SERVER}/../x"))
    content = referring("https://evil.example.net/fhir/Condition/far")
    content["prefetch"] = {}
    gathered(content)

    assert len(wire.requests) >= len(NEEDS)
    for request in wire.requests:
        assert str(request.url).startswith(f"{SERVER}/")
        assert ("Authorization" in request.headers) is (request.url.path != "/fhir/metadata")


# --- dispatched orders


def orders_read(*references: str, access: Access | Denied | None = None) -> Gathered:
    async def act(ehr: Ehr) -> Gathered:
        return await ehr.read_orders(access, references, Deadline(2))

    return run(act)


def test_dispatched_orders_are_read(wire: Wire) -> None:
    wire.on("ServiceRequest/a", answer(resource("ServiceRequest", "a")))
    wire.on("ServiceRequest/b", answer({}, 404))
    found = orders_read("ServiceRequest/a", f"{SERVER}/ServiceRequest/b", access=access_with())

    assert shown(found) == {
        "ServiceRequest/a": ("present", None),
        "ServiceRequest/b": ("unreadable", "not-found"),
    }
    assert [one.need for one in found.deliveries] == [None]


@pytest.mark.parametrize(
    "reference",
    ["https://evil.example.net/fhir/ServiceRequest/a", f"{SERVER}/../ServiceRequest/a",
     "ServiceRequest/..", "urn:uuid:11111111-2222-3333-4444-555555555555", "", "#a"],
)  # fmt: skip
def test_orders_elsewhere_are_not_read(wire: Wire, reference: str) -> None:
    assert orders_read(reference, access=access_with()) == Gathered()
    assert wire.requests == []


@pytest.mark.parametrize("access", [None, Denied("not-authorised", "No.")])
def test_without_access_no_order_is_read(wire: Wire, access: Denied | None) -> None:
    assert orders_read("ServiceRequest/a", access=access) == Gathered()
    assert wire.requests == []


# --- the client


def test_one_client_serves_a_loop_and_another_loop_gets_its_own(wire: Wire) -> None:
    ehr = made()

    async def clients() -> list[httpx.AsyncClient]:
        return [ehr.http(), ehr.http()]

    async def close() -> bool:
        client = ehr.http()
        await ehr.close()
        return client.is_closed

    first, again = asyncio.run(clients())
    assert first is again
    second, _ = asyncio.run(clients())
    assert second is not first
    asyncio.run(ehr.close())  # another loop's client is left
    assert not second.is_closed
    assert asyncio.run(close())


def test_closing_what_was_never_used_does_no_harm() -> None:
    asyncio.run(made().close())


def real(content: Json, port: int) -> Json:
    return {**content, "fhirServer": f"http://127.0.0.1:{port}/fhir"}


def test_the_gate_guards_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    content = request_of(without=("coverage",))
    body = http(searchset().content)

    async def found(gate: Gate) -> tuple[Gathered, int]:
        async with serving(saying(body)) as server:
            request = parsed(real(content, server.port))
            ehr = Ehr(assessor().terminology, lambda: gate, Limits(1, 3), Outbound())
            access = Gate([], sandbox=True).access(request.fhir_server or "", None, "p")
            prefetch = Prefetch(request.prefetch)
            found = await ehr.complete(access, request, prefetch, [], Deadline(2))
            await ehr.close()
        return found, server.connections

    done, connections = asyncio.run(found(Gate([], sandbox=True)))
    assert shown(done)["coverage"] == ("empty", None)
    assert connections >= 1
    done, connections = asyncio.run(found(Gate([], sandbox=False)))
    assert shown(done)["coverage"] == ("unreadable", "server-error")
    assert connections == 0


# --- a delivery by hand


def test_a_patient_of_another_id_is_not_used_however_it_came() -> None:
    other = decode_bundle(
        raw(bundle({"resourceType": "Patient", "id": "q", "birthDate": "1930-01-01"}))
    )
    assert isinstance(other, Bundle)
    content = request_of(without=("patient",))
    brought = Gathered(
        deliveries=[Delivery(other.held, "Patient/p", "patient")],
        states={"patient": NeedState("present")},
    )

    assessment = judged(content, brought)
    assert assessment.determination != "likely-covered"
    assert "1930" not in str(assessment)
