"""What all facts share: the evidence, its weight and its date."""

from msgspec import Struct

from fhir_mappings.dates import Span
from fhir_mappings.facts.vocabulary import Rank, Side, Standing


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Where a fact stands, in the form in which it is shown.

    Attributes:
        reference: ``Type/id``; without id the fullUrl; contained ``Type/id#x``.
        path: FHIRPath of the element.
        value: what stands there, as shown.
        date: the date that counts for it, as written.
        rank: how much it weighs against other evidence.
        version_id: the resource's version, where it has one.
        text_derived: read from free text by the lexicon.
        mapped: translated by a site's own ConceptMap.
    """

    reference: str
    path: str
    value: str
    rank: Rank
    date: str | None = None
    version_id: str | None = None
    text_derived: bool = False
    mapped: bool = False


class Fact(Struct, frozen=True, kw_only=True):
    """What all facts share.

    Attributes:
        evidence: the elements that state it, one or more.
        rank: the weight of the evidence.
        when: the days it speaks of; None if undated.
        standing: whether it counts; a preliminary result or one that fits several tumors does not.
        partial: whether it comes only from a search that brought part of what exists.
        corrected: whether it corrects an earlier result.
        side: the side it names.
    """

    evidence: tuple[Evidence, ...]
    rank: Rank
    when: Span | None = None
    standing: Standing = "counts"
    partial: bool = False
    corrected: bool = False
    side: Side | None = None

    def series(self) -> tuple[object, ...] | None:
        """Return what a later fact must share to replace this one; None where none does."""
        return None
