"""What is old is deleted, and nothing else."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from cds_service.store import store as module
from cds_service.store.models import AuditRow, CardRow, FeedbackRow, TokenRow
from cds_service.store.records import Record
from cds_service.store.store import Store, insert_into
from tests.builders import breast
from tests.cds_service.store.storing import ISSUER, TABLES, count, records_for, report

NOW = datetime(2026, 6, 15, tzinfo=UTC)


def fill(store: Store, at: datetime, number: int) -> None:
    """Store something of each kind with a time."""
    (made,) = records_for(breast())
    cards = tuple(msgspec.structs.replace(one, created=at) for one in made.cards)
    audit = msgspec.structs.replace(made.audit, created=at)
    store.save_answers([Record(audit=audit, cards=cards)])
    item = report(f"card-{number}")
    store.save_feedback(ISSUER, [item])
    with store.begin() as connection:
        mine = FeedbackRow.card == item.card
        connection.execute(update(FeedbackRow).where(mine).values(received=at))
        token = {"issuer": ISSUER, "jti": str(number), "token_hash": "", "expires": at.timestamp()}
        connection.execute(insert_into(connection, TokenRow).values(token))


def test_what_is_older_than_so_many_days_is_deleted(store: Store) -> None:
    for number, days in enumerate((29.99, 30.01, 500)):
        fill(store, NOW - timedelta(days=days), number)
    fill(store, NOW + timedelta(seconds=1), 9)

    deleted = store.delete_older_than(30, NOW)

    assert {table.__tablename__: count(store, table) for table in TABLES} == {
        "audit": 2,
        "cards": 2,
        "feedback": 2,
        "jti": 1,  # of tokens, all that have expired
    }
    assert deleted == 2 + 2 + 2 + 3
    assert store.delete_older_than(30, NOW) == 0


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_much_is_deleted_in_small_steps(
    store: Store, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    store.save_feedback(ISSUER, [report(f"card-{number}") for number in range(5)])
    store.save_feedback(ISSUER, [report("later")])

    assert store.delete_older_than(1, datetime.now(UTC) + timedelta(days=2)) == 6
    assert count(store, FeedbackRow) == 0


def test_the_present_is_now_if_nothing_else_is_said(store: Store) -> None:
    store.save_answers(records_for(breast()))

    assert store.delete_older_than(1) == 0
    assert (count(store, AuditRow), count(store, CardRow)) == (1, 1)
