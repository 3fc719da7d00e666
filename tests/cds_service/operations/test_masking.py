"""What is taken out of texts before they leave the process."""

import pytest

from cds_service.faults import place_of
from cds_service.operations.masking import masked, reduced_url, resource_type


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause  # noqa: TRY301
    except BaseException as caught:  # noqa: BLE001
        return caught


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


def test_a_place_names_types_and_functions_but_no_message() -> None:
    place = place_of(raised(ValueError("Smith"), raised(KeyError("Mary"))))
    assert place.startswith("ValueError in raised:")
    assert ", from KeyError in raised:" in place
    assert "Smith" not in place
    assert "Mary" not in place


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert place_of(ValueError("Smith")) == "ValueError"


def test_a_suppressed_cause_is_not_named() -> None:
    def convert() -> None:
        try:
            raise KeyError("Mary")  # noqa: TRY301
        except KeyError:
            raise ValueError("Smith") from None

    with pytest.raises(ValueError, match="Smith") as caught:
        convert()
    assert "KeyError" not in place_of(caught.value)


def test_the_exception_in_whose_handling_another_came_is_named() -> None:
    def fail() -> None:
        try:
            raise KeyError("Mary")  # noqa: TRY301
        except KeyError as error:
            raise ValueError(error.args)  # noqa: B904

    with pytest.raises(ValueError, match="Mary") as caught:
        fail()
    assert ", from KeyError in fail:" in place_of(caught.value)


def test_a_chain_of_causes_ends() -> None:
    error: BaseException = ValueError()
    for _ in range(10):
        error = raised(ValueError(), error)
    assert place_of(error).count("ValueError") == 4


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
