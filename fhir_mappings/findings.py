"""Findings: facts as the readers make them, before anyone asks which tumor they are about."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from fhir_mappings.dates import Span, parse_date
from fhir_mappings.decode import read_meta
from fhir_mappings.elements import Annotation, CodeableConcept, Coding, Period, Timing
from fhir_mappings.facts import Evidence, Fact, Rank, Side, Standing
from fhir_mappings.record import Entry, Record
from fhir_mappings.terminology import Sense, Terminology

_FINAL = ("final", "amended", "corrected")
_NEVER = ("entered-in-error", "cancelled")


class Finding(Struct, frozen=True, kw_only=True):
    """A fact and what ties it to a tumor.

    Attributes:
        kind: the kind of fact, as the guideline names it.
        links: keys of the Conditions that it is explicitly about.
        organs: organs and regions that it names, by body site or by its own code.
        solid: whether it can only describe a solid tumor (TNM, margins, size).
    """

    kind: str
    fact: Fact
    links: tuple[str, ...] = ()
    organs: frozenset[str] = frozenset()
    solid: bool = False


class Reading(Struct, frozen=True):
    """What all readers need at hand."""

    record: Record
    terminology: Terminology

    def senses(self, concept: CodeableConcept | None) -> list[tuple[int, Coding, Sense]]:
        """Return the codings of a concept that mean something here, with their position."""
        if concept is None or not concept.coding:
            return []
        return [
            (number, coding, sense)
            for number, coding in enumerate(concept.coding)
            if (sense := self.terminology.sense(coding)).classes or sense.literal
        ]


class Origin(Struct, frozen=True):
    """Where facts of one resource come from, and what they share."""

    entry: Entry
    rank: Rank
    date: str | None = None
    standing: Standing = "counts"
    partial: bool = False
    corrected: bool = False
    links: tuple[str, ...] = ()
    organs: frozenset[str] = frozenset()
    side: Side | None = None

    @property
    def when(self) -> Span | None:
        """The days that the date may mean."""
        return parse_date(self.date)

    def evidence(
        self,
        path: str,
        value: str,
        *,
        rank: Rank | None = None,
        text: bool = False,
        mapped: bool = False,
    ) -> Evidence:
        """Make the evidence for an element of this resource."""
        return Evidence(
            reference=self.entry.key,
            path=f"{type(self.entry.resource).__name__}.{path}",
            value=value,
            rank=rank or self.rank,
            date=self.date,
            version_id=read_meta(self.entry.resource).version_id or None,
            text_derived=text,
            mapped=mapped,
        )

    def shared(self, evidence: Evidence, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return what a fact from this evidence shares with the others of the resource."""
        return {
            "evidence": (evidence,),
            "rank": evidence.rank,
            "when": self.when,
            "standing": self.standing,
            "partial": self.partial,
            "corrected": self.corrected,
            "side": self.side,
            **changes,
        }

    def finding(self, kind: str, fact: Fact, *, solid: bool = False) -> Finding:
        """Tie a fact to what this resource is about."""
        return Finding(kind=kind, fact=fact, links=self.links, organs=self.organs, solid=solid)


def result_standing(status: str | None) -> Standing | None:
    """Return how a result of this status counts; None for one that never does (R4 5.1.7)."""
    if status in _NEVER:
        return None
    return "counts" if status in _FINAL else "preliminary"


_TAG = re.compile(
    r" \((?:finding|disorder|procedure|qualifier value|morphologic abnormality|observable entity|"
    r"situation|body structure|regime/therapy)\)$"
)


def show(concept: CodeableConcept | None, coding: Coding | None = None) -> str:
    """Return a concept as a reader knows it: display and code, else text."""
    if coding is not None:
        if not coding.display:
            return coding.code or ""
        return f"{_TAG.sub('', coding.display)} ({coding.code})"
    if concept is None:
        return ""
    if concept.text:
        return concept.text
    return "; ".join(show(None, one) for one in concept.coding or ())


def concept_code(concept: CodeableConcept | None) -> str | None:
    """Return the first code of a FHIR-defined concept such as a status."""
    for coding in (concept.coding if concept else None) or ():
        if coding.code:
            return coding.code.strip()
    text = concept.text if concept else None
    return text.strip().lower() if text else None


def date_of(
    moment: str | None, period: Period | None = None, timing: Timing | None = None
) -> str | None:
    """Return the date that counts: the moment, else end or start of the period, else the event."""
    if moment:
        return moment
    if period and (period.end or period.start):
        return period.end or period.start
    return timing.event[0] if timing and timing.event else None


def notes_of(notes: Iterable[Annotation] | None) -> list[tuple[str, str]]:
    """Return the texts of annotations with their FHIRPath."""
    return [
        (f"note[{number}].text", note.text) for number, note in enumerate(notes or ()) if note.text
    ]
