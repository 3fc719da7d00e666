"""The service over HTTP: what it offers, and what it answers to any signing of orders."""

import json
import logging
import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from cds_service.api import services
from cds_service.assess import Assessor
from tests.builders import Record, breast, concept
from tests.cds_service.api.calling import (
    PATH,
    app_with,
    assessments_of,
    call,
    cards_of,
    determinations,
    post,
    request_of,
    unavailable,
    with_context,
    with_prefetch,
    without_prefetch,
)

NO_ORDERS = "No orders were received; nothing was checked"
UNREAD = "An order could not be read; it was not checked for IORT coverage"
FAILED = "IORT coverage could not be evaluated: an error in this service"
URN = "urn:uuid:11111111-2222-3333-4444-555555555555"
DEEP = 100_000


def summaries(body: Any) -> list[str]:
    return [card["summary"] for card in cards_of(body)]


def offered() -> dict[str, Any]:
    response = call("GET", "/cds-services")
    assert response.status_code == 200
    service, *_ = response.json()["services"]
    assert isinstance(service, dict)
    return service


def mammogram() -> Record:
    return breast().without("ServiceRequest").order("Mammogram")


def with_draft(record: Record | None = None, **changes: Any) -> dict[str, Any]:
    """A request whose draft order is changed; None takes a member out."""
    request = request_of(record)
    (entry,) = request["context"]["draftOrders"]["entry"]
    order = {**entry["resource"], **changes}
    entry["resource"] = {name: one for name, one in order.items() if one is not None}
    return request


def with_raw(member: str, raw: bytes) -> bytes:
    """A request with raw JSON under a key of its prefetch."""
    request = request_of()
    request["prefetch"][member] = "RAW"
    return json.dumps(request).encode().replace(b'"RAW"', raw)


# --- discovery


def test_discovery_names_a_service_of_its_own_for_each_hook() -> None:
    services = call("GET", "/cds-services").json()["services"]

    assert {one["id"]: one["hook"] for one in services} == {
        "iort-coverage": "order-sign",
        "iort-coverage-select": "order-select",
        "iort-coverage-dispatch": "order-dispatch",
    }
    for service in services:
        assert {"title", "description", "version", "usageRequirements", "prefetch"} < set(service)
        assert all(service.values())
        assert re.fullmatch(r"\d+\.\d+\.\d+", service["version"])


def test_discovery_is_json_and_never_changes() -> None:
    first, second = call("GET", "/cds-services"), call("GET", "/cds-services", app_with(zone="UTC"))

    assert first.headers["content-type"] == "application/json"
    assert first.content == second.content


def test_prefetch_templates_are_filled_by_clients_that_know_the_patient_only() -> None:
    for template in offered()["prefetch"].values():
        assert set(re.findall(r"{{(.*?)}}", template)) == {"context.patientId"}


def test_prefetch_templates_have_no_parameter_twice() -> None:
    for template in offered()["prefetch"].values():
        _, _, query = template.partition("?")
        names = Counter(part.partition("=")[0] for part in query.split("&") if part)
        assert all(count == 1 for count in names.values()), template


def test_prefetch_templates_are_one_read_of_the_patient_and_searches_for_that_patient() -> None:
    reads = re.compile(r"Patient/{{context\.patientId}}")
    searches = re.compile(r"[A-Z][A-Za-z]+\?patient={{context\.patientId}}(&[a-z]+=[^&{}\s]+)*")
    templates = offered()["prefetch"]

    assert reads.fullmatch(templates.pop("patient"))
    assert templates
    assert all(searches.fullmatch(one) for one in templates.values())


# --- an answer


def test_an_order_whose_criteria_are_met_is_likely_covered() -> None:
    assert determinations(request_of()) == ["likely-covered"]


