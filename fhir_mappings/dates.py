"""FHIR dates as spans of days.

A FHIR date may name a day, a month or a year (R4 2.24.0.1). A span keeps what is known: the first
and the last day that the date may mean. The local calendar date is used as written: a time zone
never moves a result to another day.
"""

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache
from typing import NamedTuple

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?$")


class Span(NamedTuple):
    """First and last possible day, as proleptic Gregorian ordinals, both inclusive."""

    first: int
    last: int

    def before(self, other: "Span") -> bool:
        """Tell whether this span ends before the other one starts."""
        return self.last < other.first


@lru_cache(maxsize=8192)
def parse_date(text: str | None) -> Span | None:
    """Read a FHIR date, dateTime or instant.

    Args:
        text: such as ``2026-04``, ``2026-04-20`` or ``2026-04-20T09:00:00-05:00``.

    Returns:
        The days it may mean, or None where it cannot be read.
    """
    match = _DATE.match(text.strip()) if text else None
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        return _span(year or 0, month, day)
    except ValueError:
        return None


def _span(year: int, month: int | None, day: int | None) -> Span:
    if day is not None and month is not None:
        ordinal = date(year, month, day).toordinal()
        return Span(ordinal, ordinal)
    first_month, last_month = (month, month) if month is not None else (1, 12)
    last_day = monthrange(year, last_month)[1]
    return Span(
        date(year, first_month, 1).toordinal(), date(year, last_month, last_day).toordinal()
    )


def join(start: Span | None, end: Span | None) -> Span | None:
    """Return the day that dates a period: its end, else its start."""
    return end or start


def whole_years(birth: Span, day: date) -> tuple[int, int]:
    """Return the youngest and oldest age in whole years on a day.

    Someone born on 29 February grows a year older on 1 March of a common year.
    """
    return _age(date.fromordinal(birth.last), day), _age(date.fromordinal(birth.first), day)


def _age(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
