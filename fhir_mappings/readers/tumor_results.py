"""Histology, invasion, size, node counts, type and risk of recurrence, from results."""

from collections.abc import Iterator
from typing import Literal

from fhir_mappings.decode import read_concepts
from fhir_mappings.elements import CodeableConcept
from fhir_mappings.facts import (
    Behaviour,
    Category,
    Disease,
    Evidence,
    Histology,
    NotUnderstood,
    Recurrence,
    Risk,
    TumorSize,
)
from fhir_mappings.findings import Finding, Origin, Reading, show
from fhir_mappings.margin_text import lengths_in, millimetres
from fhir_mappings.readers.results import Result
from fhir_mappings.readers.sites import behaviours, diseases
from fhir_mappings.resources import Observation
from fhir_mappings.terminology.lexicon import mentions, said

Extent = Literal["local", "regional", "distant", "unspecified", "none"]
_EXTENTS: tuple[Extent, ...] = ("none", "local", "regional", "distant", "unspecified")
_TOLD: frozenset[Behaviour] = frozenset(("invasive", "in-situ", "benign", "uncertain"))


def read_histology(reading: Reading, origin: Origin, result: Result) -> Iterator[Finding]:
    """Read histology and behaviour from a result, or the status of invasion."""
    if "obs-invasion" in result.classes:
        yield from _invasion(reading, origin, result)
        return
    found = list(concept_histology(reading, origin, result.concept, result.value_path))
    yield from found
    asked = "obs-histology" in result.classes or "histology" in result.questions
    if found or not asked:
        return
    for path, text in result.texts:
        told, named = text_histology(text)
        if told or named:
            evidence = origin.evidence(path, text, rank="pathology", text=True)
            yield _histology(origin, evidence, told, named)
            return
    if result.has_value and not result.absent:
        evidence = origin.evidence(result.value_path, show(result.concept) or "a value")
        fact = NotUnderstood(**origin.shared(evidence), about="histology")
        yield origin.finding("not-understood", fact)


def concept_histology(
    reading: Reading, origin: Origin, concept: CodeableConcept | None, path: str
) -> Iterator[Finding]:
    """Read the morphology codes of a concept."""
    for number, coding, sense in reading.senses(concept):
        told = behaviours(sense.classes) & _TOLD
        named = diseases(sense.classes)
        if told or named:
            evidence = origin.evidence(
                f"{path}.coding[{number}]",
                show(None, coding),
                rank="pathology",
                mapped=sense.mapped,
            )
            yield _histology(origin, evidence, told, named)


def text_histology(text: str) -> tuple[frozenset[Behaviour], frozenset[Disease]]:
    """Read behaviour and disease from the words of a histology."""
    told: set[Behaviour] = said("behaviour", text) & {"invasive", "in-situ", "benign"}
    named: set[Disease] = said("disease", text)
    return frozenset(told), frozenset(named)


def read_size(origin: Origin, result: Result) -> Iterator[Finding]:
    """Read the largest dimension of the tumor."""
    distance = millimetres(result.quantity)
    shown = ""
    if distance is not None and result.quantity is not None:
        shown = f"{result.quantity.value:g} {result.quantity.unit or result.quantity.code}"
    for _, text in result.texts if distance is None else ():
        distance, shown = lengths_in(text), text
    if distance is None:
        return
    observation = origin.entry.resource
    assert isinstance(observation, Observation)
    laboratory = any(
        coding.code == "laboratory"
        for concept in read_concepts(observation.category)
        for coding in concept.coding or ()
    )
    specimen = observation.specimen is not None
    evidence = origin.evidence(
        result.value_path,
        shown,
        rank="pathology" if laboratory or specimen else "clinical-staging",
        text=result.quantity is None,
    )
    high = distance.high if distance.high is not None else float("inf")
    fact = TumorSize(**origin.shared(evidence), smallest=distance.low, largest=high)
    yield origin.finding("tumor-size", fact, solid=True)


def read_nodes(origin: Origin, result: Result) -> Iterator[Finding]:
    """Read the number of sentinel nodes with metastasis: none is pN0, any is node positive."""
    count = result.quantity.value if result.quantity else None
    if count is None:
        return
    evidence = origin.evidence(
        result.value_path, f"{count:g} sentinel nodes with metastasis", rank="pathology"
    )
    fact = Category(
        **origin.shared(evidence),
        axis="N",
        stem="N1" if count > 0 else "N0",
        detail="",
        basis="pathological",
        phase="initial",
    )
    yield origin.finding("category", fact, solid=True)