def test_every_card_can_be_shown_and_answered_by_any_client() -> None:
    no_margin = breast().without("Observation", 2).unread("Coverage")
    everything = [
        *cards_of(request_of()),
        *cards_of(request_of(no_margin)),
        *cards_of(request_of(prefetch=None)),
        *cards_of(with_context(draftOrders=None)),
    ]

    for card in everything:
        assert UUID(card["uuid"])
        assert 0 < len(card["summary"]) < 140
        assert card["detail"]
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["source"]["label"]
        assert all(one["display"] for one in card["overrideReasons"])
    assert len({card["uuid"] for card in everything}) == len(everything)


def empty(content: Any) -> bool:
    if isinstance(content, dict):
        return not content or any(empty(one) for one in content.values())
    if isinstance(content, list):
        return not content or any(empty(one) for one in content)
    return content in (None, "")


@pytest.mark.parametrize(
    "body", [request_of(), request_of(prefetch=None), with_context(draftOrders=None)]
)
def test_an_answer_has_no_empty_member(body: dict[str, Any]) -> None:
    assert not empty(cards_of(body))


def test_an_order_for_something_else_gets_no_card() -> None:
    assert post(request_of(mammogram())).json() == {"cards": []}


def test_the_prefetch_of_an_order_for_something_else_is_not_even_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(Assessor, "assess", fail)

    assert post(request_of(mammogram())).json() == {"cards": []}


def test_two_orders_are_judged_each() -> None:
    record = breast().order("cpt|77424")

    assert len(assessments_of(request_of(record))) == 2


def test_an_order_is_judged_again_when_it_is_signed_again() -> None:
    assert determinations(with_draft(status="active")) == ["likely-covered"]


@pytest.mark.parametrize("status", ["entered-in-error", "revoked"])
def test_an_order_that_no_longer_stands_gets_no_card(status: str) -> None:
    assert cards_of(with_draft(status=status)) == []


def test_an_order_without_id_or_full_url_is_named_by_its_place() -> None:
    request = with_draft(id=None)
    del request["context"]["draftOrders"]["entry"][0]["fullUrl"]

    (assessment,) = assessments_of(request)
    assert assessment["order"] == "draftOrders.entry[0]"
    assert assessment["determination"] == "likely-covered"


def test_two_orders_of_one_id_are_both_judged() -> None:
    request = request_of()
    entries = request["context"]["draftOrders"]["entry"]
    entries.append({"resource": {**entries[0]["resource"], "quantityQuantity": {"value": 2}}})

    assert determinations(request) == ["likely-covered", "likely-not-covered"]


# --- whose order


@pytest.mark.parametrize(
    "patient", ["Patient/p", "https://ehr.example.org/fhir/Patient/p", "Patient/p/_history/3"]
)
def test_the_patient_may_be_named_as_a_reference(patient: str) -> None:
    assert determinations(with_context(patientId=patient)) == ["likely-covered"]


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {"display": "the patient"},
        {"reference": URN},
        {"reference": "https://ehr.example.org/fhir/Patient/p"},
        {"reference": "Patient?identifier=urn:mrn|7"},
    ],
)
def test_an_order_is_for_the_patient_of_the_request_unless_it_says_otherwise(subject: Any) -> None:
    assert determinations(with_draft(subject=subject)) == ["likely-covered"]


def test_an_order_for_another_patient_is_not_judged_and_the_card_says_so() -> None:
    (card,) = cards_of(with_draft(subject={"reference": "Patient/q"}))

    assert card["indicator"] == "warning"
    assert "another patient" in card["summary"]
    assert "suggestions" not in card


def test_orders_that_call_their_patient_by_two_unknown_names_are_not_judged() -> None:
    request = with_draft(subject={"reference": "urn:uuid:a"})
    entries = request["context"]["draftOrders"]["entry"]
    order = {**entries[0]["resource"], "id": "other", "subject": {"reference": "urn:uuid:b"}}
    entries.append({"resource": order})

    for card in cards_of(request):
        assert "cannot be told which patient" in card["summary"]


def test_data_of_another_patient_prove_nothing() -> None:
    request = request_of()
    for key in ("observationsByCategory", "observationsByCode"):
        for entry in request["prefetch"][key]["entry"]:
            entry["resource"]["subject"] = {"reference": "Patient/q"}

    (assessment,) = assessments_of(request)
    named = {one for note in assessment["notes"] for one in note.get("references", ())}
    assert assessment["determination"] == "documentation-missing"
    assert named >= {"Observation/observation-1", "Observation/observation-3"}


