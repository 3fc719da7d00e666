"""The coverage likelihood card: its summary for five seconds, its detail for the proof."""

from collections.abc import Iterator
from typing import Final

from cds_service.answer.assessed import Assessed
from cds_service.answer.markdown import escape, sentence_list, shorten, table
from cds_service.answer.wording import (
    PLAN_DECIDES,
    SITES,
    Words,
    dated,
    lower,
    valued,
)
from cds_service.guideline.model import Guideline
from fhir_mappings.facts import Evidence

LONGEST: Final = 139
_SHOWN: Final = 2  # refuted criteria named in a summary
_REVIEW: Final = (
    "Individual review by the plan remains possible under the guideline's general paragraph "
    "(General Information)."
)


def summary(guideline: Guideline, assessed: Assessed) -> str:
    """Say the outcome in one line of less than 140 characters."""
    words = Words(guideline, assessed.assessment)
    target = f", {assessed.target}" if assessed.target else ""
    return shorten(f"{_plan(words)}{assessed.procedure}{target}: {_outcome(words)}", LONGEST)


def detail(guideline: Guideline, assessed: Assessed) -> str:
    """Say why, in plain sentences first, then with the proof of each criterion."""
    words = Words(guideline, assessed.assessment)
    parts = [
        " ".join([*_verdict(words), words.payer()]),
        " ".join(_reasons(words, assessed)),
        " ".join(one for one in _remarks(words, assessed) if one),
        _proof(words),
        " ".join(_footer(words)),
    ]
    return "\n\n".join(part for part in parts if part)


def only_intraoperative(words: Words) -> bool:
    """Tell whether all that is missing is what surgery itself has to show."""
    assessment = words.assessment
    return (
        assessment.determination == "documentation-missing"
        and assessment.missing == assessment.pending_intraoperative
        and not words.left_open(assessment.missing)
    )


def unread_report(words: Words, assessed: Assessed) -> Iterator[str]:
    """Name a pathology report that exists and was not read, where it may hold what is missing."""
    criteria = words.guideline.criteria
    if any("DiagnosticReport" in criteria[name].reads for name in words.assessment.missing):
        for one in assessed.documents:
            if one.document.kind == "pathology" and one.evidence:
                latest = max(one.evidence, key=lambda found: found.date or "")
                day = f" of {escape(latest.date[:10])}" if latest.date else ""
                yield f"A pathology report{day} is on file; its full text was not read."


def _plan(words: Words) -> str:
    coverage = words.assessment.coverage
    if coverage.active is False:
        return "Coverage not active. "
    return "Another payer. " if coverage.applies == "no" else ""


def _outcome(words: Words) -> str:
    assessment, number = words.assessment, words.guideline.number
    match assessment.determination:
        case "likely-covered":
            confirm = (
                f" if confirmed: {words.brief(assessment.confirm)}" if assessment.confirm else ""
            )
            return f"likely covered{confirm or f'; the criteria of {number} are met'}"
        case "likely-not-covered":
            return f"likely not covered: {_ruled_out(words)}"
        case "documentation-missing" if only_intraoperative(words):
            shown = words.brief(assessment.missing)
            return f"pre-operative criteria met; to be shown in surgery: {shown}"
        case "documentation-missing":
            return f"coverage open; not documented: {words.brief(assessment.missing)}"
        case "case-by-case":
            return f"individual review by the plan; {_for_review(words)}"
        case "conflicting-evidence":
            contradictory = words.brief(one.id for one in words.of_status("conflict"))
            return f"record contradicts itself on {contradictory}"
        case _:
            return f"could not be evaluated; {_unread(words)}"


def _ruled_out(words: Words) -> str:
    criteria = words.guideline.criteria
    shown = [criteria[name].refuted for name in words.refuted()]
    if len(shown) > _SHOWN:
        return f"{', '.join(shown[:_SHOWN])} and {len(shown) - _SHOWN} more"
    return sentence_list(shown)


def _for_review(words: Words) -> str:
    unsorted = _unsorted(words)
    if not unsorted:
        return f"{words.guideline.number} asks for it in every such case"
    shown = sentence_list([lower(words.short(name)) for name in unsorted])
    return f"not decided by the guideline: {shown}"


def _unsorted(words: Words) -> list[str]:
    return [one.id for one in words.of_status("interpretive") if one.evidence]


def _unread(words: Words) -> str:
    if not words.judged:
        return lower(words.assessment.notes[0].text).rstrip(".")
    if unread := words.of_status("retrieval"):
        return f"not read: {words.brief(one.id for one in unread)}"
    return "only part of the record could be read"


