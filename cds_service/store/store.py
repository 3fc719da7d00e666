"""The store: what is reported and answered, kept in SQLite or PostgreSQL.

All calls block, so they are for worker threads.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, Self

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import InstrumentedAttribute

from cds_service.hooks.feedback import Feedback, Reason
from cds_service.store.engine import READ_ONLY, make_engine
from cds_service.store.errors import StoreError
from cds_service.store.migrating import migrate
from cds_service.store.models import AuditRow, Base, CardRow, FeedbackRow, TokenRow
from cds_service.store.records import Record

Insert = postgresql.Insert | sqlite.Insert
_CHUNK: Final = 5000  # rows deleted at a time, so that no lock is held for long


class Store:
    """A database, brought up to date before its first use."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Take the store at an SQLAlchemy URL; it connects when it is used.

        Args:
            url: where it is.
            create: whether a file of SQLite that is not there is made.

        Raises:
            StoreError: the URL cannot be used, whatever the state of the database.
        """
        self._engine = make_engine(url, create=create)
        self._lock = threading.Lock()
        self._ready = False

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Take the store at an SQLAlchemy URL and bring its tables up to date.

        Args:
            url: where it is.
            create: whether a file of SQLite that is not there is made.

        Raises:
            StoreError: the database cannot be used, or its tables are those of a later version.
        """
        store = cls(url, create=create)
        try:
            with store.begin():
                return store
        except StoreError:
            store.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Iterator[Connection]:
        """Open a transaction, which is durable when the block is left without an exception.

        Raises:
            StoreError: the database cannot be used, or refuses what is done in the block.
        """
        try:
            self._prepare()
            engine = self._engine.execution_options(**{READ_ONLY: read_only})
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # Neither the message nor the cause is passed on: both may quote what is stored.
            kind = type(error).__name__
            raise StoreError(f"the store fails: {kind}", passing=_may_pass(error)) from None

    def save_feedback(self, issuer: str, items: Sequence[Feedback]) -> None:
        """Keep feedback; it is durable when this returns.

        The same report again changes nothing. Feedback on cards that are not known is kept too.

        Args:
            issuer: who reports; empty where callers need no token.
            items: what is reported.

        Raises:
            StoreError: it could not be kept, none of it.
        """
        received = datetime.now(UTC)
        rows = [_feedback_row(issuer, one, received) for one in items]
        rows.sort(key=itemgetter("id"))  # in one order, or two reports may wait for each other
        with self.begin() as connection:
            _insert(connection, FeedbackRow, rows)

    def save_answers(self, records: Sequence[Record]) -> None:
        """Keep the audit of answered orders and their cards, all of it or nothing.

        Raises:
            StoreError: it could not be kept.
        """
        with self.begin() as connection:
            _insert(connection, AuditRow, [asdict(one.audit) for one in records])
            cards = [asdict(card) for one in records for card in one.cards]
            _insert(connection, CardRow, cards)

    def delete_older_than(self, days: int, now: datetime | None = None) -> int:
        """Delete what is older than so many days, and tokens that have expired.

        Args:
            days: how long records are kept.
            now: the present by default.

        Returns:
            How many rows were deleted.

        Raises:
            StoreError: the database cannot be used; part may have been deleted.
        """
        now = now or datetime.now(UTC)
        before = now - timedelta(days=days)
        return (
            self._delete(AuditRow, AuditRow.created, before)
            + self._delete(CardRow, CardRow.created, before)
            + self._delete(FeedbackRow, FeedbackRow.received, before)
            + self._delete(TokenRow, TokenRow.expires, now.timestamp())
        )

    def _delete(self, table: type[Base], column: InstrumentedAttribute[Any], before: Any) -> int:  # noqa: ANN401 - of the column's type
        deleted = 0
        while True:
            with self.begin() as connection:
                last = connection.scalar(
                    select(column).where(column < before).order_by(column).offset(_CHUNK).limit(1)
                )
                # More rows than a chunk may share one time, so it has to go with them.
                old = column < before if last is None else column <= last
                deleted += connection.execute(delete(table).where(old)).rowcount
            if last is None:
                return deleted

    def _prepare(self) -> None:
        with self._lock:
            if not self._ready:
                migrate(self._engine)
                self._ready = True


def insert_into(connection: Connection, table: type[Base]) -> Insert:
    """Return an INSERT that can say what happens on a conflict."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def _insert(connection: Connection, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert the rows that are not there yet."""
    if rows:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), rows)


def _feedback_row(issuer: str, item: Feedback, received: datetime) -> dict[str, Any]:
    reason = item.reason or Reason()
    return {
        "id": sha256(msgspec.json.encode((issuer, item))).hexdigest(),
        "issuer": issuer,
        "card": item.card,
        "outcome": item.outcome,
        "at": item.at,
        "suggestions": list(item.suggestions),
        "reason_system": reason.system,
        "reason_code": reason.code,
        "comment": reason.comment,
        "received": received,
    }


def _may_pass(error: SQLAlchemyError) -> bool:
    """Tell whether a failure is one of the connection or the server, not of what was sent."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)