# --- never silent


@pytest.mark.parametrize("entry", [None, [], [{}, {"resource": None}, None]])
def test_a_bundle_in_which_nothing_is_ordered_gets_no_card(entry: Any) -> None:
    assert cards_of(with_context(draftOrders={"resourceType": "Bundle", "entry": entry})) == []


@pytest.mark.parametrize(
    "orders",
    [
        None,
        {},
        [],
        "orders",
        {"resourceType": "ServiceRequest"},
        {"resourceType": 5, "entry": [{}]},
    ],
)
def test_a_request_without_orders_says_that_nothing_was_checked(orders: Any) -> None:
    (card,) = cards_of(with_context(draftOrders=orders))

    assert (card["summary"], card["indicator"]) == (NO_ORDERS, "warning")


def test_a_request_without_the_member_for_orders_says_that_nothing_was_checked() -> None:
    request = request_of()
    del request["context"]["draftOrders"]

    assert summaries(request) == [NO_ORDERS]


@pytest.mark.parametrize(
    "odd",
    [
        {"resource": {"id": "x", "code": {"text": "IORT"}}},
        {"resource": "ServiceRequest"},
        {"resource": {"resourceType": ["ServiceRequest"]}},
        "entry",
        7,
    ],
)
def test_an_order_that_cannot_be_read_costs_itself_only_and_is_named(odd: Any) -> None:
    request = request_of()
    request["context"]["draftOrders"]["entry"].append(odd)
    alone = with_context(draftOrders={"resourceType": "Bundle", "entry": [odd]})

    assert determinations(request) == ["likely-covered"]
    assert summaries(request)[-1] == UNREAD
    assert summaries(alone) == [UNREAD]


def test_an_order_whose_text_is_broken_is_named_as_not_read() -> None:
    body = json.dumps(with_draft(note=[{"text": "BROKEN"}])).encode()

    assert summaries(body.replace(b"BROKEN", b"\xff")) == [UNREAD]


def test_a_single_order_in_place_of_a_list_is_judged() -> None:
    request = request_of()
    orders = request["context"]["draftOrders"]
    orders["entry"] = orders["entry"][0]

    assert determinations(request) == ["likely-covered"]


# --- what is not an error


@pytest.mark.parametrize(
    "members",
    [
        {"unknown": {"a": [1]}, "extension": {"org.example": {"alt": True}}},
        {"fhirServer": "https://ehr.example.org/fhir", "fhirAuthorization": {"access_token": ""}},
        {"fhirServer": 5, "fhirAuthorization": None},
        {"hookInstance": "not a uuid", "hookVersion": "3.0.0", "version": "3.0.0"},
    ],
)
def test_unknown_members_are_ignored(members: dict[str, Any]) -> None:
    assert determinations(request_of(**members)) == ["likely-covered"]


def test_unknown_members_of_the_context_are_ignored() -> None:
    request = with_context(selections=["ServiceRequest/x"], encounterId=None, userId=7)

    assert determinations(request) == ["likely-covered"]


@pytest.mark.parametrize("prefetch", [5, [], "text", [{"resourceType": "Patient"}], True, None, {}])
def test_a_prefetch_that_delivers_nothing_leaves_everything_unread(prefetch: Any) -> None:
    body = {**request_of(), "prefetch": prefetch}

    assert determinations(body) == ["unable-to-evaluate"]
    assert set(unavailable(body).values()) == {("unreadable", "not-delivered")}


def test_a_request_without_the_member_for_prefetch_is_answered() -> None:
    assert determinations(request_of(prefetch=None)) == ["unable-to-evaluate"]


def test_a_bundle_of_orders_needs_no_type() -> None:
    request = request_of()
    del request["context"]["draftOrders"]["type"]

    assert determinations(request) == ["likely-covered"]


