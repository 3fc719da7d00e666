"""Asking one criterion of the facts of one tumor."""

from collections.abc import Iterable, Mapping
from itertools import product

from cds_service.guideline.model import (
    INFERRED,
    Clause,
    Criterion,
    Guideline,
    Row,
    Says,
    Status,
    Together,
    UnknownKind,
)
from cds_service.guideline.weighing import Answer, Item, Verdict, current, remarks, weigh
from fhir_mappings.facts import Fact, Source


class Facts:
    """The facts of one tumor, its patient and its order, by kind."""

    def __init__(self, by_kind: Mapping[str, tuple[Fact, ...]]) -> None:
        self._by_kind = by_kind
        self._current: dict[str, list[Fact]] = {}

    def of_kind(self, kind: str) -> tuple[Fact, ...]:
        """Return all facts of a kind, those that do not count included."""
        return self._by_kind.get(kind, ())

    def fitting(self, clause: Clause) -> list[Fact]:
        """Return the facts that count, are not replaced by later ones, and fit a clause."""
        if clause.fact not in self._current:
            self._current[clause.fact] = current(self.of_kind(clause.fact))
        return [fact for fact in self._current[clause.fact] if clause.fits(fact)]


_STATUS: dict[Says, tuple[Status, UnknownKind | None]] = {
    "met": ("met", None),
    "not-met": ("not-met", None),
    "conflict": ("conflict", None),
    "unclear": ("unknown", "interpretive"),
}


def ask(
    guideline: Guideline, criterion: Criterion, facts: Facts, incomplete: frozenset[Source]
) -> Answer:
    """Answer a criterion.

    Args:
        guideline: for the weight of evidence.
        criterion: the question.
        facts: of one tumor, its patient and its order.
        incomplete: resource types that were not wholly read.
    """
    if criterion.always is not None:
        status, kind = _STATUS[criterion.always]
        return Answer(criterion=criterion.id, status=status, kind=kind)
    items, silent = _items(guideline, criterion, facts, incomplete)
    counting = [item for item in items if item.fact.standing == "counts"]
    verdict = _together(guideline, criterion, facts, incomplete) or weigh(criterion, counting)
    if verdict.says is None:
        missed = silent or not criterion.reads.isdisjoint(incomplete)
        return Answer(
            criterion=criterion.id,
            status="unknown",
            kind="retrieval" if missed else "evidence",
            considered=remarks(items, (), None),
        )
    return _answer(criterion, verdict, items)


def _answer(criterion: Criterion, verdict: Verdict, items: list[Item]) -> Answer:
    assert verdict.says is not None
    status, kind = _STATUS[verdict.says]
    proof = {
        (one.reference, one.path, one.value): one
        for item in verdict.items
        for one in item.fact.evidence
    }
    # Where one proof needs no reading, the answer rests on none.
    rests = all(item.readings for item in verdict.items)
    readings = dict.fromkeys(name for item in verdict.items for name in item.readings if rests)
    return Answer(
        criterion=criterion.id,
        status=status,
        kind=kind,
        evidence=tuple(proof[key] for key in sorted(proof)),
        considered=remarks(items, verdict.items, verdict.says),
        readings=tuple(readings),
        partial=verdict.partial,
    )


def _items(
    guideline: Guideline, criterion: Criterion, facts: Facts, incomplete: frozenset[Source]
) -> tuple[list[Item], bool]:
    """Return what each fact says, and whether a row fell silent for want of reading."""
    items = []
    silent = False
    for kind, rows in criterion.rows.items():
        for fact in facts.of_kind(kind):
            row = _row(rows, fact)
            if row is None or row.says == "nothing":
                continue
            if row.if_read.isdisjoint(incomplete):
                items.append(_item(guideline, row, fact))
            else:
                silent = True
    return items, silent


def _row(rows: tuple[Row, ...], fact: Fact) -> Row | None:
    for row in rows:
        if row.clause.fits(fact):
            return row
    return None


def _item(guideline: Guideline, row: Row, fact: Fact) -> Item:
    tier, within = guideline.tiers[row.rank or fact.rank]
    if row.rank == INFERRED:
        below, within = guideline.tiers[fact.rank]
        tier += below
    return Item(fact, row.says, tier, within, row.readings)


def _together(
    guideline: Guideline, criterion: Criterion, facts: Facts, incomplete: frozenset[Source]
) -> Verdict | None:
    for rule in criterion.together:
        if rule.says == "skip" or not rule.if_read.isdisjoint(incomplete):
            continue
        found = _match(rule, facts)
        if found is not None:
            tier, within = guideline.tiers[found[0].rank]
            items = tuple(Item(fact, rule.says, tier, within, rule.readings) for fact in found)
            return Verdict(rule.says, items, jointly=True)
    return None


def _match(rule: Together, facts: Facts) -> tuple[Fact, ...] | None:
    choices = all_fit(rule.facts, rule.without, facts)
    return next((found for found in product(*choices) if _related(rule, found)), None)


def all_fit(wanted: Iterable[Clause], unwanted: Iterable[Clause], facts: Facts) -> list[list[Fact]]:
    """Return the facts for each wanted clause; one empty list if not all can be had."""
    choices = []
    for clause in wanted:
        choices.append(facts.fitting(clause))
        if not choices[-1]:
            return [[]]
    return [[]] if any(facts.fitting(clause) for clause in unwanted) else choices


def _related(rule: Together, found: tuple[Fact, ...]) -> bool:
    first, second = found[0], found[1]
    if rule.same_side and None not in (first.side, second.side) and first.side != second.side:
        return False
    if first.when is None or second.when is None:
        return True
    if rule.second_not_before_first and second.when.before(first.when):
        return False
    return rule.within_days is None or _days_between(first, second) <= rule.within_days


def _days_between(first: Fact, second: Fact) -> int:
    assert first.when is not None
    assert second.when is not None
    return max(first.when.first - second.when.last, second.when.first - first.when.last, 0)
