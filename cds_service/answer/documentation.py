"""The documentation card: what is missing, contradictory or unread, and who can supply it."""

from collections.abc import Iterator

from cds_service.answer.assessed import Assessed
from cds_service.answer.likelihood import LONGEST, unread_report
from cds_service.answer.markdown import sentence_list
from cds_service.answer.wording import PLAN_DECIDES, Words
from cds_service.guideline.model import Guideline

_DECIDED = ("likely-covered", "likely-not-covered", "not-applicable")


def wanted(words: Words) -> list[str]:
    """Return the criteria of the preferred set that can be documented before surgery."""
    pending = words.assessment.pending_intraoperative
    return [one for one in words.assessment.missing if one not in pending]


def needed(words: Words) -> bool:
    """Tell whether there is something to document, to correct or to read."""
    determination = words.assessment.determination
    if determination in _DECIDED or not words.assessment.criteria:
        return False
    if wanted(words) or determination == "conflicting-evidence":
        return True
    return determination == "unable-to-evaluate" and bool(words.assessment.unavailable)


def summary(guideline: Guideline, assessed: Assessed) -> str:
    """Name what is to be done in one line of less than 140 characters."""
    words = Words(guideline, assessed.assessment)
    target = f", {assessed.target}" if assessed.target else ""
    parts = []
    if wanted(words):
        parts.append(f"document {words.items(wanted(words))}")
    if words.of_status("conflict"):
        parts.append(f"correct {words.items(one.id for one in words.of_status('conflict'))}")
    if words.of_status("retrieval"):
        parts.append(f"check {words.items(one.id for one in words.of_status('retrieval'))}, unread")
    elif not parts:
        parts.append("check the record, only part of it could be read")
    text = f"{assessed.procedure}{target}: {'; '.join(parts)}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def detail(guideline: Guideline, assessed: Assessed) -> str:
    """Name each item, why it matters and who can supply it; then the other ways."""
    words = Words(guideline, assessed.assessment)
    parts = [
        *_to_document(words, assessed),
        " ".join(unread_report(words, assessed)),
        *_alternatives(words),
        *_to_correct(words),
        " ".join(_to_read(words)),
        PLAN_DECIDES,
    ]
    return "\n\n".join(part for part in parts if part)


def _to_document(words: Words, assessed: Assessed) -> Iterator[str]:
    names = words.assessment.missing
    if not names:
        return
    yield "Missing, and enough to complete a path of the guideline:"
    items = [_item(words, one, _readings(assessed, one)) for one in names]
    yield "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))


def _readings(assessed: Assessed, name: str) -> tuple[str, ...]:
    return next(one.readings for one in assessed.decision.answers if one.criterion == name)


def _item(words: Words, name: str, readings: tuple[str, ...]) -> str:
    criterion = words.guideline.criteria[name]
    read = [words.guideline.readings[one].sentence for one in readings]
    later = " It can normally be shown only in surgery." if criterion.intraoperative else ""
    hints = " ".join([*read, *words.hints(words.by_id[name])])
    return (
        f"**{criterion.short}**: {criterion.ask_for}. {criterion.why} "
        f"Who can supply it: {criterion.who}.{later} {hints}".rstrip()
    )


def _alternatives(words: Words) -> Iterator[str]:
    """Name the other sets, those that can be documented before surgery first."""
    criteria = words.guideline.criteria
    others = sorted(
        words.assessment.missing_any_of[1:],
        key=lambda names: sum(criteria[one].intraoperative for one in names),
    )
    if others:
        lines = [f"- {sentence_list([criteria[one].ask_for for one in names])}" for names in others]
        yield "Any of these would do instead:"
        yield "\n".join(lines)


def _to_correct(words: Words) -> Iterator[str]:
    for one, sentence in zip(words.of_status("conflict"), words.contradictory(), strict=True):
        who = words.guideline.criteria[one.id].who
        yield f"{sentence} One of them has to be corrected or dated: {who or 'the author'}."


def _to_read(words: Words) -> Iterator[str]:
    unread = list(words.unread())
    if unread or words.assessment.determination == "unable-to-evaluate":
        yield from unread or [f"{words.unread_types()} could not be read."]
        yield "Check these in the chart; those who run the connection to this service can open it."