@pytest.mark.parametrize(
    "changes",
    [
        {"category": concept(text="Radiotherapy"), "reasonCode": concept("icd|C50.412")},
        {"reasonCode": [], "intent": None, "authoredOn": None},
        {"performer": 5, "requester": "Practitioner/1", "priority": None},
    ],
)
def test_an_order_of_another_shape_is_judged(changes: dict[str, Any]) -> None:
    assert determinations(with_draft(**changes)) == ["likely-covered"]


@pytest.mark.parametrize("code", [{"coding": [{}]}, {"coding": []}, {}, None, "77425", [5]])
def test_an_order_that_names_no_service_gets_no_card(code: Any) -> None:
    assert cards_of(with_draft(code=code)) == []


def test_a_byte_order_mark_does_no_harm() -> None:
    assert determinations(b"\xef\xbb\xbf" + json.dumps(request_of()).encode()) == ["likely-covered"]


def test_of_a_member_that_stands_twice_the_last_counts() -> None:
    body = json.dumps(request_of()).encode()
    twice = b'{"hook": "patient-view", "prefetch": {}, "context": [], ' + body[1:]

    assert determinations(twice) == ["likely-covered"]


@pytest.mark.parametrize("number", [b"1e400", b"1" * 400, b"0.1000000000000000000000000001"])
def test_a_number_beyond_reason_costs_its_resource_at_most(number: bytes) -> None:
    patient = b'{"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01", "n": %s}'
    quantity = b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation",'
    quantity += b'"subject": {"reference": "Patient/p"}, "valueQuantity": {"value": %s}}}]}'

    assert determinations(with_raw("patient", patient % number)) == ["likely-covered"]
    assert len(determinations(with_raw("observationsByCategory", quantity % number))) == 1


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (b'{"resourceType": "Bundle", "entry": "\xff"}', ("unreadable", "invalid")),
        (b'{"resourceType": "\xff"}', ("unreadable", "invalid")),
        (
            b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Coverage",'
            b'"status": "\xff"}}]}',
            ("partial", "invalid"),
        ),
        (b'"\xff"', ("unreadable", "invalid")),
    ],
)
def test_text_that_is_no_utf8_costs_its_resource_or_its_key(
    raw: bytes, state: tuple[str, str]
) -> None:
    body = with_raw("coverage", raw)

    assert determinations(body) == ["likely-covered"]
    assert unavailable(body) == {"coverage": state}


NESTED = [
    lambda depth: with_raw("coverage", b"[" * depth + b"]" * depth),
    lambda depth: with_raw(
        "coverage",
        b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Coverage", "a":'
        + b'{"a":' * depth
        + b"1"
        + b"}" * depth
        + b"}}]}",
    ),
    lambda depth: with_raw(
        "coverage",
        b'{"resourceType": "Bundle", "entry": [5, {"resource": {"resourceType": "Coverage",'
        b' "payor": ' + b"[" * depth + b"]" * depth + b"}}]}",
    ),
]


@pytest.mark.parametrize("nested", NESTED)
@pytest.mark.parametrize("depth", [10, 300, *range(860, 1000, 3)])
def test_nesting_never_breaks_the_service(nested: Any, depth: int) -> None:
    response = post(nested(depth))

    assert response.status_code in (200, 400)
    assert FAILED not in response.text


@pytest.mark.parametrize("nested", NESTED)
def test_nesting_that_nobody_can_read_is_refused(nested: Any) -> None:
    response = post(nested(DEEP))

    assert response.status_code == 400
    assert response.json()["message"] == "the body is nested too deeply"


# --- errors of ours

SECRET = "Jane Roe, born 1960-01-01"


def broken(*_: Any, **__: Any) -> None:
    raise ValueError(SECRET)


def test_an_error_of_ours_never_reads_as_all_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assessor, "assess", broken)
    response = post(request_of())

    (card,) = response.json()["cards"]
    assert response.status_code == 200
    assert (card["summary"], card["indicator"]) == (FAILED, "warning")
    assert "extension" not in card


