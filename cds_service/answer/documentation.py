"""The documentation card: what is missing, contradictory or unread, and who can supply it."""

from collections.abc import Iterator

from cds_service.answer.assessed import Assessed
from cds_service.answer.likelihood import LONGEST, unread_report
from cds_service.answer.markdown import sentence_list
from cds_service.answer.wording import PLAN_DECIDES, Words, unread_types
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
        *_to_document(words),
        " ".join(unread_report(words, assessed)),
        *_alternatives(words),
        *_to_correct(words),
        " ".join(_to_read(words)),
        PLAN_DECIDES,
    ]
    return "\n\n".join(part for part in parts if part)


def _to_document(words: Words) -> Iterator[str]:
    names = words.assessment.missing
    if not names:
        return
    yield "Missing, and enough to complete a path of the guideline:"
    yield "\n".join(f"{number}. {_item(words, one)}" for number, one in enumerate(names, start=1))


def _item(words: Words, name: str) -> str:
    criterion = words.guideline.criteria[name]
    later = " It can normally be shown only in surgery." if criterion.intraoperative else ""
    hints = " ".join(words.hints(words.by_id[name]))
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
        yield from unread or [f"{unread_types(words.assessment.unavailable)} could not be read."]
        yield "Check these in the chart; those who run the connection to this service can open it."
