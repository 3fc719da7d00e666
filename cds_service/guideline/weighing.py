"""Weighing of evidence: which of several facts answers a criterion.

The strongest kind of evidence counts; within it the latest; facts of equal weight and time that
answer differently contradict each other. A weaker fact never outvotes a stronger one, but it is
kept and shown where it disagrees.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from cds_service.guideline.model import Criterion, Says, Status, UnknownKind
from fhir_mappings.facts import Evidence, Fact, NotUnderstood

Because = Literal[
    "weaker",
    "older",
    "preliminary",
    "unattributed",
    "unconfirmed",
    "refuted",
    "history",
    "support",
    "not-understood",
]
_ANSWERS: tuple[Says, ...] = ("met", "not-met", "unclear")
_FIRMEST: tuple[Says, ...] = ("not-met", "unclear", "met")


class Item(Struct, frozen=True):
    """A fact and what it says about a criterion.

    Attributes:
        tier: 0 is the strongest kind of evidence.
        within: position in the tier, for facts of one day.
    """

    fact: Fact
    says: Says
    tier: int
    within: int
    readings: tuple[str, ...] = ()


class Considered(Struct, frozen=True):
    """Evidence that was looked at and does not decide, and why it does not."""

    evidence: Evidence
    because: Because


class Answer(Struct, frozen=True, kw_only=True):
    """How a criterion is answered.

    Attributes:
        kind: why it is unknown; None otherwise.
        evidence: what proves a status, or what is unclear; empty where nothing was found.
        considered: what was looked at besides.
        readings: the readings that this answer rests on.
        partial: whether it rests only on a search that brought part of what exists.
    """

    criterion: str
    status: Status
    kind: UnknownKind | None = None
    evidence: tuple[Evidence, ...] = ()
    considered: tuple[Considered, ...] = ()
    readings: tuple[str, ...] = ()
    partial: bool = False


class Verdict(Struct, frozen=True):
    """What the weighing found: an answer and the items behind it, or nothing.

    Attributes:
        jointly: whether every one of the items is needed, not just any.
    """

    says: Says | None
    items: tuple[Item, ...] = ()
    jointly: bool = False

    @property
    def partial(self) -> bool:
        """Whether the answer rests on a search that brought only part of what exists."""
        partial = [item.fact.partial for item in self.items]
        return any(partial) if self.jointly else all(partial)


def weigh(criterion: Criterion, items: list[Item]) -> Verdict:
    """Find what the strongest and latest items say.

    Args:
        criterion: for its preference among equals.
        items: those that count, in any order.
    """
    answers = [item for item in items if item.says in _ANSWERS]
    if len(answers) < 2:
        return Verdict(answers[0].says, tuple(answers)) if answers else Verdict(None)
    top = min(item.tier for item in answers)
    strongest = [item for item in answers if item.tier == top]
    clash = _same_element(strongest)
    if clash:
        return Verdict("conflict", clash)
    if criterion.prefer and criterion.prefer_over_time:
        return _preferred(criterion.prefer, strongest)
    latest = _corrected(_latest(strongest))
    if criterion.prefer:
        return _preferred(criterion.prefer, latest)
    return _agreed(latest)


def current(facts: Iterable[Fact]) -> list[Fact]:
    """Drop the facts that a later one of the same series replaces, and those that do not count."""
    counting = [fact for fact in facts if fact.standing == "counts"]
    return [
        fact
        for fact in counting
        if not any(_replaces(other, fact) for other in counting if other is not fact)
    ]


def remarks(
    items: Iterable[Item], decided: tuple[Item, ...], says: Says | None
) -> tuple[Considered, ...]:
    """List what was looked at and does not decide: what disagrees, supports or does not count."""
    shown = {id(item) for item in decided}
    found = {}
    for item in items:
        because = None if id(item) in shown else _because(item, decided, says)
        if because is not None:
            for evidence in item.fact.evidence:
                found[evidence.reference, evidence.path] = Considered(evidence, because)
    return tuple(found[key] for key in sorted(found))


def _because(item: Item, decided: tuple[Item, ...], says: Says | None) -> Because | None:
    standing = item.fact.standing
    if standing != "counts":
        return standing
    if item.says == "support":
        return "not-understood" if isinstance(item.fact, NotUnderstood) else "support"
    if item.says not in _ANSWERS or item.says == says or not decided:
        return None
    return "weaker" if item.tier > decided[0].tier else "older"


def _replaces(other: Fact, fact: Fact) -> bool:
    series = fact.series()
    if series is None or type(other) is not type(fact) or other.series() != series:
        return False
    return _later(other, fact)


def _later(one: Fact, other: Fact) -> bool:
    """Tell whether a fact is certainly later; any date is later than none."""
    if one.when is None:
        return False
    return other.when is None or other.when.before(one.when)


def _latest(items: list[Item]) -> list[Item]:
    last = [item for item in items if not any(_later(other.fact, item.fact) for other in items)]
    first_in_tier = min(item.within for item in last)
    return [item for item in last if item.within == first_in_tier]


def _corrected(items: list[Item]) -> list[Item]:
    """A corrected result replaces the one of the same time."""
    return [item for item in items if item.fact.corrected] or items


def _same_element(items: list[Item]) -> tuple[Item, ...]:
    """Find codings, or a coding and its text, of one element that contradict each other.

    Free text alone may state several things; how they weigh is for the criterion to say.
    """
    by_place: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        first = item.fact.evidence[0]
        by_place.setdefault((first.reference, first.path.partition(".coding")[0]), []).append(item)
    for together in by_place.values():
        coded = any(not item.fact.evidence[0].text_derived for item in together)
        if coded and {"met", "not-met"} <= {item.says for item in together}:
            return tuple(together)
    return ()


def _preferred(prefer: tuple[Says, ...], items: list[Item]) -> Verdict:
    says = next((one for one in prefer if any(item.says == one for item in items)), items[0].says)
    return Verdict(says, tuple(item for item in items if item.says == says))


def _agreed(items: list[Item]) -> Verdict:
    said = {item.says for item in items}
    if {"met", "not-met"} <= said:
        return Verdict("conflict", tuple(items))
    # A refutation stands whatever else is unclear; what is unclear takes the ground from a proof.
    says = next(one for one in _FIRMEST if one in said)
    return Verdict(says, tuple(item for item in items if item.says == says))
