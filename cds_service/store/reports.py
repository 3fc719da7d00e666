"""What became of cards: how many were accepted or overridden, and why."""

from collections import Counter
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from cds_service.store.models import CardRow, FeedbackRow
from cds_service.store.store import Store

_CHUNK: Final = 1000  # rows held at a time
_Card = tuple[str, str]  # issuer and uuid


class Tally(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many cards got which feedback; one that got both counts in both."""

    accepted: int
    overridden: int


class ByDetermination(Tally, frozen=True, kw_only=True, rename="camel"):
    """Feedback on the cards of a determination.

    Attributes:
        determination: None for cards that are not on file.
        shown: how many cards went out; most clients report nothing of a card that is ignored.
    """

    determination: str | None
    shown: int


class ByCriterion(Tally, frozen=True, kw_only=True, rename="camel"):
    """Feedback on asking for the documentation of a criterion.

    Attributes:
        asked: how many cards asked for it.
    """

    criterion: str
    asked: int


class ByReason(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many cards were overridden for a reason.

    Attributes:
        code: None where no reason was chosen.
        commented: how many of them carry a comment.
    """

    system: str | None
    code: str | None
    count: int
    commented: int


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of cards since a point in time, or ever."""

    since: datetime | None
    determinations: list[ByDetermination]
    criteria: list[ByCriterion]
    reasons: list[ByReason]


def feedback_report(store: Store, since: datetime | None = None) -> Report:
    """Count what became of cards.

    Args:
        store: where cards and feedback are.
        since: only cards shown and feedback received from then on.

    Raises:
        StoreError: the store cannot be used.
    """
    counting = _Counting()
    shown = select(CardRow.determination, CardRow.asked)
    reported = select(FeedbackRow, CardRow.determination, CardRow.asked).outerjoin(
        # Who was not shown a card has no say in what became of it.
        CardRow,
        and_(FeedbackRow.card == CardRow.uuid, FeedbackRow.issuer == CardRow.issuer),
    )
    if since is not None:
        shown = shown.where(CardRow.created >= since)
        reported = reported.where(FeedbackRow.received >= since)
    with store.begin(read_only=True) as connection, Session(connection) as session:
        for determination, asked in session.execute(shown):
            counting.show(determination, asked)
        for row, on, had in session.execute(reported.execution_options(yield_per=_CHUNK)):
            counting.report(row, on, had or {})
    return counting.result(since)


class _Counting:
    """Counts each card once for each outcome, however often it was reported."""

    def __init__(self) -> None:
        self._shown: Counter[str | None] = Counter()
        self._asked: Counter[str] = Counter()
        self._outcomes: set[tuple[str | None, str, _Card]] = set()
        self._criteria: set[tuple[str, str, _Card]] = set()
        self._overrides: set[tuple[str | None, str | None, _Card]] = set()
        self._commented: set[tuple[str | None, str | None, _Card]] = set()

    def show(self, determination: str, asked: dict[str, str]) -> None:
        """Count a card that was shown."""
        self._shown[determination] += 1
        self._asked.update(set(asked.values()))

    def report(self, row: FeedbackRow, determination: str | None, asked: dict[str, str]) -> None:
        """Count one report on a card."""
        card = (row.issuer, row.card)
        self._outcomes.add((determination, row.outcome, card))
        if row.outcome == "accepted":
            criteria = {asked[one] for one in row.suggestions if one in asked}
        else:
            criteria = set(asked.values())
            reason = (row.reason_system, row.reason_code, card)
            self._overrides.add(reason)
            if row.comment is not None:
                self._commented.add(reason)
        self._criteria.update((one, row.outcome, card) for one in criteria)

    def result(self, since: datetime | None) -> Report:
        """Return what was counted, the most frequent reason first."""
        return Report(
            since=since,
            determinations=self._by_determination(),
            criteria=self._by_criterion(),
            reasons=self._by_reason(),
        )

    def _by_determination(self) -> list[ByDetermination]:
        counts = Counter((name, outcome) for name, outcome, _ in self._outcomes)
        names = {*self._shown, *(name for name, _ in counts)}
        return [
            ByDetermination(
                determination=name,
                shown=self._shown[name],
                accepted=counts[name, "accepted"],
                overridden=counts[name, "overridden"],
            )
            for name in sorted(names, key=lambda one: (one is None, one or ""))
        ]

    def _by_criterion(self) -> list[ByCriterion]:
        counts = Counter((name, outcome) for name, outcome, _ in self._criteria)
        return [
            ByCriterion(
                criterion=name,
                asked=self._asked[name],
                accepted=counts[name, "accepted"],
                overridden=counts[name, "overridden"],
            )
            for name in sorted({*self._asked, *(name for name, _ in counts)})
        ]

    def _by_reason(self) -> list[ByReason]:
        counts = Counter((system, code) for system, code, _ in self._overrides)
        commented = Counter((system, code) for system, code, _ in self._commented)
        return [
            ByReason(system=system, code=code, count=count, commented=commented[system, code])
            for (system, code), count in sorted(counts.items(), key=_by_frequency)
        ]


def _by_frequency(item: tuple[tuple[str | None, str | None], int]) -> tuple[int, str, str]:
    (system, code), count = item
    return -count, system or "", code or ""
