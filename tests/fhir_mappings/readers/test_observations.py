"""Observations: the question decides which reader gets the answer."""

from typing import Any

import pytest

from fhir_mappings.facts import Category
from fhir_mappings.readers.observations import read_observations
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, kinds, proof, reading_of


def read(record: Record) -> list[Any]:
    return list(read_observations(reading_of(record), None))


def one(code: str, value: Any = None, **members: Any) -> list[Any]:
    return read(Record().observation(code, value, **members))


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("sct|399504009", "ajcc|cT1c", ["category"]),
        ("sct|395536008", "sct|55182004", ["margin"]),
        ("loinc|21889-1", (12, "mm"), ["tumor-size"]),
        ("loinc|92832-5", (0, "1"), ["category"]),
        ("loinc|21983-2", "Local", ["recurrence"]),
        ("loinc|31206-6", "icdo|8500/3", ["histology"]),
        ("sct|370052007", "sct|10828004", ["histology"]),
        ("Recurrence risk", "high", ["risk"]),
        ("loinc|718-7", (12, "g/dL"), []),
        ("loinc|72166-2", "sct|8517006", []),
        ("sct|399387003", "ajcc|cM0", []),
        ("loinc|97509-4", "sct|271299001", []),
        ("loinc|85336-6", (30, "mm"), []),
        ("Tumor board", "Locally advanced", []),
        ("MRI", "Local recurrence, central", ["recurrence", "zone"]),
    ],
)
def test_each_question_has_its_reader(code: str, value: Any, expected: list[str]) -> None:
    assert kinds(one(code, value)) == expected


def test_a_panel_that_asks_for_nothing_of_ours_tells_nothing() -> None:
    systolic = {"code": concept("loinc|8480-6"), "valueQuantity": {"value": 120, "unit": "mm[Hg]"}}

    assert one("loinc|85354-9", component=[systolic]) == []


def test_a_value_speaks_for_itself_where_the_code_is_none_of_ours() -> None:
    assert kinds(one("sct|12345678", "sct|55182004")) == ["margin"]
    assert kinds(one("sct|12345678", "icdo|8500/3")) == ["histology"]
    assert kinds(one("sct|12345678", "sct|314966008")) == ["recurrence"]
    assert kinds(one("http://x.example|1", "text:No recurrence")) == ["recurrence"]


def test_notes_are_read_even_without_a_value() -> None:
    found = one("loinc|718-7", note=[{"text": "Local recurrence"}, {"text": ""}])

    assert [proof(fact)[1] for fact in facts(found, "recurrence")] == ["Observation.note[0].text"]


def test_the_r_symbol_in_a_component_marks_a_stage_at_recurrence() -> None:
    symbol = {"code": concept("sct|12345678"), "valueCodeableConcept": concept("sct|421188008")}
    (plain,) = facts(one("sct|78873005", "sct|65565005"), "category")
    (again,) = facts(one("sct|78873005", "sct|65565005", component=[symbol]), "category")

    assert isinstance(again, Category)
    assert (plain.phase, again.phase) == ("initial", "recurrence")
    assert kinds(one("sct|395536008", "sct|55182004", component=[symbol])) == ["margin"]


def test_a_site_in_the_code_is_where_the_finding_is() -> None:
    (finding,) = one("sct|314966008", "sct|52101004")

    assert finding.organs == {"rectum"}


@pytest.mark.parametrize(
    ("members", "date"),
    [
        ({"date": "2026-04-20"}, "2026-04-20"),
        ({"date": None, "effectiveInstant": "2026-04-20T10:00:00Z"}, "2026-04-20T10:00:00Z"),
        ({"date": None, "effectivePeriod": {"start": "2026-04-01"}}, "2026-04-01"),
        (
            {"date": None, "effectivePeriod": {"start": "2026-04-01", "end": "2026-04-03"}},
            "2026-04-03",
        ),
        ({"date": None, "effectiveTiming": {"event": ["2026-04-20"]}}, "2026-04-20"),
        ({"date": None, "effectiveTiming": {}}, None),
        ({"date": None, "effectivePeriod": {}}, None),
    ],
)
def test_the_date_is_that_of_the_result(members: dict[str, Any], date: str | None) -> None:
    (fact,) = facts(one("sct|399504009", "ajcc|cT1c", **members), "category")

    assert fact.evidence[0].date == date


def test_a_corrected_result_is_known_as_such() -> None:
    (fact,) = facts(one("sct|399504009", "ajcc|cT1c", status="amended"), "category")

    assert fact.corrected


@pytest.mark.parametrize(
    ("flag", "expected"),
    [("POS", "involved"), ("NEG", "uninvolved"), ("H", None)],
)
def test_an_interpretation_says_yes_or_no(flag: str, expected: str | None) -> None:
    flags = [{"coding": [{"code": flag}, {}]}, {"text": "as seen"}]
    found = facts(one("sct|371488000", None, interpretation=flags), "margin")

    assert [fact.status for fact in found] == ([expected] if expected else [])


def test_evidence_names_version_path_and_words() -> None:
    record = Record().observation(
        "sct|399504009",
        {"valueCodeableConcept": concept("ajcc|cT1c|cT1c (finding)")},
        meta={"versionId": "7"},
    )
    (fact,) = facts(read(record), "category")
    (evidence,) = fact.evidence

    assert evidence.version_id == "7"
    assert proof(fact) == (
        "Observation/observation-1",
        "Observation.value.coding[0]",
        "cT1c",
    )
