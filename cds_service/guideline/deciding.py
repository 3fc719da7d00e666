"""The decision on one order: pure, total, without clock or I/O."""

from collections.abc import Container, Iterable

from msgspec import Struct

from cds_service.guideline.asking import Facts, all_fit, ask
from cds_service.guideline.combining import Combination, combine, leans_on
from cds_service.guideline.model import Determination, Guideline, Path, Site
from cds_service.guideline.placing import Placement, place
from cds_service.guideline.weighing import Answer, Considered
from fhir_mappings.facts import Case, Evidence


class Note(Struct, frozen=True):
    """A reading whose sentence is worth saying, and the evidence that gives reason to."""

    reading: str
    evidence: tuple[Evidence, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """What the guideline says of an order, and why.

    Attributes:
        site: the heading it falls under.
        answers: to the criteria that apply, in the guideline's order.
        missing: the preferred smallest set of criteria to document.
        missing_any_of: all smallest sets.
        confirm: presumed criteria that a positive answer leans on.
        pending_intraoperative: those of `missing` that surgery has to show.
        readings: the readings that the decision rests on.
        criterion_readings: those of them that answered a criterion.
        notes: what the card adds and does not decide.
    """

    site: Site
    determination: Determination
    answers: tuple[Answer, ...]
    missing: tuple[str, ...] = ()
    missing_any_of: tuple[tuple[str, ...], ...] = ()
    confirm: tuple[str, ...] = ()
    pending_intraoperative: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    criterion_readings: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def concerns(guideline: Guideline, facts: Facts) -> Answer:
    """Answer whether an order is one for this guideline at all (criterion G-1)."""
    return ask(guideline, guideline.criteria["G-1"], facts, frozenset())


def decide(guideline: Guideline, case: Case) -> Decision:
    """Decide an order.

    Never raises: whatever is known or not, there is an outcome that says so.
    """
    concern = concerns(guideline, Facts(case.facts))
    if concern.status != "met" and concern.kind != "interpretive":
        refused = Answer(criterion="G-1", status="not-met", evidence=concern.evidence)
        return Decision(site="none", determination="not-applicable", answers=(refused,))
    placement = place(guideline, case)
    opened = guideline.paths.get(placement.site) if placement.candidates else None
    path = opened or guideline.common
    views = [Facts(one.facts) for one in placement.candidates] or [Facts(case.facts)]
    answers = _answers(guideline, path, placement.answer, views, case)
    combination = combine(path.formula, answers, guideline.criteria)
    return _decision(guideline, path, placement, views[0], answers, combination)


def _answers(
    guideline: Guideline, path: Path, placed: Answer, views: list[Facts], case: Case
) -> dict[str, Answer]:
    answers = {placed.criterion: placed}
    return {
        name: answers.get(name)
        or merge([ask(guideline, guideline.criteria[name], one, case.incomplete) for one in views])
        for name in path.criteria
    }


def merge(every: list[Answer]) -> Answer:
    """Merge the answers for all tumors that the order may be for.

    Where they differ, nobody knows which applies: the criterion is unknown.
    """
    first, *others = every
    if not others:
        return first
    evidence = tuple(dict.fromkeys(one for answer in every for one in answer.evidence))
    considered = tuple(dict.fromkeys(one for answer in every for one in answer.considered))
    if all((one.status, one.kind) == (first.status, first.kind) for one in others):
        return Answer(
            criterion=first.criterion,
            status=first.status,
            kind=first.kind,
            evidence=evidence,
            considered=considered,
            readings=tuple(dict.fromkeys(name for one in every for name in one.readings)),
            partial=any(one.partial for one in every),
        )
    unread = any(one.kind == "retrieval" for one in every)
    doubtful = tuple(Considered(one, "unattributed") for one in evidence)
    return Answer(
        criterion=first.criterion,
        status="unknown",
        kind="retrieval" if unread else "evidence",
        considered=(*doubtful, *considered),
    )


def _decision(
    guideline: Guideline,
    path: Path,
    placement: Placement,
    facts: Facts,
    answers: dict[str, Answer],
    combination: Combination,
) -> Decision:
    criteria = guideline.criteria
    answered = [name for answer in answers.values() for name in answer.readings]
    return Decision(
        site=placement.site,
        determination=combination.determination,
        answers=tuple(answers.values()),
        missing=combination.missing,
        missing_any_of=combination.missing_any_of,
        confirm=tuple(_confirm(guideline, path, facts, answers)),
        pending_intraoperative=tuple(
            name for name in combination.missing if criteria[name].intraoperative
        ),
        readings=tuple(dict.fromkeys([*path.readings, *answered])),
        criterion_readings=tuple(dict.fromkeys(answered)),
        notes=tuple(_notes(guideline, facts, answers)) if placement.candidates else (),
    )


def _notes(guideline: Guideline, facts: Facts, asked: Container[str]) -> Iterable[Note]:
    said = set()
    for rule in guideline.notes:
        if rule.criterion is not None and rule.criterion not in asked:
            continue
        found = all_fit(rule.facts, rule.without, facts)
        if all(found) and rule.reading not in said:
            said.add(rule.reading)
            evidence = (one for choice in found for fact in choice for one in fact.evidence)
            yield Note(rule.reading, tuple(dict.fromkeys(evidence)))


def _confirm(
    guideline: Guideline, path: Path, facts: Facts, answers: dict[str, Answer]
) -> Iterable[str]:
    for rule in guideline.confirm:
        if rule.criterion not in answers or not leans_on(path.formula, answers, rule.criterion):
            continue
        if rule.facts:
            if all(all_fit(rule.facts, rule.without, facts)):
                yield rule.criterion
        elif answers[rule.criterion].status != "met":
            yield rule.criterion
