"""The coverage likelihood card: its summary for five seconds, its detail for the proof."""

from collections.abc import Iterator
from typing import Final

from cds_service.answer.assessed import Assessed
from cds_service.answer.markdown import escape, sentence_list, table
from cds_service.answer.wording import (
    PLAN_DECIDES,
    SITES,
    Words,
    dated,
    lower,
    valued,
)
from cds_service.guideline.model import Guideline

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
    text = f"{_plan(words)}{assessed.procedure}{target}: {_outcome(words)}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


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
    )


def unread_report(words: Words, assessed: Assessed) -> Iterator[str]:
    """Name a pathology report that exists and was not read, where it may hold what is missing."""
    criteria = words.guideline.criteria
    if any("DiagnosticReport" in criteria[name].reads for name in words.assessment.missing):
        for one in assessed.documents:
            if one.document.kind == "pathology" and one.evidence:
                latest = max(one.evidence, key=lambda found: found.date or "")
                day = f" of {escape(latest.date[:10])}" if latest.date else ""
                yield f"A pathology report{day} exists and was not read."


def _plan(words: Words) -> str:
    coverage = words.assessment.coverage
    if coverage.active is False:
        return "Coverage not active. "
    return "Another payer. " if coverage.applies == "no" else ""


def _outcome(words: Words) -> str:
    assessment, number = words.assessment, words.guideline.number
    match assessment.determination:
        case "likely-covered":
            return f"likely covered; the criteria of {number} are met"
        case "likely-not-covered":
            return f"likely not covered: {_ruled_out(words)}"
        case "documentation-missing" if only_intraoperative(words):
            shown = words.items(assessment.missing)
            return f"pre-operative criteria met; to be shown in surgery: {shown}"
        case "documentation-missing":
            return f"coverage open; not documented: {words.items(assessment.missing)}"
        case "case-by-case":
            return f"individual review by the plan; {_for_review(words)}"
        case "conflicting-evidence":
            contradictory = words.items(one.id for one in words.of_status("conflict"))
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
    undecided = words.of_status("interpretive")
    with_proof = [one.id for one in undecided if one.evidence]
    if not with_proof:
        return f"{words.guideline.number} decides no such case by itself"
    shown = sentence_list([lower(words.short(name)) for name in with_proof])
    return f"not decided by the guideline: {shown}"


def _unread(words: Words) -> str:
    if words.assessment.notes and not words.assessment.unavailable:
        return words.assessment.notes[0].text
    return f"not read: {words.unread_types()}"


def _verdict(words: Words) -> Iterator[str]:
    assessment = words.assessment
    heading = SITES.get(assessment.site)
    asked = f"{words.name} asks for {heading}" if heading else f"{words.name} asks"
    match assessment.determination:
        case "likely-covered":
            met = sum(one.status == "met" for one in assessment.criteria)
            yield f"Likely covered: the record shows what {asked if heading else words.name}"
            yield f"({met} of {len(assessment.criteria)} criteria met)."
        case "likely-not-covered":
            yield f"Likely not covered: the record rules out what {words.name} asks."
        case "documentation-missing" if only_intraoperative(words):
            yield "Pre-operative criteria met: all that can be known before surgery is documented."
        case "documentation-missing":
            yield f"Coverage is open: something that {words.name} asks was not found."
        case "case-by-case":
            yield f"Individual review: what is known does not fall under the words of {words.name}."
        case "conflicting-evidence":
            yield "The record contradicts itself, so coverage cannot be judged."
        case _:
            yield "Could not be evaluated: data that decide could not be read."


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
        criteria = words.guideline.criteria
        asked = sentence_list([criteria[one].ask_for for one in assessment.missing])
        yield f"To be shown in surgery: {asked}."
        for one in assessment.missing:
            yield from words.hints(words.by_id[one])
        return
    yield from words.undocumented(assessment.missing)
    yield from unread_report(words, assessed)
    if determination == "case-by-case":
        yield "Ask the plan for individual review and include the proof below."


def _remarks(words: Words, assessed: Assessed) -> Iterator[str]:
    guideline, assessment = words.guideline, words.assessment
    noted = {rule.reading for rule in guideline.notes}
    for name in assessed.decision.criterion_readings:
        if name not in noted:
            yield guideline.readings[name].sentence
    for name in assessment.confirm:
        yield f"Please confirm: {_to_confirm(words, name)}."
    yield from _documents(assessed)
    for note in assessment.notes:
        cited = f" ({escape(', '.join(note.references))})" if note.references else ""
        yield f"{note.text}{cited}"


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
        yield "What these documents say was not read." if unread else ""


def _proof(words: Words) -> str:
    rows = []
    for one in words.assessment.criteria:
        evidence = "; ".join(
            f"{valued(found)}, {dated(found)}{escape(found.reference)}{_flags(found)}"
            for found in one.evidence
        )
        section = words.guideline.criteria[one.id].cite
        rows.append((f"{one.id} {words.short(one.id)}", words.status(one), evidence, section))
    return table(("Criterion", "Status", "Evidence", "Guideline section"), rows)


def _flags(found: object) -> str:
    text = " (read from text)" if getattr(found, "text_derived", False) else ""
    return f"{text} (local code, mapped)" if getattr(found, "mapped", False) else text


def _footer(words: Words) -> Iterator[str]:
    yield f"Judged as of {words.assessment.evaluated_on.isoformat()} by {words.name}."
    if any(not one.reviewed_by for one in words.guideline.readings.values()):
        yield "The readings of its ambiguous passages are not clinically reviewed."
    yield PLAN_DECIDES
