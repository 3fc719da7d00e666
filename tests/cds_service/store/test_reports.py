"""What became of cards is counted by card, not by report."""

from datetime import UTC, datetime, timedelta

from cds_service.hooks.feedback import Reason
from cds_service.store.records import CardRecord, Record
from cds_service.store.reports import ByCriterion, ByDetermination, ByReason, feedback_report
from cds_service.store.store import Store
from tests.builders import breast
from tests.cds_service.answer.signing import breast_without
from tests.cds_service.store.storing import AT, ISSUER, records_for, report

SYSTEM = "urn:x"


def shown(store: Store) -> tuple[CardRecord, CardRecord, CardRecord]:
    """Show a card of a covered order, and two of one with two documents missing."""
    records: list[Record] = [
        *records_for(breast()),
        *records_for(breast_without("Observation", 0, 1)),
    ]
    store.save_answers(records)
    first, second, third = (card for one in records for card in one.cards)
    return first, second, third


def test_nothing_reported_is_counted_as_shown(store: Store) -> None:
    shown(store)

    found = feedback_report(store)

    assert found.determinations == [
        ByDetermination(determination="documentation-missing", shown=2, accepted=0, overridden=0),
        ByDetermination(determination="likely-covered", shown=1, accepted=0, overridden=0),
    ]
    assert found.criteria == [
        ByCriterion(criterion="BR-3", asked=1, accepted=0, overridden=0),
        ByCriterion(criterion="BR-4", asked=1, accepted=0, overridden=0),
    ]
    assert found.reasons == []


def test_a_card_counts_once_for_each_outcome_and_a_task_for_its_criterion(store: Store) -> None:
    covered, _, asking = shown(store)
    by_criterion = {name: uuid for uuid, name in asking.asked.items()}
    accept = report(
        asking.uuid, outcome="accepted", suggestions=(by_criterion["BR-4"], "not one of ours")
    )
    store.save_feedback(
        ISSUER,
        [
            accept,
            report(
                asking.uuid,
                outcome="accepted",
                suggestions=accept.suggestions,
                at=AT.replace(hour=11),
            ),
            report(asking.uuid, reason=Reason(code="b", system=SYSTEM, comment="why")),
            report(covered.uuid),
            report("of another store"),
        ],
    )
    store.save_feedback("https://other.example.org", [report(covered.uuid)])

    found = feedback_report(store)

    assert [
        (one.determination, one.shown, one.accepted, one.overridden) for one in found.determinations
    ] == [
        ("documentation-missing", 2, 1, 1),
        ("likely-covered", 1, 0, 1),
        (None, 0, 0, 2),
    ]
    assert [(one.criterion, one.accepted, one.overridden) for one in found.criteria] == [
        ("BR-3", 0, 1),
        ("BR-4", 1, 1),
    ]
    assert found.reasons == [
        ByReason(system=None, code=None, count=3, commented=0),
        ByReason(system=SYSTEM, code="b", count=1, commented=1),
    ]


def test_only_what_is_new_is_counted_if_asked_for(store: Store) -> None:
    covered, *_ = shown(store)
    store.save_feedback(ISSUER, [report(covered.uuid)])
    now = datetime.now(UTC)

    before = feedback_report(store, now - timedelta(hours=1))
    after = feedback_report(store, now + timedelta(hours=1))

    assert len(before.determinations) == 2
    assert (after.determinations, after.criteria, after.reasons) == ([], [], [])
