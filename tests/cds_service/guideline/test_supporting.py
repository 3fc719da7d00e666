"""Documents to submit: on file, not found, or unread; and never decisive."""

from tests.builders import Record, breast, concept
from tests.judging import judge


def documents(record: Record) -> dict[str, str]:
    return {one.id: one.status for one in judge(record).supporting_documents}


def note(date: str, code: str = "loinc|11506-3", **members: object) -> Record:
    return breast().add(
        "DocumentReference", status="current", type=concept(code), date=date, **members
    )


def test_nothing_on_file_is_absent_and_changes_no_determination() -> None:
    assert documents(breast()) == {"DOC-1": "absent", "DOC-2": "absent", "DOC-3": "absent"}
    assert judge(breast()).determination == "likely-covered"


def test_a_visit_note_counts_for_90_days() -> None:
    assert documents(note("2026-03-17T10:00:00Z"))["DOC-1"] == "present"
    assert documents(note("2026-03-16T10:00:00Z"))["DOC-1"] == "absent"
    assert documents(note("2026-03"))["DOC-1"] == "present"
    assert documents(breast().add("DocumentReference", status="current",
                                  type=concept("loinc|11506-3")))["DOC-1"] == "absent"  # fmt: skip


def test_a_superseded_document_is_none() -> None:
    superseded = note("2026-06-01").change(status="superseded")

    assert documents(superseded)["DOC-1"] == "absent"


def test_pathology_and_imaging_are_found_as_reports_and_studies() -> None:
    report = {"status": "final", "effectiveDateTime": "2026-05-01"}
    record = (
        breast()
        .add("DiagnosticReport", code=concept("loinc|22637-3"), **report)
        .add("ImagingStudy", status="available", started="2026-05-01")
    )

    assert documents(record) == {"DOC-1": "absent", "DOC-2": "present", "DOC-3": "present"}


def test_what_could_not_be_read_is_not_absent() -> None:
    record = breast().unread("DocumentReference", "DiagnosticReport")

    assert documents(record) == {
        "DOC-1": "unreadable",
        "DOC-2": "unreadable",
        "DOC-3": "unreadable",
    }
