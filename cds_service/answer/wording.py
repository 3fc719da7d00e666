"""The words of an answer: four kinds of not knowing, each with its own sentence.

"Not documented", "could not be read", "contradictory" and "the guideline does not decide" are
different answers and never share a wording. None of them is shown as good or bad news.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cds_service.answer.assessment import Assessment, CriterionResult
from cds_service.answer.markdown import escape, sentence_list
from cds_service.guideline.model import Guideline
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
_STATUS: Final = {"met": "met", "not-met": "**not met**", "conflict": "**contradictory**"}
_UNKNOWN: Final = {
    "evidence": "not documented",
    "retrieval": "could not be read",
    "interpretive": "not decided by the guideline",
}
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
        self.name = f"{guideline.number} (rev. {guideline.revision})"

    def short(self, criterion: str) -> str:
        """Name a criterion in a few words."""
        return self.guideline.criteria[criterion].short

    def items(self, criteria: Iterable[str]) -> str:
        """Name several criteria as what is missing or to be looked at."""
        known = self.guideline.criteria
        return sentence_list(list(dict.fromkeys(known[one].item for one in criteria)))

    def refuted(self) -> list[str]:
        """Return what the record rules out, first of all what stands in the way of every path."""
        refuted = [one.id for one in self.of_status("not-met")]
        path = self.guideline.paths.get(self.assessment.site, self.guideline.common)
        decisive = [
            name
            for name in refuted
            if all(any(one.criterion == name for one in part) for part in path.formula)
        ]
        return decisive or refuted

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
        return f"It is not known whether this plan uses {self.guideline.number}."

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
        unread = self.of_status("retrieval")
        if unread:
            yield f"{self.unread_types()} could not be read."
            yield f"Not evaluated for that reason: {self.items(one.id for one in unread)}."

    def unread_types(self) -> str:
        """Name the resource types that were not wholly read, and why: those that decide."""
        deciding = {
            source
            for one in self.of_status("retrieval")
            for source in self.guideline.criteria[one.id].reads
        }
        reasons: dict[str, list[str]] = {}
        named: set[str] = set()
        for gap in self.assessment.unavailable:
            if gap.type not in named and (gap.type in deciding or not deciding):
                named.add(gap.type)
                reason = _REASONS[gap.why] if gap.why else "reason not known"
                reasons.setdefault(reason, []).append(gap.type)
        parts = [f"{', '.join(types)} ({reason})" for reason, types in reasons.items()]
        return sentence_list(parts) if parts else "Some data"

    def undocumented(self, criteria: Iterable[str]) -> Iterator[str]:
        """Name what was not found, and what is there that was not understood."""
        names = list(criteria)
        if names:
            yield f"Not found in the record as visible to this service: {self.items(names)}."
        for name in names:
            yield from self.hints(self.by_id[name])

    def hints(self, one: CriterionResult) -> Iterator[str]:
        """Name evidence of a criterion that is there and does not count."""
        for considered in one.considered:
            found = considered.evidence
            where = f"{valued(found)}, {dated(found)}{escape(found.reference)}"
            match considered.because:
                case "not-understood":
                    yield f"Present, not understood: {where}."
                case "preliminary":
                    yield f"A result that is not final does not count: {where}."
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

    def _presumed(self) -> set[str]:
        path = self.guideline.paths.get(self.assessment.site, self.guideline.common)
        return {one.criterion for part in path.formula for one in part if one.presumed}


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
