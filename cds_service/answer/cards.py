"""Cards for the orders of a session.

Never cry wolf: one order never gives two warnings, and where nothing can be done before surgery
there is no warning at all.
"""

from typing import Final
from uuid import uuid4

import msgspec
from msgspec import UNSET, Raw

from cds_service.answer import documentation, likelihood
from cds_service.answer.assessed import Assessed
from cds_service.answer.assessment import EXTENSION, compact
from cds_service.answer.tasks import TaskMaker
from cds_service.answer.wording import Words
from cds_service.guideline.model import Guideline
from cds_service.hooks.cards import Action, Card, Coding, Indicator, Link, Source, Suggestion

_TOPICS: Final = "http://terminology.hl7.org/CodeSystem/cdshooks-card-type"
_REASONS: Final = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
_OWN_REASONS: Final = "urn:iort-cds:override-reason"
_GUIDELINE = Coding(code="guideline", system=_TOPICS, display="Guideline")
_REMINDER = Coding(code="clinical-reminder", system=_TOPICS, display="Clinical Reminder")
OVERRIDE_REASONS: Final = [
    Coding(code="plan-confirmed", system=_OWN_REASONS, display="The plan has confirmed coverage"),
    Coding(
        code="documented-elsewhere",
        system=_OWN_REASONS,
        display="Documented where this service does not see it",
    ),
    Coding(
        code="cds-not-applicable",
        system=_REASONS,
        display="Guidance does not apply to this patient",
    ),
    Coding(
        code="recipient-disagrees-evidence",
        system=_REASONS,
        display="Disagree with the reading of the evidence",
    ),
]
_ENCODER = msgspec.json.Encoder()


class CardMaker:
    """Makes the cards of a session."""

    def __init__(self, guideline: Guideline) -> None:
        self._guideline = guideline
        self._tasks = TaskMaker(guideline)

    def cards(self, assessed: list[Assessed], base_url: str, *, demands: bool = True) -> list[Card]:
        """Return the cards for all orders of a session.

        Args:
            assessed: one for each order that concerns the guideline.
            base_url: where this service is reached, for links to the guideline's data.
            demands: whether documentation is asked for; while orders are selected it is too early.
        """
        return [
            card for one in assessed for card in self._for_order(one, base_url, demands=demands)
        ]

    def notice(
        self, summary: str, detail: str, base_url: str, indicator: Indicator = "warning"
    ) -> Card:
        """Return a card that belongs to no judged order."""
        return self._card(indicator, summary, detail, base_url, topic=_GUIDELINE)

    def _for_order(self, assessed: Assessed, base_url: str, *, demands: bool) -> list[Card]:
        words = Words(self._guideline, assessed.assessment)
        warned = demands and documentation.needed(words)
        first = self._card(
            "info" if warned else _indicator(words),
            likelihood.summary(self._guideline, assessed),
            likelihood.detail(self._guideline, assessed),
            base_url,
            topic=_GUIDELINE,
            assessed=assessed,
        )
        if not warned or assessed.patient is None:
            return [first]
        second = self._card(
            "warning",
            documentation.summary(self._guideline, assessed),
            documentation.detail(self._guideline, assessed),
            base_url,
            topic=_REMINDER,
            suggestions=self._suggestions(assessed, assessed.patient, documentation.wanted(words)),
        )
        return [first, second]

    def _card(
        self,
        indicator: Indicator,
        summary: str,
        detail: str,
        base_url: str,
        *,
        topic: Coding,
        assessed: Assessed | None = None,
        suggestions: list[Suggestion] | None = None,
    ) -> Card:
        guideline = self._guideline
        url = f"{base_url}/guideline"
        label = f"{guideline.publisher} guideline {guideline.number}, rev. {guideline.revision}"
        return Card(
            uuid=str(uuid4()),
            summary=summary,
            detail=detail,
            indicator=indicator,
            source=Source(label=label, url=url, topic=topic),
            suggestions=suggestions or UNSET,
            selection_behavior="any" if suggestions else UNSET,
            override_reasons=OVERRIDE_REASONS,
            links=[Link(label="How the guideline is read", url=url, type="absolute")],
            extension={EXTENSION: _assessment(assessed)} if assessed else UNSET,
        )

    def _suggestions(
        self, assessed: Assessed, patient: str, criteria: list[str]
    ) -> list[Suggestion]:
        suggestions = []
        for name in criteria:
            label = f"Ask for: {self._guideline.criteria[name].item}"
            task = self._tasks.make(
                name,
                patient,
                assessed.assessment.evaluated_on,
                assessed.assessment.order if assessed.stored else None,
            )
            action = Action(type="create", description=label, resource=task)
            suggestions.append(Suggestion(label=label, uuid=str(uuid4()), actions=[action]))
        return suggestions


def _indicator(words: Words) -> Indicator:
    warn = ("likely-not-covered", "unable-to-evaluate", "conflicting-evidence")
    return "warning" if words.assessment.determination in warn else "info"


def _assessment(assessed: Assessed) -> Raw:
    return Raw(_ENCODER.encode(compact(assessed.assessment)))
