"""What is taken out of texts before they leave the process."""

import pytest

from cds_service.operations.masking import masked, reduced_url, resource_type


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer …"),
        ("basic dXNlcjpwYXNz, then", "basic …, then"),
        ("token eyJhbGciOi.eyJpc3Mi.c2ln was sent", "token … was sent"),
        ("GET https://ehr/fhir/Patient?name=Smith&x=1 200", "GET https://ehr/fhir/Patient?… 200"),
        ('GET "/fhir/Patient/smith-1"', 'GET "/fhir/Patient/…"'),
        ("of ServiceRequest/12", "of ServiceRequest/…"),
        ("postgresql://cds:secret@db/x", "postgresql://…@db/x"),
        ("patient=123&code=1", "patient=…&code=1"),
        ("access_token=abc; password=def", "access_token=…; password=…"),
        ("a lone \ud800", "a lone ?"),
        ("Was it ok? Yes, in America/Chicago", "Was it ok? Yes, in America/Chicago"),
    ],
)
def test_masked(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/fhir/Patient/123", "Patient"),
        ("/fhir/Observation", "Observation"),
        ("/fhir/PatientSmith", None),
        ("/fhir/Smith/1", None),
        ("/", None),
    ],
)
def test_resource_type(path: str, found: str | None) -> None:
    assert resource_type(path) == found


@pytest.mark.parametrize(
    ("url", "reduced"),
    [
        ("https://ehr/r4/tenant/Patient/123?_format=json#x", "https://ehr/Patient"),
        ("http://user:secret@ehr:8080/fhir/Observation?patient=1", "http://ehr:8080/Observation"),
        ("https://ehr/.well-known/jwks.json?x=1", "https://ehr"),
        ("https://ehr:port/Patient/1", ""),
    ],
)
def test_reduced_url(url: str, reduced: str) -> None:
    assert reduced_url(url) == reduced
