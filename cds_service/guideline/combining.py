"""From answered criteria to a determination and to what is missing.

Strong Kleene logic over the formula of a heading: a criterion is true, false or open. Open ones
differ in why they are open, and each kind calls for another outcome.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from cds_service.guideline.formula import Formula, Implicant, Term, holds, minimal
from cds_service.guideline.model import Criterion, Determination
from cds_service.guideline.weighing import Answer


class Combination(Struct, frozen=True):
    """What the answers come to.

    Attributes:
        determination: the outcome.
        missing: the preferred smallest set of criteria to document.
        missing_any_of: all smallest sets, the preferred one first.
    """

    determination: Determination
    missing: tuple[str, ...] = ()
    missing_any_of: tuple[tuple[str, ...], ...] = ()


class _Open(Struct, frozen=True):
    """The terms of a formula, sorted by what is known of them."""

    true: frozenset[Term]
    undocumented: frozenset[Term]
    unread: frozenset[Term]
    contradictory: frozenset[Term]
    undecided: frozenset[Term]


def combine(
    formula: Formula, answers: Mapping[str, Answer], criteria: Mapping[str, Criterion]
) -> Combination:
    """Decide a heading.

    Args:
        formula: what the heading asks for.
        answers: to every criterion in the formula.
        criteria: for the preference among sets, in the guideline's order.
    """
    terms = frozenset(one for implicant in formula for one in implicant)
    known = _sort(terms, answers)
    if holds(formula, known.true):
        return Combination(_firmness(formula, known, answers))
    refuted = frozenset(one for one in terms if answers[one.criterion].status == "not-met")
    possible = [implicant for implicant in formula if implicant.isdisjoint(refuted)]
    if not possible:
        return Combination("likely-not-covered")
    sets = _missing(possible, known, criteria)
    outcome = _outcome(possible, known) or ("documentation-missing" if sets else "case-by-case")
    return Combination(outcome, sets[0] if sets else (), sets)


def leans_on(formula: Formula, answers: Mapping[str, Answer], criterion: str) -> bool:
    """Tell whether a true formula would not be true if a presumed criterion were refuted."""
    terms = frozenset(one for implicant in formula for one in implicant)
    true = _sort(terms, answers).true
    return holds(formula, true) and not holds(formula, true - {Term(criterion, presumed=True)})


def _sort(terms: Iterable[Term], answers: Mapping[str, Answer]) -> _Open:
    sorted_terms: dict[str, set[Term]] = {}
    for one in terms:
        answer = answers[one.criterion]
        presumed = one.presumed and answer.status != "not-met"
        state = "met" if presumed else answer.kind or answer.status
        sorted_terms.setdefault(state, set()).add(one)

    def take(state: str) -> frozenset[Term]:
        return frozenset(sorted_terms.get(state, ()))

    return _Open(
        true=take("met"),
        undocumented=take("evidence"),
        unread=take("retrieval"),
        contradictory=take("conflict"),
        undecided=take("interpretive"),
    )


def _firmness(formula: Formula, known: _Open, answers: Mapping[str, Answer]) -> Determination:
    """A formula that is true only through a partial search is not proven."""
    firm = frozenset(
        one for one in known.true if one.presumed or not answers[one.criterion].partial
    )
    return "likely-covered" if holds(formula, firm) else "unable-to-evaluate"


def _outcome(possible: list[Implicant], known: _Open) -> Determination | None:
    """Find the first kind of openness that stands in the way whatever is documented."""
    formula = frozenset(possible)
    undecided, contradictory, unread = known.undecided, known.contradictory, known.unread
    if any(_pivotal(possible, one) for one in undecided):
        return "case-by-case"
    granted = known.true | undecided | contradictory
    if contradictory and holds(formula, granted):
        return "conflicting-evidence"
    if unread and (
        holds(formula, granted | unread) or any(_pivotal(possible, one) for one in unread)
    ):
        return "unable-to-evaluate"
    return None


def _pivotal(possible: list[Implicant], one: Term) -> bool:
    """Tell whether the formula is false without this term, whatever else turns out."""
    return all(one in implicant for implicant in possible)


def _missing(
    possible: list[Implicant], known: _Open, criteria: Mapping[str, Criterion]
) -> tuple[tuple[str, ...], ...]:
    """Return the smallest sets to document, the preferred one first; empty if none is needed."""
    order = {name: number for number, name in enumerate(criteria)}
    sets = [
        tuple(sorted((one.criterion for one in needed), key=order.__getitem__))
        for needed in minimal(implicant & known.undocumented for implicant in possible)
        if needed
    ]

    def preference(names: tuple[str, ...]) -> tuple[object, ...]:
        boost = sum(criteria[name].boost for name in names)
        late = sum(criteria[name].intraoperative for name in names)
        return (len(names), boost, late, [order[name] for name in names])

    return tuple(sorted(sets, key=preference))
