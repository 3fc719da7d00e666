"""Placing the order under a heading of the guideline (criterion G-2).

The data file's table of targets says which diagnosis falls under which heading. Here the way the
order points to its target, and how firm that diagnosis is, are weighed.
"""

from typing import Literal

from msgspec import Struct

from cds_service.guideline.model import Guideline, Says, Site, Status, TargetRow, UnknownKind
from cds_service.guideline.weighing import Answer, Because, Considered
from fhir_mappings.facts import Candidate, Case, Evidence

_NO_TARGET: tuple[Literal["refuted", "history"], ...] = ("refuted", "history")
_STATUS: dict[Says, tuple[Status, UnknownKind | None]] = {
    "met": ("met", None),
    "not-met": ("not-met", None),
    "unclear": ("unknown", "interpretive"),
    "nothing": ("unknown", "evidence"),
}


class Placement(Struct, frozen=True):
    """Under which heading an order falls.

    Attributes:
        answer: of G-2.
        site: the heading, ``other`` where it is none or not known which, ``none`` where no
            diagnosis was found.
        candidates: the tumors whose facts are to be judged; empty where no heading opens.
    """

    answer: Answer
    site: Site
    candidates: tuple[Candidate, ...] = ()


def place(guideline: Guideline, case: Case) -> Placement:
    """Find the heading for the target of an order."""
    if case.pointing == "unreadable":
        return Placement(_answer("unknown", "retrieval", case.evidence), "none")
    if not case.candidates:
        kind: UnknownKind = "retrieval" if "Condition" in case.incomplete else "evidence"
        return Placement(_answer("unknown", kind, case.evidence), "none")
    if case.pointing == "contradictory":
        first = case.candidates[0]
        site = _row_for(guideline, first).site
        return Placement(_answer("conflict", None, case.evidence), site, (first,))
    rows = [_row_for(guideline, candidate) for candidate in case.candidates]
    sites = {row.site for row in rows}
    if len(sites) > 1 or len({row.says for row in rows}) > 1:
        return Placement(_doubtful(_all_evidence(case), "unattributed"), "other")
    return _one_heading(case, rows[0])


def _one_heading(case: Case, row: TargetRow) -> Placement:
    evidence = _all_evidence(case)
    certainties = {candidate.certainty for candidate in case.candidates}
    for certainty in _NO_TARGET:
        if certainty in certainties:
            return Placement(_doubtful(evidence, certainty), row.site)
    if "unconfirmed" in certainties:
        return Placement(_doubtful(evidence, "unconfirmed"), row.site, case.candidates)
    status, kind = _STATUS[row.says]
    answer = Answer(
        criterion="G-2",
        status=status,
        kind=kind,
        evidence=evidence,
        readings=row.readings,
        partial=any(candidate.partial for candidate in case.candidates),
    )
    return Placement(answer, row.site, case.candidates if status != "not-met" else ())


def _all_evidence(case: Case) -> tuple[Evidence, ...]:
    return tuple(one for candidate in case.candidates for one in candidate.evidence)


def _doubtful(evidence: tuple[Evidence, ...], because: Because) -> Answer:
    considered = tuple(Considered(one, because) for one in evidence)
    return Answer(criterion="G-2", status="unknown", kind="evidence", considered=considered)


def _row_for(guideline: Guideline, candidate: Candidate) -> TargetRow:
    return next(
        (row for row in guideline.targets if row.clause.fits(candidate)),
        guideline.elsewhere,
    )


def _answer(status: Status, kind: UnknownKind | None, evidence: tuple[Evidence, ...]) -> Answer:
    return Answer(criterion="G-2", status=status, kind=kind, evidence=evidence)
