"""The case of one order: its target and the facts, ready to be decided."""

from datetime import date

from msgspec import Struct

from fhir_mappings.facts.base import Evidence, Fact
from fhir_mappings.facts.vocabulary import (
    Behaviour,
    Certainty,
    Disease,
    Organ,
    Pointing,
    Side,
    Source,
)


class Candidate(Struct, frozen=True, kw_only=True):
    """A tumor that the order may be for, and what the record says about it.

    Attributes:
        organs: where it is, by all its diagnoses.
        behaviours: how it behaves, by diagnoses and histology.
        diseases: what it is, by diagnoses and histology.
        side: its side, where one is named.
        certainty: how firm the diagnosis is.
        evidence: the diagnoses.
        facts: its facts, those of the order and of the patient included, by kind.
        partial: whether the diagnoses come only from a search that brought part.
    """

    organs: frozenset[Organ]
    behaviours: frozenset[Behaviour]
    diseases: frozenset[Disease]
    side: Side | None = None
    certainty: Certainty
    evidence: tuple[Evidence, ...]
    facts: dict[str, tuple[Fact, ...]]
    partial: bool = False


class Case(Struct, frozen=True, kw_only=True):
    """Everything that a guideline is asked to decide on.

    Attributes:
        pointing: how the order leads to its target.
        candidates: the tumors it may be for; none where no diagnosis was found.
        evidence: what points, or contradicts.
        facts: the facts of the order and of the patient alone.
        incomplete: the resource types that were not, or not wholly, read.
        evaluated_on: the local day on which the order is judged.
    """

    pointing: Pointing
    candidates: tuple[Candidate, ...]
    evidence: tuple[Evidence, ...]
    facts: dict[str, tuple[Fact, ...]]
    incomplete: frozenset[Source]
    evaluated_on: date
