"""Dates of any precision keep what is known, and a time zone moves nothing."""

from calendar import isleap
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.dates import Span, join, parse_date, whole_years


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-04-20", "2026-04-20", "2026-04-20"),
        ("2026-04-20T23:30:00-05:00", "2026-04-20", "2026-04-20"),
        ("2026-04-20T09:00:00.123Z", "2026-04-20", "2026-04-20"),
        (" 2026-02 ", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_a_date_means_all_the_days_it_may_be(text: str, first: str, last: str) -> None:
    assert parse_date(text) == Span(day(first), day(last))


@pytest.mark.parametrize(
    "text", [None, "", "soon", "2026-13", "2026-02-30", "0000-01-01", "04/20/2026", "20260420"]
)
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert parse_date(text) is None


@given(st.dates())
def test_every_day_is_read_as_itself(one: date) -> None:
    assert parse_date(one.isoformat()) == Span(one.toordinal(), one.toordinal())


def test_a_period_is_dated_by_its_end() -> None:
    start, end = Span(1, 1), Span(2, 2)

    assert (join(start, end), join(start, None), join(None, None)) == (end, start, None)


def test_only_a_span_that_ended_is_before() -> None:
    assert Span(1, 2).before(Span(3, 4))
    assert not Span(1, 3).before(Span(3, 4))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 60000))
def test_age_is_the_number_of_birthdays(birth: date, days: int) -> None:
    on = date.fromordinal(birth.toordinal() + days)
    age, _ = whole_years(Span(birth.toordinal(), birth.toordinal()), on)

    def birthday(years: int) -> date:
        leap = (birth.month, birth.day) == (2, 29)
        common = leap and not isleap(birth.year + years)
        return date(birth.year + years, 3, 1) if common else birth.replace(year=birth.year + years)

    assert birthday(age) <= on < birthday(age + 1)


def test_an_incomplete_birth_date_gives_the_youngest_and_the_oldest_age() -> None:
    born = parse_date("1976-06")
    assert born is not None

    assert whole_years(born, date(2026, 6, 15)) == (49, 50)
    assert whole_years(born, date(2026, 7, 1)) == (50, 50)
