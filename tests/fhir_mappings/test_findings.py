"""What readers share: how values are shown and statuses are read."""

import pytest

from fhir_mappings.elements import CodeableConcept, Coding
from fhir_mappings.findings import concept_code, result_standing, show


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        (Coding(code="77425", display="IORT, electrons"), "IORT, electrons (77425)"),
        (Coding(code="77425"), "77425"),
        (Coding(), ""),
        (Coding(code="1", display="Clear margin (finding)"), "Clear margin (1)"),
    ],
)
def test_a_coding_is_shown_as_a_reader_knows_it(coding: Coding, expected: str) -> None:
    assert show(None, coding) == expected


def test_a_concept_is_shown_by_its_text_else_by_its_codings() -> None:
    codings = [Coding(code="1", display="one"), Coding(code="2")]

    assert show(CodeableConcept(text="words", coding=codings)) == "words"
    assert show(CodeableConcept(coding=codings)) == "one (1); 2"
    assert show(CodeableConcept()) == ""
    assert show(None) == ""


def test_a_status_is_read_from_code_or_text() -> None:
    assert concept_code(CodeableConcept(coding=[Coding(), Coding(code=" active ")])) == "active"
    assert concept_code(CodeableConcept(text=" Active ")) == "active"
    assert concept_code(CodeableConcept()) is None
    assert concept_code(None) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("final", "counts"),
        ("corrected", "counts"),
        ("registered", "preliminary"),
        (None, "preliminary"),
        ("cancelled", None),
    ],
)
def test_only_a_final_result_counts(status: str | None, expected: str | None) -> None:
    assert result_standing(status) == expected
