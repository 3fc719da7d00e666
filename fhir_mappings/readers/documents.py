"""Documents: that they exist, of what kind and date. Their content is not read."""

from collections.abc import Iterator
from typing import Final, Literal

from fhir_mappings.elements import CodeableConcept
from fhir_mappings.facts import Document
from fhir_mappings.findings import Finding, Origin, Reading, date_of, show
from fhir_mappings.record import Entry
from fhir_mappings.resources import DiagnosticReport, DocumentReference, ImagingStudy

Content = Literal["visit-note", "pathology", "imaging"]
_CONTENTS: Final[tuple[Content, ...]] = ("visit-note", "pathology", "imaging")
_DRAFT: Final = ("preliminary", "entered-in-error")
_NEVER: Final = ("entered-in-error", "cancelled", "registered")


def read_documents(reading: Reading) -> Iterator[Finding]:
    """Yield the documents of a record."""
    for entry, document in reading.record.of_type(DocumentReference):
        if document.status == "current" and document.doc_status not in _DRAFT:
            period = document.context.period if document.context else None
            date = document.date or date_of(None, period)
            yield from _documents(reading, entry, "type", [document.type], date)
    for entry, report in reading.record.of_type(DiagnosticReport):
        if report.status not in _NEVER:
            date = date_of(report.effective_date_time, report.effective_period) or report.issued
            concepts = [report.code, *(report.category or ())]
            yield from _documents(reading, entry, "code", concepts, date)
    for entry, study in reading.record.of_type(ImagingStudy):
        if study.status not in _NEVER:
            yield _document(reading, entry, "status", study.status or "", study.started, "imaging")


def _documents(
    reading: Reading,
    entry: Entry,
    path: str,
    concepts: list[CodeableConcept | None],
    date: str | None,
) -> Iterator[Finding]:
    classes = frozenset().union(*(reading.terminology.classes(one) for one in concepts))
    for content in _CONTENTS:
        if f"document-{content}" in classes:
            yield _document(reading, entry, path, show(concepts[0]), date, content)


def _document(
    reading: Reading, entry: Entry, path: str, value: str, date: str | None, content: Content
) -> Finding:
    partial = reading.record.partial(entry)
    origin = Origin(entry=entry, rank="free-text", date=date, partial=partial)
    fact = Document(**origin.shared(origin.evidence(path, value)), content=content)
    return Finding(kind="document", fact=fact)
