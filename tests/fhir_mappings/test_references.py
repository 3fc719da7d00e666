"""References in all the forms of real records."""

import pytest

from fhir_mappings.elements import Identifier, Reference
from fhir_mappings.references import (
    Token,
    full_url,
    local_key,
    same_identifier,
    token,
    token_of,
    type_of,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Condition/1", "Condition/1"),
        (" Condition/1 ", "Condition/1"),
        ("Condition/1/_history/3", "Condition/1"),
        ("https://ehr.example.org/fhir/Condition/a-b.c", "Condition/a-b.c"),
        ("urn:uuid:6f1c1a90-3b7e-4e0b-9d53-1e7a2c4d0001", None),
        ("#inside", None),
        ("condition/1", None),
        ("Condition?identifier=a|b", None),
        ("", None),
        (None, None),
    ],
)
def test_a_literal_reference_names_type_and_id(text: str | None, expected: str | None) -> None:
    assert local_key(text) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (Reference(reference="Patient?identifier=urn:x|7"), Token("urn:x", "7")),
        (Reference(reference="Patient?active=true&identifier=urn:x%7C7"), Token("urn:x", "7")),
        (Reference(reference="Patient?identifier=7"), Token("", "7")),
        (Reference(identifier=Identifier(system="urn:x", value="7")), Token("urn:x", "7")),
        (Reference(identifier=Identifier(system="urn:x")), None),
        (Reference(reference="Patient/1", identifier=Identifier(value="7")), None),
        (Reference(display="someone"), None),
    ],
)
def test_a_conditional_or_logical_reference_asks_for_an_identifier(
    reference: Reference, expected: Token | None
) -> None:
    assert token_of(reference) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient?identifier=7", "Patient"),
        ("https://e.org/fhir/Patient/1", "Patient"),
        ("urn:uuid:1", None),
        (None, None),
    ],
)
def test_the_type_is_known_where_the_reference_says_it(
    text: str | None, expected: str | None
) -> None:
    assert type_of(Reference(reference=text)) == expected


def test_a_missing_system_matches_any() -> None:
    assert same_identifier(Token("a", "1"), Token("", "1"))
    assert same_identifier(Token("a", "1"), Token("a", "1"))
    assert not same_identifier(Token("a", "1"), Token("b", "1"))
    assert not same_identifier(Token("a", "1"), Token("a", "2"))


def test_an_identifier_without_value_identifies_nothing() -> None:
    assert token(None) is None
    assert token(Identifier(system="a")) is None


def test_a_full_url_has_no_version() -> None:
    assert full_url(" https://e.org/Patient/1/_history/2") == "https://e.org/Patient/1"