def read_recurrence(reading: Reading, origin: Origin, result: Result) -> Iterator[Finding]:
    """Read the type of recurrence that a result states."""
    extents: list[tuple[Extent, str, str, bool]] = []
    for number, coding, sense in reading.senses(result.concept):
        path = f"{result.value_path}.coding[{number}]"
        extent = coded_extent(sense.classes)
        if extent:
            extents.append((extent, path, show(None, coding), False))
    texts = result.texts or [
        (f"{result.value_path}.coding[{n}].display", coding.display or "")
        for n, coding in enumerate((result.concept.coding if result.concept else None) or ())
    ]
    for path, text in texts if not extents else ():
        found = {one.meaning for one in mentions("recurrence-type", text) if one.state == "said"}
        denied = [one for one in mentions("recurrence-type", text) if one.state == "denied"]
        extent = next((one for one in _EXTENTS if one in found), "none" if denied else None)
        if extent:
            extents.append((extent, path, text, True))
    extents += _asserted(reading, result)
    for extent, path, shown, worded in extents:
        evidence = origin.evidence(path, shown, text=worded)
        yield recurrence(origin, evidence, extent, "result")
    if not extents and result.has_value and not result.absent:
        evidence = origin.evidence(result.value_path, show(result.concept) or "a value")
        fact = NotUnderstood(**origin.shared(evidence), about="recurrence")
        yield origin.finding("not-understood", fact)


def _asserted(reading: Reading, result: Result) -> list[tuple[Extent, str, str, bool]]:
    """Read a yes or no to a recurrence; a finding for a code and no value at all says yes."""
    asked = coded_extent(result.classes)
    present = result.present
    shown = str(present).lower()
    for _, coding, sense in reading.senses(result.concept):
        if "value-present" in sense.classes or "value-absent" in sense.classes:
            present, shown = "value-present" in sense.classes, show(None, coding)
    if present is not None:
        return [((asked or "unspecified") if present else "none", result.value_path, shown, False)]
    if asked is not None and not result.has_value and not result.absent:
        return [(asked, "code", show(result.code), False)]
    return []


def coded_extent(classes: frozenset[str]) -> Extent | None:
    """Return the extent of recurrence that a code names."""
    if "recurrence-local" in classes:
        return "local"
    return "unspecified" if "recurrence-any" in classes else None


def recurrence(
    origin: Origin,
    evidence: Evidence,
    extent: Extent,
    stated: Literal["status", "diagnosis", "result"],
) -> Finding:
    """Make the finding for a statement about recurrence."""
    fact = Recurrence(**origin.shared(evidence), extent=extent, stated=stated)
    return origin.finding("recurrence", fact)


def read_risk(reading: Reading, origin: Origin, result: Result) -> Iterator[Finding]:
    """Read the risk of recurrence, where the code asks for it."""
    for number, coding, sense in reading.senses(result.concept):
        for level in ("high", "low"):
            if f"risk-{level}" in sense.classes:
                path = f"{result.value_path}.coding[{number}]"
                yield risk(origin, origin.evidence(path, show(None, coding)), level)
                return
    for path, text in result.texts:
        levels = said("risk-level", text)
        if len(levels) == 1:
            yield risk(origin, origin.evidence(path, text, text=True), levels.pop())
            return


def risk(origin: Origin, evidence: Evidence, level: str) -> Finding:
    """Make the finding for a statement about the risk of recurrence."""
    fact = Risk(**origin.shared(evidence), level="high" if level == "high" else "low")
    return origin.finding("risk", fact)


def _invasion(reading: Reading, origin: Origin, result: Result) -> Iterator[Finding]:
    for number, coding, sense in reading.senses(result.concept):
        present = "value-present" in sense.classes
        if present or "value-absent" in sense.classes:
            evidence = origin.evidence(
                f"{result.value_path}.coding[{number}]", show(None, coding), rank="pathology"
            )
            told: frozenset[Behaviour] = frozenset(("invasive" if present else "in-situ",))
            yield _histology(origin, evidence, told, frozenset())


def _histology(
    origin: Origin,
    evidence: Evidence,
    told: frozenset[Behaviour],
    named: frozenset[Disease],
) -> Finding:
    fact = Histology(**origin.shared(evidence), behaviours=told, diseases=named)
    return origin.finding("histology", fact)