def _verdict(words: Words) -> Iterator[str]:
    assessment = words.assessment
    match assessment.determination:
        case "likely-covered":
            asked = f"{words.name} asks for {SITES.get(assessment.site, 'this cancer')}"
            yield f"Likely covered: the record shows what {asked} ({_count(words)})."
        case "likely-not-covered":
            yield f"Likely not covered: the record rules out what {words.name} asks."
        case "documentation-missing" if only_intraoperative(words):
            yield "Pre-operative criteria met: what remains is normally shown in surgery."
        case "documentation-missing":
            yield f"Coverage is open: something that {words.name} asks was not found."
        case "case-by-case" if _unsorted(words):
            yield f"Individual review: {words.name} does not say how this is decided."
        case "case-by-case":
            yield f"Individual review: {words.name} asks for it in every such case."
        case "conflicting-evidence":
            yield "The record contradicts itself, so coverage cannot be judged."
        case _ if not words.judged:
            yield "Could not be evaluated: the patient of the order does not match or is not known."
        case _ if words.of_status("retrieval"):
            yield "Could not be evaluated: data that decide could not be read."
        case _:
            yield "Could not be evaluated: only part of the data that decide could be read."


def _count(words: Words) -> str:
    every = words.assessment.criteria
    met = sum(one.status == "met" for one in every)
    rest = "" if met == len(every) else "; one complete path is enough"
    return f"{met} of {len(every)} criteria met{rest}"


def _reasons(words: Words, assessed: Assessed) -> Iterator[str]:
    assessment = words.assessment
    determination = assessment.determination
    if determination == "likely-not-covered":
        if assessment.site == "pancreas":
            yield "Pancreatic cancer is reviewed individually."
        yield from words.not_met()
        yield _REVIEW
        return
    yield from words.contradictory()
    yield from words.undecided()
    yield from words.unread()
    if determination == "likely-covered":
        return
    if only_intraoperative(words):
        yield from _to_be_shown(words)
        return
    yield from words.undocumented(assessment.missing)
    yield from unread_report(words, assessed)
    if determination == "case-by-case":
        yield "Ask the plan for individual review and include the proof below."


def _to_be_shown(words: Words) -> Iterator[str]:
    """Name what surgery shows, and what would do instead and can be had before."""
    criteria, assessment = words.guideline.criteria, words.assessment
    yield f"Still open, and normally shown in surgery: {words.asked(assessment.missing)}."
    for one in assessment.missing:
        yield from words.hints(words.by_id[one])
    for names in assessment.missing_any_of:
        if not any(criteria[one].intraoperative for one in names):
            yield f"Before surgery, this would do instead: {words.asked(names)}."


def _remarks(words: Words, assessed: Assessed) -> Iterator[str]:
    guideline, assessment = words.guideline, words.assessment
    for name in assessment.confirm:
        yield f"Please confirm: {_to_confirm(words, name)}."
    noted = {rule.reading for rule in guideline.notes}
    for name in assessed.decision.criterion_readings:
        if name not in noted:
            yield guideline.readings[name].sentence
    yield from _documents(assessed)
    for note in assessment.notes:
        where = ", ".join(escape(one) for one in note.references)
        yield f"{note.text.rstrip('.')} ({where})." if where else note.text


def _to_confirm(words: Words, name: str) -> str:
    criterion = words.guideline.criteria[name]
    if words.by_id[name].status == "met":
        return f"{criterion.ask_for}; a final margin is on file and no further surgery was found"
    return criterion.ask_for


def _documents(assessed: Assessed) -> Iterator[str]:
    shown = []
    for one in assessed.documents:
        where = {"absent": "not found", "unreadable": "could not be read"}.get(one.status)
        if where is None:
            latest = max(one.evidence, key=lambda found: found.date or "")
            where = f"on file, {dated(latest)}{escape(latest.reference)}"
        shown.append(f"{one.document.short[:1].lower()}{one.document.short[1:]} ({where})")
    if shown:
        unread = any(one.evidence for one in assessed.documents)
        yield f"To submit with the request: {'; '.join(shown)}."
        yield "Attached texts and images were not read." if unread else ""


def _proof(words: Words) -> str:
    rows = []
    for one in words.assessment.criteria:
        evidence = "; ".join(
            f"{valued(found)}, {dated(found)}{escape(found.reference)}{_flags(found)}"
            for found in one.evidence
        )
        section = words.guideline.criteria[one.id].cite
        name = f"{one.id} {words.short(one.id)}"
        rows.append((name, words.status(one), evidence or "-", section))
    return table(("Criterion", "Status", "Evidence", "Guideline section"), rows)


def _flags(found: Evidence) -> str:
    text = " (read from text)" if found.text_derived else ""
    return f"{text} (local code, mapped)" if found.mapped else text


def _footer(words: Words) -> Iterator[str]:
    yield f"Judged as of {words.assessment.evaluated_on.isoformat()} by {words.name}."
    if any(not one.reviewed_by for one in words.guideline.readings.values()):
        yield "The readings of its ambiguous passages are not clinically reviewed."
    yield PLAN_DECIDES
