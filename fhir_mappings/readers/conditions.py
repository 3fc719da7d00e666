"""Conditions: the cancers they diagnose, and what else they tell."""

from collections.abc import Iterator
from typing import Final, Literal

from msgspec.structs import replace

from fhir_mappings.facts import (
    Course,
    Diagnosis,
    NodeMetastasis,
    Perforation,
    Radiation,
)
from fhir_mappings.findings import Finding, Origin, Reading, concept_code, show
from fhir_mappings.readers.diagnoses import (
    INACTIVE,
    TUMOROUS,
    Tumorous,
    certainty_of,
    is_coded,
    tumorous_of,
    words_of,
)
from fhir_mappings.readers.sites import behaviours, body_sites, diseases
from fhir_mappings.readers.tumor_results import (
    Extent,
    coded_extent,
    concept_histology,
    recurrence,
)
from fhir_mappings.record import Entry
from fhir_mappings.resources import Condition
from fhir_mappings.terminology.lexicon import said

Status = Literal["active", "recurrence", "relapse", "remission", "resolved", "inactive"]
HISTOLOGY: Final = (
    "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
)
_COURSES: Final[tuple[Status, ...]] = (
    "active",
    "recurrence",
    "relapse",
    "remission",
    "resolved",
    "inactive",
)
_SPREAD: Final[tuple[Extent, ...]] = ("local", "regional", "distant", "unspecified")


def read_condition(
    reading: Reading, entry: Entry, condition: Condition
) -> tuple[Tumorous | None, list[Finding]]:
    """Read a Condition: the neoplasm it is, if it is one, and the facts it states."""
    classes = reading.terminology.classes(condition.code)
    words = words_of(condition.code, classes)
    if not classes and TUMOROUS.search(words) is None:
        return None, []  # most conditions are no neoplasm and tell nothing about one
    certainty = certainty_of(condition)
    origin = _origin(reading, entry, condition)
    tumorous = tumorous_of(reading, origin, condition, classes, words, certainty)
    if "unconfirmed" in (certainty, tumorous and tumorous.certainty):
        origin = replace(origin, standing="unconfirmed")
    if certainty == "refuted":
        return tumorous, []
    findings = list(_other_findings(reading, origin, condition, classes, words))
    if tumorous is not None and tumorous.certainty != "history":
        findings += _about_tumor(reading, origin, condition, tumorous, words)
    return tumorous, findings


def _origin(reading: Reading, entry: Entry, condition: Condition) -> Origin:
    period = condition.onset_period
    onset = condition.onset_date_time or (period.start if period else None)
    return Origin(
        entry=entry,
        rank="coded-diagnosis",
        date=onset or condition.recorded_date,
        partial=reading.record.partial(entry),
        links=(entry.key,),
    )


def _about_tumor(
    reading: Reading, origin: Origin, condition: Condition, tumor: Tumorous, words: str
) -> Iterator[Finding]:
    yield from _diagnoses(reading, origin, condition, tumor)
    for number, extension in enumerate(condition.extension or ()):
        if extension.url == HISTOLOGY:
            path = f"extension[{number}].value"
            yield from concept_histology(reading, origin, extension.value_codeable_concept, path)
    recorded = replace(origin, date=condition.recorded_date)
    for status in _COURSES:
        if tumor.status == status:
            evidence = recorded.evidence("clinicalStatus", status)
            yield origin.finding("course", Course(**recorded.shared(evidence), status=status))
    if tumor.status in ("recurrence", "relapse"):
        evidence = recorded.evidence("clinicalStatus", tumor.status or "")
        yield recurrence(recorded, evidence, "unspecified", "status")
    extent = coded_extent(reading.terminology.classes(condition.code))
    evidence = origin.evidence("code", show(condition.code))
    if extent is not None:
        yield recurrence(origin, evidence, extent, "diagnosis")
    elif not is_coded(reading.terminology.classes(condition.code)) and words:
        stated = said("recurrence", words)
        for spread in [one for one in _SPREAD if one in stated][:1]:
            yield recurrence(origin, evidence, spread, "diagnosis")


def _diagnoses(
    reading: Reading, origin: Origin, condition: Condition, tumor: Tumorous
) -> Iterator[Finding]:
    """Yield a diagnosis for each coding, so that codings which contradict each other show."""
    found = False
    for number, coding, sense in reading.senses(condition.code):
        told, what = behaviours(sense.classes), diseases(sense.classes)
        if told or what:
            found = True
            evidence = origin.evidence(
                f"code.coding[{number}]", show(None, coding), mapped=sense.mapped
            )
            fact = Diagnosis(
                **origin.shared(evidence, side=tumor.side),
                organs=tumor.organs,
                behaviours=told,
                diseases=what,
                coded=True,
            )
            yield origin.finding("diagnosis", fact)
    if not found:
        fact = Diagnosis(
            **origin.shared(tumor.evidence, side=tumor.side),
            organs=tumor.organs,
            behaviours=tumor.behaviours,
            diseases=tumor.diseases,
            coded=False,
        )
        yield origin.finding("diagnosis", fact)


def _other_findings(
    reading: Reading,
    origin: Origin,
    condition: Condition,
    classes: frozenset[str],
    words: str,
) -> Iterator[Finding]:
    """Yield what a Condition tells about other things than the tumor it may be."""
    _, which, _ = body_sites(reading.terminology, condition.body_site or ())
    date = condition.recorded_date or origin.date
    recorded = replace(origin, date=date, links=(), side=which)
    evidence = recorded.evidence("code", show(condition.code), text=not classes)
    named = classes or frozenset(f"finding-{one}" for one in said("finding", words))
    active = concept_code(condition.clinical_status) not in INACTIVE
    if "finding-axillary-metastasis" in named and active:
        spread = NodeMetastasis(**recorded.shared(evidence), region="axillary")
        yield Finding(kind="node-metastasis", fact=spread, organs=frozenset({"breast"}), solid=True)
    if "finding-perforation" in named:
        pierced = Perforation(**recorded.shared(evidence), present=True)
        yield Finding(kind="perforation", fact=pierced)
    if not named.isdisjoint({"radiation-history", "finding-radiation-history"}):
        given = Radiation(
            **origin.shared(evidence),
            state="given",
            covers="unspecified",
            technique="other",
            timing="earlier",
            other_cancer=False,
        )
        yield Finding(kind="radiation", fact=given)
