"""One patient's record: every reference resolves, and nobody else's data gets in."""

import json
from typing import Any

import pytest

from fhir_mappings.elements import Identifier, Reference
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.record import Delivery, Pool, Record
from fhir_mappings.resources import Condition, Observation
from tests.fhir_mappings.reading import held, pool, record_of

PATIENT = {"resourceType": "Patient", "id": "p"}
STATES = {need.name: NeedState("present") for need in NEEDS}


def condition(name: str | None = "c", subject: Any = "Patient/p", **members: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"resourceType": "Condition", **members}
    if name is not None:
        content["id"] = name
    if subject is not None:
        content["subject"] = {"reference": subject} if isinstance(subject, str) else subject
    return content


def keys(record: Record) -> list[str]:
    return [entry.key for entry, _ in record.of_type(Condition)]


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Condition/c"},
        {"reference": "https://ehr.example.org/fhir/Condition/c"},
        {"reference": "Condition/c/_history/4"},
        {"reference": "urn:uuid:11111111-2222-3333-4444-555555555555"},
        {"reference": "Condition?identifier=urn:x|7"},
        {"identifier": {"system": "urn:x", "value": "7"}},
        {"identifier": {"value": "7"}},
    ],
)
def test_a_condition_is_found_by_every_form_of_reference(reference: dict[str, Any]) -> None:
    content = condition(identifier=[{"value": ""}, {"system": "urn:x", "value": "7"}])
    url = "urn:uuid:11111111-2222-3333-4444-555555555555"
    delivered = Pool([Delivery([held(PATIENT), held(content, url)], "Bundle.entry")])
    identifier = reference.get("identifier")

    found = delivered.find(
        Reference(
            reference=reference.get("reference"),
            identifier=Identifier(**identifier) if identifier else None,
        )
    )
    assert found is not None
    assert found.key == "Condition/c"


def test_a_reference_that_leads_nowhere_is_none() -> None:
    delivered = pool(PATIENT, condition())

    for reference in (
        None,
        Reference(),
        Reference(reference="#c"),
        Reference(reference="Condition/x"),
        Reference(reference="Observation?identifier=7"),
        Reference(identifier=Identifier(value="7")),
    ):
        assert delivered.find(reference) is None


def test_a_contained_resource_is_found_from_its_owner() -> None:
    inner = [condition("#in", None), {"resourceType": "Binary"}, {"resourceType": "Condition"}]
    record = record_of(PATIENT, condition(contained=inner))

    found = record.find(Reference(reference="#in"), "Condition/c")
    assert found is not None
    assert (found.key, found.owner) == ("Condition/c#in", "Condition/c")
    assert record.find(Reference(reference="#in"), "Condition/c#in") is found
    assert keys(record) == ["Condition/c", "Condition/c#in"]


def test_a_contained_resource_belongs_to_whom_its_owner_belongs() -> None:
    record = record_of(PATIENT, condition(subject="Patient/q", contained=[condition("in", None)]))

    assert keys(record) == []
    assert record.foreign == ["Condition/c"]


def test_without_id_a_resource_goes_by_its_full_url_or_its_place() -> None:
    delivered = Pool(
        [Delivery([held(condition(None), "urn:uuid:1"), held(condition(None))], "Bundle.entry")]
    )

    assert list(delivered.entries) == ["urn:uuid:1", "Bundle.entry[1]"]


@pytest.mark.parametrize(
    "subject",
    [
        "Patient/p",
        "https://ehr.example.org/fhir/Patient/p",
        {"identifier": {"value": "mrn"}},
        None,
        {"display": "the patient"},
        "#somebody",
    ],
)
def test_data_of_the_patient_are_taken_however_they_name_them(subject: Any) -> None:
    patient = {**PATIENT, "identifier": [{"system": "urn:mrn", "value": "mrn"}]}

    assert keys(record_of(patient, condition(subject=subject))) == ["Condition/c"]


@pytest.mark.parametrize("subject", ["Patient/q", "https://other.org/Patient/q"])
def test_data_of_another_patient_are_never_taken_and_are_named(subject: str) -> None:
    record = record_of(PATIENT, condition(subject=subject))

    assert (keys(record), record.foreign) == ([], ["Condition/c"])
    assert record.find(Reference(reference="Condition/c")) is None


def test_another_patient_in_the_delivery_is_named() -> None:
    record = record_of(PATIENT, {"resourceType": "Patient", "id": "q"})

    assert record.foreign == ["Patient/q"]


