"""The documentation card: what is missing, contradictory or unread, and who can supply it."""

from collections.abc import Iterator

from cds_service.answer.assessed import Assessed
from cds_service.answer.assessment import documentable
from cds_service.answer.likelihood import LONGEST, unread_report
from cds_service.answer.markdown import shorten
from cds_service.answer.wording import PLAN_DECIDES, Words
from cds_service.guideline.model import Guideline

_DECIDED = ("likely-covered", "likely-not-covered", "not-applicable")


def wanted(words: Words) -> list[str]:
    """Return the criteria of the preferred set that can be documented before surgery."""
    return documentable(words.assessment)


def needed(words: Words) -> bool:
    """Tell whether there is something to document, to correct or to read."""
    determination = words.assessment.determination
    if determination in _DECIDED or not words.judged:
        return False
    if wanted(words) or determination in ("conflicting-evidence", "unable-to-evaluate"):
        return True
    left = words.left_open(words.assessment.missing)
    return any(one.unknown_kind != "interpretive" for one in left)


def summary(guideline: Guideline, assessed: Assessed) -> str:
    """Name what is to be done in one line of less than 140 characters."""
    words = Words(guideline, assessed.assessment)
    target = f", {assessed.target}" if assessed.target else ""
    parts = []
    if wanted(words):
        parts.append(f"document {words.brief(wanted(words))}")
    if words.of_status("conflict"):
        conflicting = words.brief(one.id for one in words.of_status("conflict"))
        parts.append(f"resolve the contradiction on {conflicting}")
    if words.of_status("retrieval"):
        unread = words.brief(one.id for one in words.of_status("retrieval"))
        parts.append(f"check the chart, this could not be read: {unread}")
    elif not parts:
        parts.append("check the chart, only part of the record could be read")
    return shorten(f"{assessed.procedure}{target}: {'; '.join(parts)}", LONGEST)


def detail(guideline: Guideline, assessed: Assessed) -> str:
    """Name each item, why it matters and who can supply it; then the other ways."""
    words = Words(guideline, assessed.assessment)
    parts = [
        *_to_document(words, assessed),
        " ".join(unread_report(words, assessed)),
        *_alternatives(words),
        *_to_correct(words),
        *_to_read(words, assessed),
        PLAN_DECIDES,
    ]
    return "\n\n".join(part for part in parts if part)


def _to_document(words: Words, assessed: Assessed) -> Iterator[str]:
    names = words.assessment.missing
    if not names:
        return
    if words.path is words.common:
        yield "Missing, and what else the guideline asks depends on it:"
    elif words.left_open(names):
        yield "Missing, though it does not settle coverage by itself:"
    else:
        yield "Missing, and enough to complete a path of the guideline:"
    items = [_item(words, assessed, one) for one in names]
    yield "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))


def _item(words: Words, assessed: Assessed, name: str) -> str:
    criterion = words.guideline.criteria[name]
    readings = next(one.readings for one in assessed.decision.answers if one.criterion == name)
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
        yield "Instead, any of these could be documented:"
        yield "\n".join(f"- {words.asked(names)}" for names in others)


def _to_correct(words: Words) -> Iterator[str]:
    for one, sentence in zip(words.of_status("conflict"), words.contradictory(), strict=True):
        criterion = words.guideline.criteria[one.id]
        yield f"{sentence} {criterion.why} Who can correct or date what is wrong: {criterion.who}."


def _to_read(words: Words, assessed: Assessed) -> Iterator[str]:
    unread = list(words.unread())
    if unread:
        yield " ".join(unread)
        items = [_item(words, assessed, one.id) for one in words.of_status("retrieval")]
        yield "\n".join(f"- {item}" for item in items)
        yield (
            "Look it up in the chart; those who run the connection of this service to the record "
            "can find out why it was not read."
        )
