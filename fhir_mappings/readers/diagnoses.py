"""Conditions: which are cancers, how firm, and what else they tell."""

import re
from collections.abc import Iterator
from typing import Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from fhir_mappings.dates import Span, parse_date
from fhir_mappings.elements import CodeableConcept
from fhir_mappings.facts import (
    Behaviour,
    Certainty,
    Course,
    Diagnosis,
    Disease,
    Evidence,
    NodeMetastasis,
    Organ,
    Perforation,
    Radiation,
    Side,
)
from fhir_mappings.findings import Finding, Origin, Reading, concept_code, show
from fhir_mappings.readers.sites import (
    behaviours,
    body_sites,
    diseases,
    organs,
    side,
    side_in_text,
)
from fhir_mappings.readers.tumor_results import (
    Extent,
    coded_extent,
    concept_histology,
    recurrence,
)
from fhir_mappings.record import Entry
from fhir_mappings.resources import Condition
from fhir_mappings.terminology.lexicon import mentions, said
from fhir_mappings.terminology.systems import normal_code, system_key

Status = Literal["active", "recurrence", "relapse", "remission", "resolved", "inactive"]
HISTOLOGY: Final = (
    "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior"
)
_TUMOROUS: Final = re.compile(
    r"malig|cancer|carcin|sarcom|neoplas|tumou?r|leuk|lymphom|myelom|melanom|blastom|metasta|"
    r"paget|GIST|phyl|in situ|lump|\bmass\b|recurr|radiat",
    re.IGNORECASE,
)
_INACTIVE: Final = ("remission", "resolved", "inactive")
_PRIMARY: Final[frozenset[Behaviour]] = frozenset(("malignant", "invasive", "in-situ"))
_SUBSITES: Final = re.compile(r"(C50|C18|C49|C25)\.([0-7])")
_COURSES: Final[tuple[Status, ...]] = (
    "active",
    "recurrence",
    "relapse",
    "remission",
    "resolved",
    "inactive",
)


class Tumorous(Struct, frozen=True, kw_only=True):
    """A Condition that is about a neoplasm.

    Attributes:
        subsite: the part of the organ, where the code names one.
        status: clinical status code.
        onset, abatement: when it began and ended.
        recurrent: whether it is a recurrence by itself.
        recurred: when the recurrence was found, where that is known.
    """

    key: str
    organs: frozenset[Organ]
    behaviours: frozenset[Behaviour]
    diseases: frozenset[Disease]
    side: Side | None
    subsite: str | None
    certainty: Certainty
    status: str | None
    onset: Span | None
    abatement: Span | None
    recurrent: bool
    evidence: Evidence
    recurred: Span | None = None
    partial: bool = False

    @property
    def primary(self) -> bool:
        """Whether it is a cancer of its own, in situ disease and Paget included."""
        if "secondary" in self.behaviours or self.certainty in ("refuted", "history"):
            return False
        return bool(self.behaviours & _PRIMARY) or "paget" in self.diseases

    @property
    def active(self) -> bool:
        """Whether it is not recorded as over."""
        return self.status not in _INACTIVE


def read_condition(
    reading: Reading, entry: Entry, condition: Condition
) -> tuple[Tumorous | None, list[Finding]]:
    """Read a Condition: the neoplasm it is, if it is one, and the facts it states."""
    classes = reading.terminology.classes(condition.code)
    words = _words(condition.code, classes)
    if not classes and _TUMOROUS.search(words) is None:
        return None, []  # most conditions are no neoplasm and tell nothing about one
    certainty = _certainty(condition)
    origin = _origin(reading, entry, condition)
    if certainty == "unconfirmed":
        origin = replace(origin, standing="unconfirmed")
    tumorous = _tumorous(reading, origin, condition, classes, words, certainty)
    if certainty == "refuted":
        return tumorous, []
    findings = list(_other_findings(reading, origin, condition, classes, words))
    if tumorous is not None and tumorous.certainty != "history":
        findings += _about_tumor(reading, origin, condition, tumorous, words)
    return tumorous, findings


def concept_tumor(
    reading: Reading, origin: Origin, concept: CodeableConcept, path: str
) -> Tumorous | None:
    """Read a reason given by code alone as the neoplasm it names."""
    classes = reading.terminology.classes(concept)
    told, where, what = _meaning(classes, _words(concept, classes))
    if not told and not what:
        return None
    return Tumorous(
        key=f"{origin.entry.key}.{path}",
        organs=where,
        behaviours=told,
        diseases=what,
        side=side(classes) or side_in_text(concept.text),
        subsite=_subsite(concept),
        certainty="history" if "history" in told else "confirmed",
        status=None,
        onset=None,
        abatement=None,
        recurrent=coded_extent(classes) is not None,
        evidence=origin.evidence(path, show(concept), text=not classes),
        partial=origin.partial,
    )


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


