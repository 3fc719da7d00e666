"""Free text: what the lexicon knows, always marked as read from text."""

from typing import Any

import pytest

from fhir_mappings.findings import Origin
from fhir_mappings.readers.statements import read_statements
from tests.builders import Record
from tests.fhir_mappings.reading import facts, kinds, reading_of


def read(text: str, context: str = "") -> list[Any]:
    reading = reading_of(Record().observation("MRI", text))
    entry = reading.record.entries[0]
    origin = Origin(entry=entry, rank="clinical-staging", date="2026-05-01")
    return list(read_statements(origin, "value", text, ordered=None, context=context))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cT1c cN0", ["category", "category"]),
        ("Local recurrence", ["recurrence"]),
        ("Central pelvic recurrence", ["recurrence", "zone"]),
        ("Perforated tumor", ["perforation"]),
        ("Unresectable", ["resectability"]),
        ("High risk of local recurrence", ["risk"]),
        ("Margins negative", ["margin"]),
        ("Close margin anticipated", ["margin"]),
        ("Prior pelvic radiation", ["radiation"]),
        ("Neoadjuvant FOLFOX", ["systemic-therapy"]),
        ("Blood pressure stable", []),
        ("Central line placed", []),
        ("No recurrence, no perforation, margins not assessed", ["margin", "recurrence"]),
    ],
)
def test_each_statement_makes_its_fact(text: str, expected: list[str]) -> None:
    found = read(text)

    assert kinds(found) == expected
    assert all(one.fact.evidence[0].text_derived for one in found)
    assert all(one.fact.rank == "free-text" for one in found)


@pytest.mark.parametrize(
    ("text", "extent"),
    [
        ("Local and distant recurrence", "local"),
        ("Recurrence", "unspecified"),
        ("No recurrence", "none"),
        ("Newly diagnosed", "none"),
        ("Newly diagnosed recurrence", "unspecified"),
        ("Possible recurrence", None),
        ("Risk of recurrence discussed", None),
    ],
)
def test_recurrence_in_words_has_an_extent(text: str, extent: str | None) -> None:
    found = [one.extent for one in facts(read(text), "recurrence")]

    assert found == ([extent] if extent else [])


@pytest.mark.parametrize(
    ("text", "state", "technique", "organs"),
    [
        ("Radiation-naive", "never", "other", set()),
        ("Prior pelvic EBRT", "given", "external-beam", {"pelvis"}),
        ("EBRT planned", "planned", "external-beam", set()),
        ("Prior radiation to the rectum", "given", "other", {"pelvis"}),
    ],
)
def test_radiation_in_words_has_state_technique_and_place(
    text: str, state: str, technique: str, organs: set[str]
) -> None:
    (finding,) = read(text)

    assert (finding.fact.state, finding.fact.technique) == (state, technique)
    assert organs <= finding.organs


def test_the_question_may_tell_where_the_zone_is_meant() -> None:
    assert kinds(read("central", context="MRI pelvis")) == ["zone"]
    assert kinds(read("central", context="MRI brain")) == []