def test_data_that_name_nobody_are_set_aside_where_there_are_several_patients() -> None:
    record = record_of(PATIENT, {"resourceType": "Patient", "id": "q"}, condition(subject=None))

    assert (keys(record), record.unclaimed) == ([], ["Condition/c"])


def test_data_that_name_an_unknown_are_set_aside_unless_the_orders_call_the_patient_so() -> None:
    delivered = pool(PATIENT, condition(subject="urn:uuid:x"), condition("d", "urn:uuid:y"))

    stranger = Record(delivered, "Patient/p", dict(STATES))
    known = Record(delivered, "Patient/p", dict(STATES), "urn:uuid:x")
    assert stranger.unclaimed == ["Condition/c", "Condition/d"]
    assert keys(known) == ["Condition/c"]
    assert known.foreign == ["Condition/d"]


def test_what_belongs_to_no_patient_is_kept() -> None:
    record = record_of(PATIENT, {"resourceType": "Organization", "id": "o"})

    assert [entry.key for entry in record.entries] == ["Organization/o", "Patient/p"]


def test_what_cannot_be_read_is_named_and_lowers_its_need() -> None:
    content = [held(b'{"id": 1'), held(condition())]
    delivered = Pool([Delivery(content, "prefetch.conditions.entry", "conditions")])
    record = Record(delivered, "Patient/p", dict(STATES))

    assert record.unreadable == ["prefetch.conditions.entry[0]"]
    assert record.states["conditions"] == NeedState("partial", "invalid")
    assert record.incomplete == {"Condition"}
    ((entry, _),) = record.of_type(Condition)
    assert record.partial(entry)


def test_a_resource_of_a_type_that_is_not_needed_is_left_out_and_lowers_nothing() -> None:
    content = [held({"resourceType": "Binary", "id": "b"}), held(condition())]
    delivered = Pool([Delivery(content, "prefetch.conditions.entry", "conditions")])
    record = Record(delivered, "Patient/p", dict(STATES))

    assert [entry.key for entry in record.entries] == ["Condition/c"]
    assert record.unreadable == []
    assert record.states == STATES


def test_a_need_that_was_not_met_stays_as_it_was() -> None:
    unreadable = {**STATES, "conditions": NeedState("unreadable", "timed-out")}
    delivered = Pool([Delivery([held(b"{")], "prefetch.conditions.entry", "conditions")])

    assert Record(delivered, "Patient/p", unreadable).states["conditions"].why == "timed-out"


def test_what_is_set_aside_lowers_the_needs_under_which_it_came() -> None:
    delivered = Pool([Delivery([held(condition(subject="urn:x"))], "prefetch.c", "conditions")])
    record = Record(delivered, "Patient/p", dict(STATES))

    assert record.states["conditions"].state == "partial"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"meta": {"versionId": "2"}}, {"meta": {"versionId": "10"}}),
        (
            {"meta": {"lastUpdated": "2026-01-01T00:00:00Z"}},
            {"meta": {"lastUpdated": "2026-01-02T00:00:00Z"}},
        ),
        ({"status": "preliminary"}, {"status": "final"}),
        ({"status": "final"}, {"status": "corrected"}),
        ({"status": "amended"}, {"status": "entered-in-error"}),
        ({"status": 5}, {"status": "final"}),
    ],
)
def test_of_two_copies_the_newer_counts_in_whatever_order_they_come(
    older: dict[str, Any], newer: dict[str, Any]
) -> None:
    base = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p"}}
    copies = [{**base, **older}, {**base, **newer}]

    for order in (copies, copies[::-1]):
        first = Delivery([held(order[0])], "a", "observationsByCode")
        second = Delivery([held(order[1])], "b", "observationsByCategory")
        ((entry, found),) = Record(Pool([first, second]), "Patient/p", dict(STATES)).of_type(
            Observation
        )
        expected = held(copies[1]).resource
        assert found == expected
        assert entry.needs == {"observationsByCode", "observationsByCategory"}


def test_the_order_of_delivery_does_not_show() -> None:
    resources = [condition("b"), condition("a"), PATIENT]

    assert keys(record_of(*resources)) == keys(record_of(*resources[::-1]))


def test_a_patient_that_was_not_delivered_is_none() -> None:
    assert record_of(condition()).patient is None
    assert keys(record_of(condition())) == ["Condition/c"]


def test_the_json_of_a_resource_is_kept_where_the_bundle_kept_it() -> None:
    (entry,) = pool(PATIENT).entries.values()

    assert entry.raw is not None
    assert json.loads(bytes(entry.raw)) == PATIENT
