"""Radiation, surgery and systemic therapy: given, planned, or never given."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal

from msgspec.structs import replace

from fhir_mappings.dates import Span
from fhir_mappings.elements import CodeableConcept, Reference
from fhir_mappings.facts import Radiation, Surgery, SystemicTherapy
from fhir_mappings.findings import Finding, Origin, Reading, date_of, notes_of, show
from fhir_mappings.readers.sites import body_sites, extension_classes, is_pelvic, named, side
from fhir_mappings.readers.statements import read_statements
from fhir_mappings.record import Entry
from fhir_mappings.resources import Condition, MedicationRequest, Procedure, ServiceRequest
from fhir_mappings.terminology.lexicon import said

State = Literal["given", "planned"]
_PROCEDURE: Final[dict[str, State]] = {
    "completed": "given",
    "in-progress": "given",
    "stopped": "given",  # at least a part was given
    "preparation": "planned",
    "on-hold": "planned",
}
_REQUEST: Final = ("draft", "active", "on-hold")
_RADIATION: Final = frozenset(
    ("radiation-any", "radiation-external-beam", "order-iort", "order-brachytherapy")
)
_TREATS: Final = re.compile(
    r"radi|beam|brachy|therapy|EBRT|IMRT|VMAT|\bRT\b|adjuvant|ectomy|excis|resect|surgery|whipple",
    re.IGNORECASE,
)
_WORDS_OF_SURGERY: Final = ("resection", "excision", "ectomy", "lumpectomy", "surgery", "whipple")


def read_procedures(reading: Reading, ordered: Span | None) -> Iterator[Finding]:
    """Read treatments that were given or are prepared, and what their notes state."""
    for entry, procedure in reading.record.of_type(Procedure):
        state = _PROCEDURE.get(procedure.status or "")
        if state is None or _cannot_matter(reading, procedure):
            continue
        origin = _origin(
            reading,
            entry,
            date_of(procedure.performed_date_time, procedure.performed_period),
            procedure.reason_reference,
        )
        classes = reading.terminology.classes(procedure.code) | extension_classes(
            reading.terminology, procedure.extension
        )
        category = reading.terminology.classes(procedure.category)
        organs, which, unknown = body_sites(reading.terminology, procedure.body_site or ())
        origin = replace(origin, side=which or side(classes))
        regions = organs | _reasons(
            reading, procedure.reason_code, procedure.reason_reference, entry
        )
        yield from _treatment(
            origin, procedure.code, classes | category, regions, state, unknown=unknown
        )
        for path, text in notes_of(procedure.note):
            yield from read_statements(origin, path, text, ordered=ordered)


def _cannot_matter(reading: Reading, procedure: Procedure) -> bool:
    """Sort out at once the procedures that are no treatment of ours and have no notes."""
    if procedure.note or procedure.extension or procedure.category:
        return False
    if reading.terminology.classes(procedure.code):
        return False
    return not _treats(_words(procedure.code))


def read_requests(reading: Reading, drafts: frozenset[str]) -> Iterator[Finding]:
    """Read treatments that are ordered, the drafts of the same session among them.

    Args:
        reading: the record.
        drafts: keys of the orders that are being judged; they are no context of themselves.
    """
    for entry, request in reading.record.of_type(ServiceRequest):
        if entry.key in drafts or request.status not in _REQUEST or request.do_not_perform:
            continue
        origin = _origin(reading, entry, request.authored_on, request.reason_reference)
        classes = reading.terminology.classes(request.code) | extension_classes(
            reading.terminology, request.extension
        )
        organs, which, unknown = body_sites(reading.terminology, request.body_site or ())
        origin = replace(origin, side=which or side(classes))
        regions = organs | _reasons(reading, request.reason_code, request.reason_reference, entry)
        surgical = any(
            "category-surgery" in reading.terminology.classes(one) for one in request.category or ()
        )
        extra = frozenset({"category-surgery"} if surgical else ())
        yield from _treatment(
            origin, request.code, classes | extra, regions, "planned", unknown=unknown
        )


def read_medications(reading: Reading) -> Iterator[Finding]:
    """Read systemic therapy that is said to be neoadjuvant."""
    for entry, request in reading.record.of_type(MedicationRequest):
        if request.status in ("entered-in-error", "cancelled", "draft"):
            continue
        concept = request.medication_codeable_concept
        texts = [("medication.text", concept.text)] if concept and concept.text else []
        origin = _origin(reading, entry, request.authored_on, request.reason_reference)
        for path, text in [*texts, *notes_of(request.note)]:
            if said("neoadjuvant", text):
                evidence = origin.evidence(path, text, rank="free-text", text=True)
                fact = SystemicTherapy(**origin.shared(evidence), timing="neoadjuvant")
                yield origin.finding("systemic-therapy", fact)


def _origin(
    reading: Reading, entry: Entry, date: str | None, reasons: Iterable[Reference] | None
) -> Origin:
    found = [reading.record.find(one, entry.key) for one in reasons or ()]
    links = [one.key for one in found if one is not None and isinstance(one.resource, Condition)]
    return Origin(
        entry=entry,
        rank="coded-diagnosis",
        date=date,
        partial=reading.record.partial(entry),
        links=tuple(sorted(links)),
    )


def _reasons(
    reading: Reading,
    codes: Iterable[CodeableConcept] | None,
    references: Iterable[Reference] | None,
    entry: Entry,
) -> frozenset[str]:
    """Return the organs of the diagnoses that a treatment was for."""
    concepts = list(codes or ())
    for reference in references or ():
        found = reading.record.find(reference, entry.key)
        if found is not None and isinstance(found.resource, Condition) and found.resource.code:
            concepts.append(found.resource.code)
    classes: frozenset[str] = frozenset()
    for concept in concepts:
        classes |= named(reading.terminology.classes(concept), "organ-")
    return classes


@lru_cache(maxsize=4096)
def _treats(words: str) -> bool:
    """Tell whether the label of a procedure may be that of a treatment."""
    return _TREATS.search(words) is not None


def _treatment(
    origin: Origin,
    code: CodeableConcept | None,
    classes: frozenset[str],
    regions: frozenset[str],
    state: State,
    *,
    unknown: bool,
) -> Iterator[Finding]:
    words = _words(code)
    if not classes and not _treats(words):
        return
    radiation = not classes.isdisjoint(_RADIATION) or bool(said("radiation", words))
    if radiation and "radiation-plan" not in classes:
        yield _radiation(origin, code, classes, regions, state, unknown=unknown)
    elif not classes.isdisjoint({"surgery-tumor"}) or (
        "category-surgery" in classes and any(one in words.lower() for one in _WORDS_OF_SURGERY)
    ):
        evidence = origin.evidence("code", show(code) or words)
        fact = Surgery(
            **origin.shared(evidence),
            state="done" if state == "given" else "planned",
            pancreatectomy="surgery-pancreatectomy" in classes,
        )
        yield origin.finding("surgery", fact)
    if said("neoadjuvant", words) and not radiation:
        evidence = origin.evidence("code", words, text=True)
        treated = SystemicTherapy(**origin.shared(evidence), timing="neoadjuvant")
        yield origin.finding("systemic-therapy", treated)


def _radiation(
    origin: Origin,
    code: CodeableConcept | None,
    classes: frozenset[str],
    regions: frozenset[str],
    state: State,
    *,
    unknown: bool,
) -> Finding:
    words = _words(code)
    regions |= named(classes, "bodysite-") | frozenset(said("region", words))
    if unknown and not regions:
        regions = frozenset({"elsewhere"})  # a coded site that is none of ours
    if is_pelvic(regions):
        regions |= {"pelvis"}
    external = "radiation-external-beam" in classes or "external-beam" in said("radiation", words)
    evidence = origin.evidence("code", show(code) or words)
    fact = Radiation(
        **origin.shared(evidence),
        state=state,
        covers="unspecified",
        technique="intraoperative"
        if "order-iort" in classes
        else "external-beam"
        if external
        else "other",
        timing="earlier",
        other_cancer=False,
    )
    return replace(origin.finding("radiation", fact), organs=regions)


def _words(code: CodeableConcept | None) -> str:
    """Return text and displays of a code."""
    if code is None:
        return ""
    return ". ".join(
        [code.text or "", *(coding.display or "" for coding in code.coding or ())]
    ).strip(". ")
