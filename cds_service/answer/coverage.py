"""Whether the patient's plan uses this guideline at all."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from fhir_mappings.needs import NeedState
from fhir_mappings.readers.coverages import CoverageView

Applies = Literal["yes", "no", "unknown"]


class PlanCoverage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The coverage of an order.

    Attributes:
        status: Coverage.status; ``none`` where no coverage is on file, ``unreadable`` where
            coverage could not be read.
        applies: whether the payor is known to use this guideline.
        active: whether it is in force on the day of judging.
    """

    reference: str | None = None
    payor: str | None = None
    status: str
    applies: Applies
    active: bool | None = None


def plan_coverage(
    view: CoverageView | None, state: NeedState, payers: Sequence[str]
) -> PlanCoverage:
    """Compare a coverage with the payers that are known to use the guideline.

    Args:
        view: the coverage of the order, None where none was found.
        state: how the need for coverage was met.
        payers: names, or identifiers as ``system|value``; empty if not configured.
    """
    if view is None:
        status = "none" if state.complete else "unreadable"
        return PlanCoverage(status=status, applies="unknown")
    return PlanCoverage(
        reference=view.reference,
        payor=", ".join(one for one in view.payors if one.strip()) or None,
        status=view.status or "unknown",
        applies=_applies(view, payers),
        active=view.active,
    )


def _applies(view: CoverageView, payers: Sequence[str]) -> Applies:
    known = _folded(payers)
    names, identifiers = _folded(view.payors), _folded(view.identifiers)
    if known & (names | identifiers):
        return "yes"
    # A name tells nothing against identifiers, nor the other way round.
    listed = {one for one in known if "|" in one}
    comparable = (names and known - listed) or (identifiers and listed)
    return "no" if comparable else "unknown"


def _folded(texts: Sequence[str]) -> set[str]:
    return {one.strip().casefold() for one in texts if one.strip()}
