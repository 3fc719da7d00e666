"""And/or formulas over criteria, in three-valued logic.

A formula without negation equals the set of its minimal implicants: the smallest sets of criteria
that make it true. In strong Kleene logic this holds for unknown values too, because min and max
distribute over each other. So a formula is kept as its implicants, and every question about it
(is it true, what is missing, what is decisive) becomes a question about sets.
"""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple


class Term(NamedTuple):
    """A criterion in a formula.

    Attributes:
        criterion: its id.
        presumed: true unless refuted; such a term describes the service and is never asked for.
    """

    criterion: str
    presumed: bool = False


Implicant = frozenset[Term]
Formula = frozenset[Implicant]

TRUE: Formula = frozenset({frozenset()})
FALSE: Formula = frozenset()


def term(criterion: str, *, presumed: bool = False) -> Formula:
    """Return the formula that is one criterion."""
    return frozenset({frozenset({Term(criterion, presumed)})})


def any_of(formulas: Iterable[Formula]) -> Formula:
    """Return the OR of formulas."""
    return minimal(implicant for formula in formulas for implicant in formula)


def all_of(formulas: Iterable[Formula]) -> Formula:
    """Return the AND of formulas."""
    return minimal(frozenset[Term]().union(*parts) for parts in product(*formulas))


def minimal(sets: Iterable[frozenset[Term]]) -> Formula:
    """Keep the sets that hold no other of the sets."""
    kept: list[frozenset[Term]] = []
    for one in sorted(set(sets), key=len):
        if not any(smaller <= one for smaller in kept):
            kept.append(one)
    return frozenset(kept)


def holds(formula: Formula, true: frozenset[Term]) -> bool:
    """Tell whether a formula is true when these terms are true and nothing is known of others."""
    return any(implicant <= true for implicant in formula)


def criteria_of(formula: Formula) -> frozenset[str]:
    """Return the ids of all criteria in a formula."""
    return frozenset(one.criterion for implicant in formula for one in implicant)
