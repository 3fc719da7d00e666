"""The tables.

No foreign keys: feedback may come before its card is written, or for a card of another store, and
what is old is deleted table by table. The migrations under ``migrations/`` make these tables; a
test compares the two.
"""

from datetime import UTC, date, datetime

from sqlalchemy import JSON, DateTime, Dialect, Double, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

_NUL = "\0"


def in_utc(time: datetime) -> datetime:
    """Return a time in UTC; one that names no zone is in UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Any text that a client may send; PostgreSQL refuses the character NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace NUL by the sign for what cannot be shown."""
        return None if value is None else value.replace(_NUL, "\N{REPLACEMENT CHARACTER}")


class UtcTime(TypeDecorator[datetime]):
    """A point in time; SQLite keeps no zone, so it is always UTC there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn a time of any zone into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Name the zone, where the database does not."""
        return None if value is None else in_utc(value)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it, and nobody changes it
        str: CleanText,
        datetime: UtcTime,
        float: Double,
        list[str]: JSON,
        dict[str, str]: JSON,
        list[dict[str, str]]: JSON,
    }


class CardRow(Base):
    """A card that was shown.

    Attributes:
        asked: by the uuid of a suggestion, the criterion whose documentation it asks for.
        audit: the answer in which the card went out.
    """

    __tablename__ = "cards"

    uuid: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    procedure: Mapped[str]
    site: Mapped[str]
    determination: Mapped[str]
    asked: Mapped[dict[str, str]]
    guideline_id: Mapped[str]
    guideline_revision: Mapped[str]
    guideline_sha256: Mapped[str]
    issuer: Mapped[str]
    audit: Mapped[str]
    created: Mapped[datetime] = mapped_column(index=True)


class FeedbackRow(Base):
    """One outcome of one card.

    Attributes:
        id: a digest of everything reported, so that the same report again is the same row.
        issuer: who reported it; empty where callers need no token.
    """

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    card: Mapped[str]
    outcome: Mapped[str]
    at: Mapped[datetime]
    suggestions: Mapped[list[str]]
    reason_system: Mapped[str | None]
    reason_code: Mapped[str | None]
    comment: Mapped[str | None]
    received: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """One answered order.

    Attributes:
        patient: a keyed hash; None where the patient was not known.
        unknown: by criterion, which kind of unknown it is.
        cited: resources with their version, or without one a keyed digest of their content.
    """

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(index=True)
    hook: Mapped[str]
    hook_instance: Mapped[str]
    issuer: Mapped[str]
    order_name: Mapped[str | None]
    patient: Mapped[str | None]
    determination: Mapped[str]
    site: Mapped[str]
    criteria: Mapped[dict[str, str]]
    unknown: Mapped[dict[str, str]]
    missing: Mapped[list[str]]
    cited: Mapped[list[dict[str, str]]]
    guideline_id: Mapped[str]
    guideline_revision: Mapped[str]
    guideline_sha256: Mapped[str]
    readings: Mapped[dict[str, str]]
    evaluated_on: Mapped[date]


class TokenRow(Base):
    """A token that was used.

    Attributes:
        expires: seconds since 1970 from when on it may be forgotten.
    """

    __tablename__ = "jti"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str]
    expires: Mapped[float] = mapped_column(index=True)
