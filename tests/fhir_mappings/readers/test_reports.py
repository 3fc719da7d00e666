"""Reports, documents, stages and statements: what stands outside Observations."""

from typing import Any

import pytest

from fhir_mappings.readers.documents import read_documents
from fhir_mappings.readers.reports import read_reports
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, kinds, reading_of

PATHOLOGY = concept("loinc|22637-3")


def report(**members: Any) -> list[Any]:
    content = {"status": "final", "code": PATHOLOGY, "effectiveDateTime": "2026-05-01", **members}
    return list(read_reports(reading_of(Record().add("DiagnosticReport", **content)), None))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("sct|55182004", "margin"),
        ("sct|82711006", "histology"),
        ("ajcc|cT1c", "category"),
        ("sct|38341003", None),
    ],
)
def test_a_coded_conclusion_counts(code: str, kind: str | None) -> None:
    assert kinds(report(conclusionCode=[concept(code)])) == ([kind] if kind else [])


def test_a_conclusion_in_words_counts() -> None:
    found = report(conclusion="pT1c pN0. All margins negative, closest 3 mm.")

    assert kinds(found) == ["category", "category", "margin"]


def test_the_conclusion_of_a_frozen_section_is_one() -> None:
    frozen = {"code": concept("loinc|83321-0")}

    for members in (
        {**frozen, "conclusion": "Margins negative."},
        {**frozen, "conclusionCode": [concept("sct|55182004")]},
        {"code": {"text": "Frozen section"}, "conclusion": "Margins negative."},
    ):
        assert [one.basis for one in facts(report(**members), "margin")] == ["frozen"]


@pytest.mark.parametrize(
    ("status", "standing"),
    [("final", "counts"), ("preliminary", "preliminary"), ("entered-in-error", None)],
)
def test_a_report_counts_by_its_status(status: str, standing: str | None) -> None:
    found = report(status=status, conclusionCode=[concept("sct|55182004")])

    assert [one.fact.standing for one in found] == ([standing] if standing else [])


@pytest.mark.parametrize(
    ("members", "date"),
    [
        ({}, "2026-05-01"),
        ({"effectiveDateTime": None, "effectivePeriod": {"end": "2026-05-02"}}, "2026-05-02"),
        ({"effectiveDateTime": None, "issued": "2026-05-03T00:00:00Z"}, "2026-05-03T00:00:00Z"),
    ],
)
def test_a_report_is_dated_by_its_specimen_else_by_its_issue(
    members: dict[str, Any], date: str
) -> None:
    (finding,) = report(conclusionCode=[concept("sct|55182004")], **members)

    assert finding.fact.evidence[0].date == date


def test_a_specimen_tells_organ_and_side() -> None:
    record = Record().add(
        "DiagnosticReport",
        status="final",
        code=PATHOLOGY,
        conclusionCode=[concept("sct|55182004")],
        specimen=[{"reference": "Specimen/s"}, {"reference": "Specimen/bare"}, {"display": "x"}],
    )
    site = {"bodySite": concept("sct|80248007")}
    record.resources.append({"resourceType": "Specimen", "id": "s", "collection": site})
    record.resources.append({"resourceType": "Specimen", "id": "bare"})
    (finding,) = read_reports(reading_of(record), None)

    assert finding.organs == {"breast"}
    assert finding.fact.side == "left"


def documents(kind: str, **members: Any) -> list[str]:
    found: list[Any] = list(read_documents(reading_of(Record().add(kind, **members))))
    return [one.fact.content for one in found]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"type": concept("loinc|11506-3")}, ["visit-note"]),
        ({"type": concept("loinc|11526-1")}, ["pathology"]),
        ({"type": concept("loinc|18748-4")}, ["imaging"]),
        ({"type": concept("loinc|57133-1")}, []),
        ({"type": None}, []),
        ({"type": concept("loinc|11506-3"), "status": "superseded"}, []),
        ({"type": concept("loinc|11506-3"), "docStatus": "preliminary"}, []),
    ],
)
def test_a_document_counts_by_type_and_status(members: dict[str, Any], expected: list[str]) -> None:
    assert documents("DocumentReference", **{"status": "current", **members}) == expected


def test_a_document_without_date_is_dated_by_its_context() -> None:
    for context, date in (({"period": {"end": "2026-05-01"}}, "2026-05-01"), ({}, None)):
        content = {"status": "current", "type": concept("loinc|11506-3"), "context": context}
        (found,) = read_documents(reading_of(Record().add("DocumentReference", **content)))
        assert found.fact.evidence[0].date == date


def test_reports_and_studies_are_documents() -> None:
    radiology = [concept("loinc|LP29684-5")]

    assert documents("DiagnosticReport", status="final", code=PATHOLOGY) == ["pathology"]
    assert documents(
        "DiagnosticReport", status="final", code={"text": "CT"}, category=radiology
    ) == ["imaging"]
    assert documents("DiagnosticReport", status="cancelled", code=PATHOLOGY) == []
    assert documents("ImagingStudy", status="available") == ["imaging"]
    assert documents("ImagingStudy", status="cancelled") == []
