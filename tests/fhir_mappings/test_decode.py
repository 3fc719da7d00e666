"""Dirty FHIR costs the element that is dirty, and nothing beside it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.decode import decode_resource, read_concepts, read_meta
from fhir_mappings.resources import Condition, Observation, Patient, Resource, ServiceRequest


def decoded(content: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    found = decode_resource(json.dumps(content).encode())
    return found.resource, found.dropped


def test_a_clean_resource_is_read_as_it_is() -> None:
    resource, dropped = decoded({"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01"})

    assert isinstance(resource, Patient)
    assert (resource.id, resource.birth_date, dropped) == ("p", "1960-01-01", ())


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"null", b"3", b'{"a": 1}', b'{"x": "\xff"}'])
def test_what_is_no_resource_is_none_and_never_an_error(raw: bytes) -> None:
    found = decode_resource(raw)

    assert (found.resource, found.type) == (None, None)


def test_a_type_that_is_not_read_is_named() -> None:
    found = decode_resource(b'{"resourceType": "Binary", "data": 3}')

    assert (found.resource, found.type) == (None, "Binary")


def test_nesting_beyond_reason_is_unreadable() -> None:
    deep = b'{"resourceType": "Patient", "contained": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    assert decode_resource(deep).resource is None


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("code", "cancer", "Condition.code"),
        ("code", {"coding": "C50"}, "Condition.code.coding[0]"),
        ("onsetDateTime", {"value": "2026"}, "Condition.onsetDateTime"),
        ("subject", ["a", "b"], "Condition.subject"),
        ("bodySite", 7, "Condition.bodySite[0]"),
    ],
)
def test_an_element_of_a_wrong_type_is_left_out_and_named(
    member: str, value: Any, place: str
) -> None:
    content = {"resourceType": "Condition", "id": "c", "recordedDate": "2026", member: value}
    resource, dropped = decoded(content)

    assert isinstance(resource, Condition)
    assert (resource.id, resource.recorded_date) == ("c", "2026")
    assert dropped == (place,)


def test_an_object_counts_as_an_array_of_one_and_an_array_of_one_as_an_object() -> None:
    content = {
        "resourceType": "Condition",
        "code": [{"coding": {"system": "s", "code": 4}}],
        "bodySite": {"text": "left"},
    }
    resource, dropped = decoded(content)

    assert resource.code.coding[0].code == "4"
    assert resource.body_site[0].text == "left"
    assert dropped == ()


@pytest.mark.parametrize(
    ("value", "expected"), [("2.5", 2.5), ("nan", None), ("inf", None), ("two", None), (True, None)]
)
def test_a_number_as_text_counts_if_it_is_one(value: Any, expected: float | None) -> None:
    content = {"resourceType": "Observation", "valueQuantity": {"value": value}, "id": 5}
    resource, _ = decoded(content)

    assert isinstance(resource, Observation)
    assert resource.value_quantity is not None
    assert resource.value_quantity.value == expected


@pytest.mark.parametrize(("value", "expected"), [(True, True), ("true", True), ("maybe", None)])
def test_a_truth_value_as_text_counts_if_it_is_one(value: Any, expected: bool | None) -> None:
    content = {"resourceType": "ServiceRequest", "doNotPerform": value, "id": 5}
    resource, _ = decoded(content)

    assert isinstance(resource, ServiceRequest)
    assert resource.do_not_perform == expected


def test_null_is_absence() -> None:
    resource, dropped = decoded({"resourceType": "Condition", "id": 1, "code": None})

    assert (resource.code, dropped) == (None, ())


def test_metadata_and_lists_that_are_read_late_cannot_fail() -> None:
    content = {"resourceType": "Observation", "id": 7, "meta": "odd", "category": {"text": "x"}}
    resource, _ = decoded(content)
    clean, _ = decoded(
        {
            "resourceType": "Observation",
            "meta": {"versionId": "3"},
            "category": [{"text": "exam"}],
        }
    )

    assert read_meta(resource).version_id is None
    assert read_concepts(resource.category) == []
    assert read_meta(clean).version_id == "3"
    assert [one.text for one in read_concepts(clean.category)] == ["exam"]
    assert read_concepts(clean.interpretation) == []


NAMES = ["id", "meta", "code", "subject", "status", "valueQuantity", "component", "contained"]
NAMES += ["bodySite", "stage", "onsetDateTime", "birthDate", "occurrenceTiming", "focus"]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)


@given(
    st.sampled_from(["Patient", "Condition", "Observation", "ServiceRequest", "Procedure"]),
    st.dictionaries(st.sampled_from(NAMES), anything),
)
def test_no_content_whatever_is_an_error(kind: str, content: dict[str, Any]) -> None:
    found = decode_resource(json.dumps({**content, "resourceType": kind}).encode())

    assert isinstance(found.resource, Resource)
    assert found.type == kind
