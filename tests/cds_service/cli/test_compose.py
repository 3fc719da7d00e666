"""The request that an EHR would send for a record."""

from copy import deepcopy
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cds_service.cli.compose import Json, compose_request
from cds_service.hooks.request import parse_request
from cds_service.sessions import assessments, sign
from fhir_mappings.needs import NEEDS
from tests.builders import Record, breast, cervical, colon, pancreas, rectal, sarcoma
from tests.judging import assessor, judge

DAY = date(2026, 6, 15)


def held(bundle: Json) -> list[Json]:
    return [one["resource"] for one in bundle["entry"]]


def without_id(resource: Json) -> Json:
    return {key: one for key, one in resource.items() if key != "id"}


@pytest.mark.parametrize("make", [breast, cervical, colon, rectal, pancreas, sarcoma])
def test_a_composed_request_gets_the_answer_of_its_record(make: Any) -> None:
    request = parse_request(msgspec.json.encode(compose_request(make().bundle)))

    (answer,) = assessments(assessor(), sign(assessor(), request, lambda _: DAY), DAY)

    expected = judge(make())
    assert answer.determination == expected.determination
    assert [(one.id, one.status) for one in answer.criteria] == [
        (one.id, one.status) for one in expected.criteria
    ]


def test_a_request_is_one_of_order_sign_for_the_patient() -> None:
    request = compose_request(breast().bundle)

    assert request["hook"] == "order-sign"
    assert request["context"]["patientId"] == "p"
    assert request["context"]["userId"]


def test_every_request_is_an_instance_of_its_own() -> None:
    first, second = (compose_request(breast().bundle)["hookInstance"] for _ in range(2))

    assert UUID(first) != UUID(second)


def test_drafts_are_signed_and_other_orders_are_delivered() -> None:
    request = compose_request(pancreas().bundle)

    drafts, delivered = request["context"]["draftOrders"], request["prefetch"]["serviceRequests"]
    assert [one["status"] for one in held(drafts)] == ["draft"]
    assert [one["status"] for one in held(delivered)] == ["active"]


def test_every_need_is_delivered_with_the_resources_of_its_type() -> None:
    prefetch = compose_request(breast().bundle)["prefetch"]

    assert set(prefetch) == {need.name for need in NEEDS}
    assert prefetch["patient"]["birthDate"] == "1960-01-01"
    assert [one["id"] for one in held(prefetch["conditions"])] == ["condition-1"]
    assert len(held(prefetch["observationsByCode"])) == 3
    assert held(prefetch["procedures"]) == []


def test_what_the_ehr_cannot_deliver_is_left_out() -> None:
    prefetch = compose_request(breast().bundle, ["Observation", "Patient"])["prefetch"]

    left_out = {"observationsByCategory", "observationsByCode", "patient"}
    assert set(prefetch) == {need.name for need in NEEDS} - left_out


def test_the_record_is_not_changed() -> None:
    bundle = breast().bundle
    before = deepcopy(bundle)

    compose_request(bundle)

    assert bundle == before


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("urn:uuid:6f1c1a90-3b7e-4e0b-9d53-1e7a2c4d0001", "6f1c1a90-3b7e-4e0b-9d53-1e7a2c4d0001"),
        ("https://ehr.example.org/fhir/Patient/p7", "p7"),
        (None, "patient"),
    ],
)
def test_a_patient_without_an_id_gets_one(url: str | None, expected: str) -> None:
    bundle = breast().bundle
    entry = {"resource": without_id(bundle["entry"][0]["resource"])}
    bundle["entry"][0] = entry if url is None else {**entry, "fullUrl": url}

    request = compose_request(bundle)

    assert request["context"]["patientId"] == request["prefetch"]["patient"]["id"] == expected


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p",
        "https://other.example/Patient/p/_history/2",
        "https://ehr.example.org/fhir/Patient/p",
    ],
)
def test_the_patient_is_the_one_that_the_order_names(reference: str) -> None:
    record = breast().change(subject={"reference": reference})
    record.resources.insert(0, {"resourceType": "Patient", "id": "other"})

    assert compose_request(record.bundle)["context"]["patientId"] == "p"


@pytest.mark.parametrize("subject", [None, "Patient/p", {}, {"reference": ["Patient/p"]}])
def test_an_order_that_names_nobody_is_for_the_only_patient(subject: Any) -> None:
    record = breast().change(subject=subject)

    assert compose_request(record.bundle)["context"]["patientId"] == "p"


def strangers() -> Record:
    record = breast().change(subject={"reference": "Patient/third"})
    record.resources.append({"resourceType": "Patient", "id": "other"})
    return record


@pytest.mark.parametrize(
    "record",
    [
        strangers().bundle,
        breast().without("Patient").bundle,
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": "odd"},
        ["odd"],
        None,
    ],
    ids=["strangers", "no patient", "no entry", "odd entry", "an array", "null"],
)
def test_a_record_without_its_patient_makes_no_request(record: Any) -> None:
    with pytest.raises(ValueError, match="no Patient that its orders name"):
        compose_request(record)


def test_entries_that_are_none_are_left_out() -> None:
    bundle = breast().bundle
    bundle["entry"] += ["odd", None, {}, {"resource": "odd"}, {"resource": {}}]

    assert compose_request(bundle)["prefetch"] == compose_request(breast().bundle)["prefetch"]
