"""Documents that the guideline wants submitted: present, absent or unreadable; never deciding."""

from typing import Final, Literal

from msgspec import Struct

from cds_service.guideline.model import Document, Guideline
from fhir_mappings.facts import Case, Evidence, Fact, Source
from fhir_mappings.facts import Document as DocumentFact

DocumentStatus = Literal["present", "absent", "unreadable"]
_SOURCES: Final[dict[str, frozenset[Source]]] = {
    "visit-note": frozenset(("DocumentReference",)),
    "pathology": frozenset(("DocumentReference", "DiagnosticReport")),
    "imaging": frozenset(("DocumentReference", "DiagnosticReport", "ImagingStudy")),
}


class Supporting(Struct, frozen=True):
    """Whether a document is on file."""

    document: Document
    status: DocumentStatus
    evidence: tuple[Evidence, ...] = ()


def supporting_documents(guideline: Guideline, case: Case) -> tuple[Supporting, ...]:
    """Tell which documents are on file on the day of judging."""
    return tuple(_supporting(document, case) for document in guideline.documents)


def _supporting(document: Document, case: Case) -> Supporting:
    found = [
        fact
        for fact in case.facts.get("document", ())
        if isinstance(fact, DocumentFact)
        and fact.content == document.kind
        and _recent(document, fact, case)
    ]
    if found:
        evidence = tuple(one for fact in found for one in fact.evidence)
        return Supporting(document, "present", evidence)
    unread = not _SOURCES[document.kind].isdisjoint(case.incomplete)
    return Supporting(document, "unreadable" if unread else "absent")


def _recent(document: Document, fact: Fact, case: Case) -> bool:
    if document.within_days is None:
        return True
    today = case.evaluated_on.toordinal()
    return fact.when is not None and fact.when.last >= today - document.within_days
