"""T and N, wherever they stand."""

from typing import Any

import pytest

from fhir_mappings.facts import Category
from fhir_mappings.readers.observations import read_observations
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, reading_of


def categories(code: str, value: Any = None, **members: Any) -> list[Category]:
    record = Record().observation(code, value, **members)
    return facts(read_observations(reading_of(record), None), "category")


@pytest.mark.parametrize(
    ("code", "value", "basis"),
    [
        ("sct|399504009", "sct|23351008", "clinical"),
        ("sct|384625004", "sct|23351008", "pathological"),
        ("sct|78873005", "sct|23351008", "unstated"),
        ("sct|399504009", "ajcc|pT1", "pathological"),
        ("cT", "T1", "clinical"),
        ("pT category", "T1", "pathological"),
        ("T category", "T1", "unstated"),
        ("sct|399534004", "ajcc|N0", "clinical"),
        ("pN", "N0", "pathological"),
    ],
)
def test_the_class_is_in_the_value_or_in_the_code(code: str, value: str, basis: str) -> None:
    assert [one.basis for one in categories(code, value)] == [basis]


def test_pathology_outranks_clinical_staging() -> None:
    (clinical,), (pathological,) = (
        categories("sct|399504009", "ajcc|cT1"),
        categories("sct|384625004", "ajcc|pT1"),
    )

    assert (clinical.rank, pathological.rank) == ("clinical-staging", "pathology")


def test_a_text_that_repeats_its_coding_adds_nothing() -> None:
    value = {"valueCodeableConcept": concept("ajcc|cT1c", text="cT1c category")}

    assert len(categories("sct|399504009", value)) == 1


def test_a_display_is_read_where_the_code_is_unknown() -> None:
    (fact,) = categories("sct|399504009", "http://x.example|7|T1b tumor")

    assert (fact.stem, fact.detail) == ("T1", "b")
    assert fact.evidence[0].text_derived


def test_two_categories_in_one_text_are_both_read() -> None:
    found = categories("sct|12345678", "cT1c cN0")

    assert [one.stem for one in found] == ["T1", "N0"]
    assert {one.rank for one in found} == {"free-text"}


@pytest.mark.parametrize(
    ("value", "method", "stems"),
    [
        ("ajcc|0", None, ["Tis"]),
        ("text:Stage 0", None, ["Tis"]),
        ("text:Stage IA", "443830009", ["T1", "N0"]),
        ("text:Stage IA", "897275008", []),
        ("text:Stage IA", None, []),
        ("text:Stage IIB", "443830009", []),
    ],
)
def test_a_stage_group_implies_only_what_its_edition_makes_certain(
    value: str, method: str | None, stems: list[str]
) -> None:
    members = {"method": concept(f"sct|{method}")} if method else {}

    assert [one.stem for one in categories("loinc|21908-9", value, **members)] == stems


def test_a_reason_for_no_value_is_not_a_value_that_was_not_understood() -> None:
    absent = {"dataAbsentReason": concept("http://x.example|unknown")}
    coded = concept("http://terminology.hl7.org/CodeSystem/data-absent-reason|unknown")

    for value in (absent, {"valueCodeableConcept": coded}):
        record = Record().observation("sct|399504009", value)
        assert not list(read_observations(reading_of(record), None))
