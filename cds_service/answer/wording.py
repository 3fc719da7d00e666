"""The words of an answer: four kinds of not knowing, each with its own sentence.

"Not documented", "could not be read", "contradictory" and "the guideline does not decide" are
different answers and never share a wording. None of them is shown as good or bad news.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cds_service.answer.assessment import Assessment, CriterionResult
from cds_service.answer.markdown import escape, sentence_list
from cds_service.guideline.formula import Term
from cds_service.guideline.model import Guideline, Path
from fhir_mappings.facts import Evidence

SITES: Final = {
    "breast": "breast cancer",
    "cervical": "cervical cancer",
    "colon": "colon cancer",
    "rectal": "rectal cancer",
    "rectosigmoid": "cancer of the rectosigmoid junction",
    "colorectal": "colorectal cancer",
    "pancreas": "pancreatic cancer",
    "sts": "soft tissue sarcoma",
}
_REASONS: Final = {
    "not-delivered": "not delivered",
    "not-authorised": "access not granted",
    "not-found": "not found",
    "timed-out": "the server did not answer in time",
    "server-error": "the server reported an error",
    "invalid": "not readable",
    "truncated": "only part of it was delivered",
}
_STATUS: Final = {"met": "met", "not-met": "**not met**", "conflict": "contradictory"}
_UNKNOWN: Final = {
    "evidence": "not documented",
    "retrieval": "could not be read",
    "interpretive": "not decided by the guideline",
}
_NAMED: Final = 3
PLAN_DECIDES: Final = (
    "This is decision support, not a coverage decision: benefits differ from member to member, and "
    "the plan decides. Contact the plan for this member's coverage."
)


class Words:
    """Sentences about one assessment."""

    def __init__(self, guideline: Guideline, assessment: Assessment) -> None:
        self.guideline = guideline
        self.assessment = assessment
        self.by_id = {one.id: one for one in assessment.criteria}
        self.common = guideline.common
        self.name = f"{guideline.number} (rev. {guideline.revision})"

    @property
    def path(self) -> Path:
        """The path by which the order was judged."""
        opened = self.guideline.paths.get(self.assessment.site)
        return opened if opened and self.by_id.keys() >= set(opened.criteria) else self.common

    @property
    def judged(self) -> bool:
        """Tell whether anything was asked beyond whether this is an order for IORT."""
        return len(self.assessment.criteria) > 1

    def short(self, criterion: str) -> str:
        """Name a criterion in a few words."""
        return self.guideline.criteria[criterion].short

    def items(self, criteria: Iterable[str]) -> str:
        """Name several criteria as what is missing or to be looked at."""
        return sentence_list(self._items(criteria))

    def brief(self, criteria: Iterable[str]) -> str:
        """Name several criteria in a summary: the first ones, and how many more."""
        named = self._items(criteria)
        more = len(named) - _NAMED
        return sentence_list(named if more < 2 else [*named[:_NAMED], f"{more} more"])

    def asked(self, criteria: Iterable[str]) -> str:
        """Name several criteria as what to document."""
        return sentence_list([self.guideline.criteria[one].ask_for for one in criteria])

    def refuted(self) -> list[str]:
        """Return what the record rules out, first of all what stands in the way of every path."""
        refuted = [one.id for one in self.of_status("not-met")]
        decisive = [
            name
            for name in refuted
            if all(any(one.criterion == name for one in part) for part in self.path.formula)
        ]
        return decisive or refuted

    def left_open(self, documented: Iterable[str]) -> list[CriterionResult]:
        """Return what stays open where these are documented, on the path where that is least."""
        known = set(documented)
        ways = [self._open(part, known) for part in self.path.formula]
        possible = [
            way
            for way in ways
            if not any(one.status == "not-met" or one.unknown_kind == "evidence" for one in way)
        ]
        return min(possible, key=_effort, default=[])

    def of_status(self, *statuses: str) -> list[CriterionResult]:
        """Return the criteria with one of these statuses or kinds of unknown."""
        return [
            one
            for one in self.assessment.criteria
            if one.status in statuses or one.unknown_kind in statuses
        ]

    def status(self, one: CriterionResult) -> str:
        """Say how a criterion stands."""
        if one.status != "unknown":
            return _STATUS[one.status]
        if one.unknown_kind == "evidence" and one.id in self._presumed():
            return "presumed"
        return _UNKNOWN[one.unknown_kind or "evidence"]

    def payer(self) -> str:
        """Say whether the plan uses this guideline at all."""
        coverage = self.assessment.coverage
        payor = escape(coverage.payor or "a payor that is not named")
        if coverage.status == "none":
            return "No coverage was found on file, so it is not known which plan decides."
        if coverage.status == "unreadable":
            return "Coverage could not be read, so it is not known which plan decides."
        if coverage.active is False:
            on = self.assessment.evaluated_on.isoformat()
            return f"The coverage on file ({payor}) is not active on {on}."
        if coverage.applies == "no":
            return f"The coverage on file is with another payer ({payor}), whose policy may differ."
        if coverage.applies == "yes":
            return f"The plan ({payor}) is known to use this guideline."
        named = f" ({payor})" if coverage.payor else ""
        return f"It is not known whether this plan{named} uses {self.guideline.number}."

    def not_met(self) -> Iterator[str]:
        """Say what is refuted, and by what."""
        for name in self.refuted():
            one = self.by_id[name]
            yield f"Not met: {lower(self.short(name))} ({cited(one.evidence)})."

    def contradictory(self) -> Iterator[str]:
        """Set out what contradicts itself, without picking a side."""
        for one in self.of_status("conflict"):
            yield f"Contradictory on {lower(self.short(one.id))}: {cited(one.evidence)}."

    def undecided(self) -> Iterator[str]:
        """Name what is known and not sorted by the guideline's words."""
        for one in self.of_status("interpretive"):
            if one.evidence:
                name = lower(self.short(one.id))
                yield f"Not decided by the guideline: {name} ({cited(one.evidence)})."
            else:
                yield f"{self.guideline.criteria[one.id].why}"

    def unread(self) -> Iterator[str]:
        """Name what could not be read, and what was not evaluated for it."""
        if unread := self.of_status("retrieval"):
            yield self.unread_types(unread)
            yield f"Not evaluated for that reason: {self.items(one.id for one in unread)}."
        elif self.judged and self.assessment.determination == "unable-to-evaluate":
            yield self.unread_types(self.assessment.criteria)

    def unread_types(self, criteria: Iterable[CriterionResult]) -> str:
        """Name the resource types that were not wholly read, and why: those of these criteria."""
        deciding = {one for result in criteria for one in self.guideline.criteria[result.id].reads}
        gaps = [gap for gap in self.assessment.unavailable if gap.type in deciding]
        reasons: dict[str, list[str]] = {}
        for kind, why in {gap.type: gap.why for gap in reversed(gaps)}.items():
            reasons.setdefault(_REASONS[why] if why else "reason not known", []).append(kind)
        parts = [f"{', '.join(types)} ({reason})" for reason, types in reasons.items()]
        named = sentence_list(parts) if parts else "Some data"
        partly = any(gap.state == "partial" for gap in gaps)
        return f"{named} could not be read{' completely' if partly else ''}."

    def undocumented(self, criteria: Iterable[str]) -> Iterator[str]:
        """Name what was not found, and what is there that was not understood."""
        names = list(criteria)
        if names:
            yield f"Not found in the record as visible to this service: {self.items(names)}."
        yield from dict.fromkeys(hint for name in names for hint in self.hints(self.by_id[name]))

    def hints(self, one: CriterionResult) -> Iterator[str]:
        """Name evidence of a criterion that is there and does not count."""
        if one.unknown_kind == "evidence" and one.evidence:
            yield f"On file, but not sufficient by itself: {cited(one.evidence)}."
        for considered in one.considered:
            where = cited([considered.evidence])
            match considered.because:
                case "not-understood":
                    yield f"Present, not understood: {where}."
                case "preliminary":
                    yield f"A result that is not final does not count: {where}."
                case "unattributed" if one.id == "G-2":
                    yield f"It cannot be told for which diagnosis the order is: {where}."
                case "unattributed":
                    yield f"It cannot be told which tumor this is about: {where}."
                case "unconfirmed":
                    yield f"An unconfirmed diagnosis proves nothing: {where}."
                case "refuted":
                    yield f"This diagnosis is recorded as refuted or entered in error: {where}."
                case "history":
                    yield f"A history of cancer is no current diagnosis: {where}."
                case "support":
                    yield f"On file, but not sufficient by itself: {where}."
                case _:
                    continue

    def _items(self, criteria: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(self.guideline.criteria[one].item for one in criteria))

    def _presumed(self) -> set[str]:
        return {one.criterion for part in self.path.formula for one in part if one.presumed}

    def _open(self, part: Iterable[Term], known: set[str]) -> list[CriterionResult]:
        every = [(one, self.by_id[one.criterion]) for one in part if one.criterion not in known]
        return [
            result
            for term, result in every
            if result.status == "not-met" or (result.status != "met" and not term.presumed)
        ]


def _effort(way: list[CriterionResult]) -> tuple[int, int]:
    return len(way), sum(one.unknown_kind == "interpretive" for one in way)


def cited(evidence: Iterable[Evidence]) -> str:
    """Show evidence in a sentence: value, date, resource."""
    return "; ".join(f"{valued(one)}, {dated(one)}{escape(one.reference)}" for one in evidence)


def valued(evidence: Evidence) -> str:
    """Return the value of evidence, to stand inside a sentence."""
    return escape(evidence.value.rstrip(" ."))


def dated(evidence: Evidence) -> str:
    """Return the day of evidence, to stand before its reference."""
    return f"{escape(evidence.date[:10])}, " if evidence.date else ""


def lower(text: str) -> str:
    """Return a phrase as it stands inside a sentence."""
    return text if text[:2].isupper() or text[1:2].isdigit() else text[:1].lower() + text[1:]
