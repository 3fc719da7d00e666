"""Whatever stands wherever in a request, there is an answer: cards, or what is wrong with it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import breast, concept
from tests.cds_service.api.calling import post, request_of

Path = tuple[Any, ...]
RECORD = (
    breast()
    .observation("MRI", "Close margin anticipated", focus="condition-1")
    .procedure("sct|392021009", bodySite=[concept("sct|76752008")])
    .add("DiagnosticReport", status="final", code=concept("loinc|11526-1"), conclusion="clear")
    .add("MedicationRequest", status="active", intent="order", medicationCodeableConcept={})
    .add("Specimen", collection={"bodySite": concept("sct|80248007")})
    .add("Coverage", status="active", payor=[{"display": "Plan"}], period={"start": "2020"})
    .add("DocumentReference", status="current", date="2026-06-01T00:00:00Z")
    .add("ImagingStudy", status="available", started="2026-05-01")
)
REQUEST = request_of(RECORD)
REQUEST["fhirServer"] = "https://ehr.example.org/fhir"
REQUEST["fhirAuthorization"] = {
    "access_token": "t",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "iort-cds",
    "patient": "p",
}
REQUEST["context"]["selections"] = ["ServiceRequest/servicerequest-1"]
REQUEST["context"]["dispatchedOrders"] = ["ServiceRequest/servicerequest-1"]


def places(content: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from places(value, (*path, key))


PLACES = list(places(REQUEST))[1:]
ODD = st.one_of(
    st.sampled_from(
        [None, True, 0, -1, 1e308, 2**70, "", " ", "#", "\x00", "Patient/", "urn:uuid:", [], {}]
    ),
    st.sampled_from([[None], [[]], [{}], {"": ""}, {"value": {}}, {"resourceType": "Patient"}]),
    st.sampled_from(
        ["²", "2026-02-30", "0000", "9999-12-31", "Patient?identifier=|", "-0", "é" * 9]
    ),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    ),
)


def changed(changes: list[tuple[Path, Any]]) -> Any:
    request = deepcopy(REQUEST)
    for path, odd in changes:
        inner: Any = request
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = odd
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return request


def answered(body: Any) -> bool:
    """Tell whether a body got cards, or a member of it was named as wrong."""
    response = post(body)
    content = response.json()
    if response.status_code == 400:
        return bool(content["resourceType"] == "OperationOutcome")
    return "cards" in content and "an error in this service" not in response.text


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4))
def test_odd_values_anywhere_never_break_the_service(changes: list[tuple[Path, Any]]) -> None:
    assert answered(changed(changes))


@settings(max_examples=100)
@given(st.integers(0, len(json.dumps(REQUEST)) - 1), st.binary(max_size=3))
def test_broken_bytes_anywhere_never_break_the_service(at: int, odd: bytes) -> None:
    body = json.dumps(REQUEST).encode()

    assert answered(body[:at] + odd + body[at + len(odd) + 1 :])


@settings(max_examples=50)
@given(ODD)
def test_whatever_is_sent_as_body_there_is_an_answer(body: Any) -> None:
    assert answered(body)
