"""References: what is referred to and was not delivered, if this server holds it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.ehr.references import key_at, unresolved
from cds_service.intake.bundles import decode_bundle
from cds_service.intake.orders import drafts_of
from fhir_mappings.record import Delivery, Pool
from tests.builders import DAY, Record
from tests.cds_service.ehr.wire import BASE, SERVER
from tests.cds_service.intake.reading import raw


def missing(record: Record) -> list[str]:
    """What a record with one order refers to and does not hold."""
    bundle = decode_bundle(raw(record.bundle))
    assert bundle is not None
    orders = [
        one.order(date.fromisoformat(DAY)) for one in drafts_of(bundle, place="x", drafts_only=True)
    ]
    return unresolved(Pool([Delivery(bundle.held, "x")]), orders, BASE)


def to(*references: str) -> list[dict[str, str]]:
    return [{"reference": one} for one in references]


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("Condition/1", "Condition/1"),
        (" Condition/1\n", "Condition/1"),
        ("Condition/1/_history/2", "Condition/1"),
        (f"{SERVER}/Condition/a-b.c", "Condition/a-b.c"),
        (f"{SERVER}/Condition/1/_history/2", "Condition/1"),
    ],
)
def test_what_the_server_holds_has_a_key(reference: str, key: str) -> None:
    assert key_at(BASE, reference) == key


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "#c",
        "urn:uuid:11111111-2222-3333-4444-555555555555",
        "urn:oid:1.2.3/Condition/1",
        "Condition",
        "Condition?identifier=a|b",
        "https://other.example.org/fhir/Condition/1",
        "https://ehr.example.org.evil/fhir/Condition/1",
        "https://ehr.example.org/fhirEVIL/Condition/1",
        "http://ehr.example.org/fhir/Condition/1",
        f"{SERVER}/tenant-2/Condition/1",
        f"{SERVER}/../other/Condition/1",
        f"{SERVER}//Condition/1",
        "/Condition/1",
        "../Condition/1",
        "x/Condition/1",
        "Condition/1?x=y",
        "Condition/1#x",
        "Condition/%2e%2e",
        "Condition/a_b",
    ],
)
def test_what_lies_elsewhere_or_is_none_has_no_key(reference: str) -> None:
    assert key_at(BASE, reference) is None


@given(st.text(), st.sampled_from(["", f"{SERVER}/", "Condition/", f"{SERVER}/Condition/"]))
def test_a_key_is_a_type_and_an_id_and_no_more(text: str, begin: str) -> None:
    key = key_at(BASE, begin + text)
    assert key is None or (key.count("/") == 1 and key in begin + text)


def everything() -> Record:
    """A record that refers to something new in all places that count."""
    record = (
        Record()
        .condition("icd|C50.412")
        .change(stage=[{"assessment": to("Observation/stage")}, {}])
    )
    record.observation("text", "x", focus="focus").change(
        hasMember=to("Observation/member"), specimen={"reference": "Specimen/one"}
    )
    record.add("DiagnosticReport", result=to("Observation/result"), specimen=to("Specimen/two"))
    return record.order(reasonReference=to("Condition/reason"), insurance=to("Coverage/insurance"))


def test_all_references_that_count_are_found_those_of_the_order_first() -> None:
    assert missing(everything()) == [
        "Condition/reason",
        "Coverage/insurance",
        "Observation/stage",
        "Condition/focus",
        "Observation/member",
        "Specimen/one",
        "Specimen/two",
        "Observation/result",
    ]


def test_what_was_delivered_is_not_missing() -> None:
    record = Record().condition("icd|C50.412").observation("text", "x", focus="condition-1")
    record.order(reasonReference=to("Condition/condition-1", f"{SERVER}/Condition/condition-1"))
    assert missing(record) == []


def test_what_is_referred_to_twice_is_asked_for_once() -> None:
    record = Record().order(reasonReference=to("Condition/a", f"{SERVER}/Condition/a"))
    record.observation("text", "x", focus="a")
    assert missing(record) == ["Condition/a"]


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"display": "breast cancer"},
        {"identifier": {"value": "1"}},
        {"reference": "#c"},
        {"reference": "https://other.example.org/fhir/Condition/1"},
        {"reference": "Practitioner/1"},
        {"reference": "Patient/other"},
        {"reference": "DocumentReference/1"},
    ],
)
def test_what_cannot_be_read_there_or_does_not_count_is_left(reference: Any) -> None:
    assert missing(Record().order(reasonReference=[reference])) == []


def test_a_record_without_references_lacks_nothing() -> None:
    record = Record().condition("icd|C50.412").observation("text", "x")
    record.add("DiagnosticReport").order(reasonReference=None)
    assert missing(record) == []
