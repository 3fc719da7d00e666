"""A guideline, ready to decide: its data with the readings applied.

`load.py` makes these from the data file. Everything is immutable; the rules hold no code, only
tests on the fields of facts.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from cds_service.guideline.formula import Formula
from fhir_mappings.facts import Fact, Source

INFERRED = "inferred"  # the rank of what only follows from a fact

Says = Literal["met", "not-met", "unclear", "support", "nothing", "conflict", "skip"]
Status = Literal["met", "not-met", "unknown", "conflict"]
UnknownKind = Literal["evidence", "retrieval", "interpretive"]
Determination = Literal[
    "not-applicable",
    "likely-covered",
    "documentation-missing",
    "case-by-case",
    "conflicting-evidence",
    "unable-to-evaluate",
    "likely-not-covered",
]
Site = Literal[
    "breast",
    "cervical",
    "colon",
    "rectal",
    "rectosigmoid",
    "colorectal",
    "pancreas",
    "sts",
    "other",
    "none",
]


class Test(Struct, frozen=True):
    """A test on one field of a fact.

    Attributes:
        field: the name of the field.
        values: the values that pass; for a field that holds a set, one in common passes.
        above, at_least, below, at_most: bounds of a number; a missing number never passes.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    field: str
    values: frozenset[Any] | None = None
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None

    def passes(self, fact: Fact | Struct) -> bool:
        """Tell whether the fact passes."""
        value = getattr(fact, self.field)
        if self.values is not None:
            if isinstance(value, frozenset):
                return not self.values.isdisjoint(value)
            return value in self.values
        return value is not None and self._within(value)

    def _within(self, value: float) -> bool:
        return (
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )


class Clause(Struct, frozen=True):
    """Facts of one kind that pass all tests."""

    fact: str
    tests: tuple[Test, ...] = ()

    def fits(self, fact: Fact | Struct) -> bool:
        """Tell whether a fact of this kind fits."""
        for test in self.tests:  # noqa: SIM110 - a loop is what this hot path needs
            if not test.passes(fact):
                return False
        return True


class Row(Struct, frozen=True):
    """What a fact says about a criterion.

    Attributes:
        clause: which facts.
        says: what they say.
        rank: the evidence rank to use instead of the fact's own.
        if_read: the row counts only if these resource types were read completely, because it
            draws on silence.
        readings: the readings that shaped this row.
    """

    clause: Clause
    says: Says
    rank: str | None = None
    if_read: frozenset[Source] = frozenset()
    readings: tuple[str, ...] = ()


class Together(Struct, frozen=True):
    """What several facts say together; it outranks what each says alone.

    Attributes:
        facts: one fact is needed for each.
        without: no fact may fit any of these.
        says: what they say; `skip` switches the rule off.
        within_days: the first and second fact are at most so many days apart, or undated.
        second_not_before_first: the second fact is not older than the first, or undated.
        same_side: the first and second fact name no different sides.
    """

    facts: tuple[Clause, ...]
    says: Says
    without: tuple[Clause, ...] = ()
    within_days: int | None = None
    second_not_before_first: bool = False
    same_side: bool = False
    if_read: frozenset[Source] = frozenset()
    readings: tuple[str, ...] = ()


class Criterion(Struct, frozen=True):
    """One question of the guideline.

    Attributes:
        id: such as ``BR-3``.
        short: a few words for a table.
        item: what it is called where it is missing.
        refuted: what is said where it is refuted.
        asks: the question.
        cite: the section of the guideline's text.
        reads: the resource types that could answer it; if one is unread, no answer is retrieval.
        rows: what single facts say, by kind of fact.
        together: what facts say together.
        prefer: which of several answers of equal weight counts; without it they conflict.
        prefer_over_time: whether `prefer` comes before the later date.
        always: an answer that no fact changes.
        intraoperative: whether it can normally be known only during surgery.
        boost: whether it stands in the boost paragraph.
        ask_for, who, why: what to document, who can supply it, why it matters.
    """

    id: str
    short: str
    item: str
    refuted: str
    asks: str
    cite: str
    reads: frozenset[Source] = frozenset()
    rows: Mapping[str, tuple[Row, ...]] = {}
    together: tuple[Together, ...] = ()
    prefer: tuple[Says, ...] = ()
    prefer_over_time: bool = False
    always: Says | None = None
    intraoperative: bool = False
    boost: bool = False
    ask_for: str = ""
    who: str = ""
    why: str = ""


class TargetRow(Struct, frozen=True):
    """Which heading a diagnosis falls under, and whether it is listed."""

    clause: Clause
    site: Site
    says: Says
    readings: tuple[str, ...] = ()


class Path(Struct, frozen=True):
    """What a heading asks for.

    Attributes:
        formula: over criteria, what every order has to fulfil included.
        criteria: the ids in it, in the guideline's order.
        readings: the readings that shaped the formula.
    """

    formula: Formula
    criteria: tuple[str, ...]
    readings: tuple[str, ...] = ()


class ConfirmRule(Struct, frozen=True):
    """A presumed criterion that has to be confirmed where a positive answer leans on it."""

    criterion: str
    facts: tuple[Clause, ...] = ()
    without: tuple[Clause, ...] = ()


class NoteRule(Struct, frozen=True):
    """A reading whose sentence the card adds where facts give reason to.

    Attributes:
        criterion: the sentence matters only where this is asked; None if it always does.
    """

    reading: str
    facts: tuple[Clause, ...]
    without: tuple[Clause, ...] = ()
    criterion: str | None = None


class Document(Struct, frozen=True):
    """A document that the guideline wants submitted."""

    id: str
    short: str
    asks: str
    cite: str
    kind: Literal["visit-note", "pathology", "imaging"]
    within_days: int | None = None


class Reading(Struct, frozen=True):
    """How an ambiguity of the text is read; a fixed reading has no options."""

    id: str
    question: str
    options: tuple[str, ...]
    option: str
    default: str
    sentence: str
    fixed: bool = False
    reviewed_by: str = ""
    reviewed_on: str = ""


class Guideline(Struct, frozen=True):
    """A guideline with its readings applied."""

    id: str
    title: str
    publisher: str
    number: str
    revision: str
    dates: Mapping[str, str]
    codes: tuple[str, ...]
    sha256: str
    tiers: Mapping[str, tuple[int, int]]
    readings: Mapping[str, Reading]
    targets: tuple[TargetRow, ...]
    criteria: Mapping[str, Criterion]
    common: Path
    paths: Mapping[str, Path]
    confirm: tuple[ConfirmRule, ...]
    notes: tuple[NoteRule, ...]
    documents: tuple[Document, ...]

    @property
    def elsewhere(self) -> TargetRow:
        """The row for a diagnosis that no other row fits: not known to be listed or not."""
        return TargetRow(Clause("target"), "none", "nothing")

    def off_default(self) -> list[str]:
        """Return the ids of the readings that are not at their default."""
        return [one.id for one in self.readings.values() if one.option != one.default]