def _tumorous(
    reading: Reading,
    origin: Origin,
    condition: Condition,
    classes: frozenset[str],
    words: str,
    certainty: Certainty,
) -> Tumorous | None:
    told, where, what = _meaning(classes, words)
    if not told and not what:
        return None
    sites, site_side, _ = body_sites(reading.terminology, condition.body_site or ())
    named = frozenset(one for one in sites if one in get_args(Organ))
    status = concept_code(condition.clinical_status)
    if "history" in told and certainty != "refuted":
        certainty = "history"
    recurs = coded_extent(classes) is not None
    abated = condition.abatement_date_time or _end(condition)
    return Tumorous(
        key=origin.entry.key,
        organs=where or named,
        behaviours=told,
        diseases=what,
        side=side(classes) or site_side or side_in_text(words),
        subsite=_subsite(condition.code),
        certainty=certainty,
        status=status,
        onset=parse_date(origin.date),
        abatement=parse_date(abated),
        recurrent=recurs or status in ("recurrence", "relapse"),
        recurred=parse_date(origin.date) if recurs else None,
        evidence=origin.evidence("code", show(condition.code), text=not _coded(classes)),
        partial=origin.partial,
    )


def _meaning(
    classes: frozenset[str], words: str
) -> tuple[frozenset[Behaviour], frozenset[Organ], frozenset[Disease]]:
    """Return behaviour, organ and disease: by code, and where no code tells, by words."""
    told, where, what = behaviours(classes), organs(classes), diseases(classes)
    if _coded(classes) or not words or _TUMOROUS.search(words) is None:
        return told, where, what
    found = said("behaviour", words)
    unsure = "suspected" in found or any(
        one.state == "doubtful" for one in mentions("behaviour", words)
    )
    for better in ("history", "secondary", "benign", "in-situ"):
        if better in found:
            found = {better}
    if unsure or (found & {"neoplasm"} and not found & {"malignant", "invasive"}):
        found = (found - {"neoplasm", "suspected"}) or {"unspecified"}
        found = {"unspecified"} if unsure else found
    told = frozenset(one for one in found if one in get_args(Behaviour))
    return told, frozenset(said("organ", words)), frozenset(said("disease", words))


def _coded(classes: frozenset[str]) -> bool:
    return any(one.startswith(("behaviour-", "disease-")) for one in classes)


def _words(concept: CodeableConcept | None, classes: frozenset[str]) -> str:
    """Return text and displays of a code; nothing where ICD-10-CM says that it is no neoplasm."""
    if concept is None:
        return ""
    codings = concept.coding or ()
    if not classes and any(system_key(coding.system) == "icd-10-cm" for coding in codings):
        return ""
    return ". ".join([concept.text or "", *(coding.display or "" for coding in codings)]).strip(
        ". "
    )


def _certainty(condition: Condition) -> Certainty:
    code = concept_code(condition.verification_status)
    if code in ("refuted", "entered-in-error"):
        return "refuted"
    return "confirmed" if code in (None, "confirmed") else "unconfirmed"


def _subsite(concept: CodeableConcept | None) -> str | None:
    for coding in (concept.coding if concept else None) or ():
        system = system_key(coding.system)
        if coding.code and system in ("icd-10-cm", None):
            match = _SUBSITES.match(normal_code("icd-10-cm", coding.code))
            if match:
                return match[0]
    return None


def _end(condition: Condition) -> str | None:
    period = condition.abatement_period
    return (period.end or period.start) if period else None


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
    elif not _coded(reading.terminology.classes(condition.code)) and words:
        stated = said("recurrence", words) - {"none"}
        if stated:
            words_say: Extent = "local" if "local" in stated else "unspecified"
            yield recurrence(origin, evidence, words_say, "diagnosis")


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
            )
            yield origin.finding("diagnosis", fact)
    if not found:
        fact = Diagnosis(
            **origin.shared(tumor.evidence, side=tumor.side),
            organs=tumor.organs,
            behaviours=tumor.behaviours,
            diseases=tumor.diseases,
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
    active = concept_code(condition.clinical_status) not in _INACTIVE
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
