"""Storing things in tests, and looking at what is stored."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cds_service.answer.cards import CardMaker
from cds_service.hooks.feedback import Feedback
from cds_service.store.models import AuditRow, Base, CardRow, FeedbackRow, TokenRow
from cds_service.store.records import Answer, Record, RecordMaker
from cds_service.store.store import Store
from tests import builders
from tests.cds_service.answer.signing import BASE, session_of
from tests.judging import assessor

AT = datetime(2026, 6, 15, 10, 5, 31, tzinfo=UTC)
ISSUER = "https://ehr.example.org"
KEY = "a key for tests"
TABLES: list[type[Base]] = [AuditRow, CardRow, FeedbackRow, TokenRow]


def report(card: str = "card-1", **changes: Any) -> Feedback:
    """Feedback on a card: overridden without a reason, if nothing else is said."""
    return Feedback(**{"card": card, "outcome": "overridden", "at": AT, **changes})


def answer_for(record: builders.Record, **changes: Any) -> Answer:
    """The answer to signing the order of a record."""
    session = session_of(record)
    cards = CardMaker(assessor().guideline).cards(session.assessed, BASE)
    return Answer(
        **{
            "hook": "order-sign",
            "hook_instance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "issuer": ISSUER,
            "assessed": session.assessed,
            "pool": session.pool,
            "cards": cards,
            **changes,
        }
    )


def records_for(record: builders.Record, **changes: Any) -> list[Record]:
    """The records of that answer."""
    return list(RecordMaker(KEY).records(answer_for(record, **changes)))


def rows(store: Store, table: type[Base]) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    names = [column.name for column in table.__table__.columns]
    with store.begin(read_only=True) as connection, Session(connection) as session:
        return [
            {name: getattr(one, name) for name in names} for one in session.scalars(select(table))
        ]


def count(store: Store, table: type[Base]) -> int:
    """Return how many rows a table has."""
    with store.begin(read_only=True) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def dump(store: Store) -> str:
    """Return everything that is stored as one text."""
    return "\n".join(str(row) for table in TABLES for row in rows(store, table))
