"""Diagnoses: which neoplasm a Condition, or a reason given by code alone, names, and how firm."""

import re
from typing import Any, Final, NamedTuple, get_args

from msgspec import Struct

from fhir_mappings.dates import Span, parse_date
from fhir_mappings.elements import CodeableConcept
from fhir_mappings.facts import (
    Behaviour,
    Certainty,
    Disease,
    Evidence,
    Organ,
    Side,
)
from fhir_mappings.findings import Origin, Reading, concept_code, show
from fhir_mappings.readers.sites import (
    behaviours,
    body_sites,
    diseases,
    organs,
    side,
    side_in_text,
)
from fhir_mappings.readers.tumor_results import (
    coded_extent,
)
from fhir_mappings.resources import Condition
from fhir_mappings.terminology.lexicon import Mention, mentions
from fhir_mappings.terminology.systems import normal_code, system_key

TUMOROUS: Final = re.compile(
    r"malig|cancer|carcin|sarcom|neoplas|tumou?r|leuk|lymphom|myelom|melanom|blastom|metasta|"
    r"paget|GIST|phyl|in situ|lump|\bmass\b|recurr|radiat",
    re.IGNORECASE,
)
INACTIVE: Final = ("remission", "resolved", "inactive")
_PRIMARY: Final[frozenset[Behaviour]] = frozenset(("malignant", "invasive", "in-situ"))
_SUBSITES: Final = re.compile(r"(C50|C18|C49|C25)\.([0-7])")


class _Meaning(NamedTuple):
    """What a diagnosis means; `unsure` where its words only suspect it."""

    behaviours: frozenset[Behaviour]
    organs: frozenset[Organ]
    diseases: frozenset[Disease]
    unsure: bool = False


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
        return self.status not in INACTIVE


def concept_tumor(
    reading: Reading, origin: Origin, concept: CodeableConcept, path: str
) -> Tumorous | None:
    """Read a reason given by code alone as the neoplasm it names."""
    classes = reading.terminology.classes(concept)
    told, where, what, unsure = _meaning(classes, words_of(concept, classes))
    if not told and not what:
        return None
    firm: Certainty = "unconfirmed" if unsure else "confirmed"
    return Tumorous(
        key=f"{origin.entry.key}.{path}",
        organs=where,
        behaviours=told,
        diseases=what,
        side=side(classes) or side_in_text(concept.text),
        subsite=_subsite(concept),
        certainty="history" if "history" in told else firm,
        status=None,
        onset=None,
        abatement=None,
        recurrent=coded_extent(classes) is not None,
        evidence=origin.evidence(path, show(concept), text=not is_coded(classes)),
        partial=origin.partial,
    )


def tumorous_of(
    reading: Reading,
    origin: Origin,
    condition: Condition,
    classes: frozenset[str],
    words: str,
    certainty: Certainty,
) -> Tumorous | None:
    """Read a Condition as the neoplasm it names, None where it names none.

    Args:
        reading: the record.
        origin: where the Condition stands, dated by its onset.
        condition: the Condition.
        classes: what its code means.
        words: its text and displays.
        certainty: how firm it is, by its verification status.
    """
    told, where, what, unsure = _meaning(classes, words)
    if not told and not what:
        return None
    if unsure and certainty == "confirmed":
        certainty = "unconfirmed"
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
        evidence=origin.evidence("code", show(condition.code), text=not is_coded(classes)),
        partial=origin.partial,
    )


def _meaning(classes: frozenset[str], words: str) -> _Meaning:
    """Return what a diagnosis means: by code, and where no code tells, by words."""
    coded = _Meaning(behaviours(classes), organs(classes), diseases(classes))
    if is_coded(classes) or not words or TUMOROUS.search(words) is None:
        return coded
    stated = mentions("behaviour", words)
    unsure = any(one.state == "doubtful" or one.meaning == "suspected" for one in stated)
    found = _not_denied(stated) - {"suspected"}
    for better in ("history", "secondary", "benign", "in-situ"):
        if better in found:
            found = {better}
    if "neoplasm" in found and not found & {"malignant", "invasive"}:
        found.add("unspecified")
    return _Meaning(
        frozenset(one for one in found if one in get_args(Behaviour)),
        frozenset(_not_denied(mentions("organ", words))),
        frozenset(_not_denied(mentions("disease", words))),
        unsure,
    )


def _not_denied(found: list[Mention]) -> set[Any]:
    return {one.meaning for one in found if one.state != "denied"}


def is_coded(classes: frozenset[str]) -> bool:
    """Tell whether a code says what the neoplasm is, so that words need not."""
    return any(one.startswith(("behaviour-", "disease-")) for one in classes)


def words_of(concept: CodeableConcept | None, classes: frozenset[str]) -> str:
    """Return text and displays of a code; nothing where ICD-10-CM says that it is no neoplasm."""
    if concept is None:
        return ""
    codings = concept.coding or ()
    if not classes and any(system_key(coding.system) == "icd-10-cm" for coding in codings):
        return ""
    return ". ".join([concept.text or "", *(coding.display or "" for coding in codings)]).strip(
        ". "
    )


def certainty_of(condition: Condition) -> Certainty:
    """Return how firm a diagnosis is, by its verification status."""
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