def test_an_error_of_ours_is_logged_by_its_place_and_without_patient_data(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Assessor, "assess", broken)
    with caplog.at_level(logging.DEBUG):
        response = post(request_of())

    logged = [record.getMessage() for record in caplog.records if record.name == services.__name__]
    assert len(logged) == 1
    assert "ValueError in broken:" in logged[0]
    assert SECRET not in caplog.text + response.text
    assert not any(record.exc_info for record in caplog.records)


# --- when data cannot be had


def test_want_of_data_is_a_card_at_first() -> None:
    cards = cards_of(without_prefetch("conditions"))

    assert "could not be evaluated" in cards[0]["summary"]
    assert "warning" in {card["indicator"] for card in cards}


NOT_ALLOWED = {"resourceType": "OperationOutcome", "issue": [{"code": "forbidden"}]}
TIMED_OUT = {"resourceType": "OperationOutcome", "issue": [{"code": "timeout"}]}


@pytest.mark.parametrize(
    "body",
    [
        without_prefetch("conditions"),
        without_prefetch("conditions", "coverage"),
        with_prefetch(conditions=NOT_ALLOWED),
        request_of(prefetch=None),
    ],
)
def test_want_of_data_is_412_for_clients_that_want_it(body: dict[str, Any]) -> None:
    response = post(body, app_with(unobtainable="412"))

    assert response.status_code == 412
    assert response.json()["issue"][0]["code"] == "processing"
    assert (response.json()["status"], response.json()["error"]) == (412, "Precondition Failed")


def unanswered() -> dict[str, Any]:
    """A request whose server did not answer what decides; what does not decide is missing."""
    request = without_prefetch("imagingStudies")
    request["prefetch"]["conditions"] = TIMED_OUT
    return request


def foreign() -> dict[str, Any]:
    request = with_draft(subject={"reference": "Patient/q"})
    del request["prefetch"]["conditions"]
    return request


@pytest.mark.parametrize(
    "body",
    [
        request_of(),
        without_prefetch("coverage"),
        with_prefetch(conditions=TIMED_OUT),
        unanswered(),
        foreign(),
        with_context(draftOrders=None),
    ],
)
def test_412_is_for_data_that_decide_and_were_not_delivered_or_allowed(
    body: dict[str, Any],
) -> None:
    assert cards_of(body, app_with(unobtainable="412"))


# --- settings that show in an answer


def test_a_fixed_day_is_the_day_of_judging() -> None:
    (assessment,) = assessments_of(request_of(), app_with(today="2026-07-01"))

    assert assessment["evaluatedOn"] == "2026-07-01"


def test_the_address_of_the_service_stands_in_its_cards() -> None:
    app = app_with(public_url="https://cds.example.org/iort/")

    (here,) = cards_of(request_of())
    (outside,) = cards_of(request_of(), app)
    assert here["links"][0]["url"].startswith("http://cds")
    assert outside["links"][0]["url"] == "https://cds.example.org/iort/guideline"
    assert outside["source"]["url"] == "https://cds.example.org/iort/guideline"


def insured() -> Record:
    return breast().add("Coverage", status="active", payor=[{"display": "Example Health"}])


@pytest.mark.parametrize(
    ("payers", "applies"),
    [([], "unknown"), (["example health"], "yes"), ("Other Plan; Example Health", "yes"),
     (["Other Plan"], "no")],
)  # fmt: skip
def test_payers_of_the_settings_tell_whether_the_guideline_applies(
    payers: Any, applies: str
) -> None:
    (assessment,) = assessments_of(request_of(insured()), app_with(payers=payers))

    assert assessment["coverage"]["applies"] == applies


@pytest.mark.parametrize(
    ("means", "determination"),
    [("empty", "documentation-missing"), ("unreadable", "unable-to-evaluate")],
)
def test_null_means_what_the_settings_say(means: str, determination: str) -> None:
    body = with_prefetch(observationsByCategory=None, observationsByCode=None)

    assert determinations(body, app_with(null_means=means)) == [determination]


def test_another_id_is_not_this_service() -> None:
    assert post(request_of(), path=f"{PATH}-cancel").status_code == 404
