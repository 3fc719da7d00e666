"""Margins from results."""

from typing import Any

import pytest

from fhir_mappings.dates import parse_date
from fhir_mappings.facts import Margin
from fhir_mappings.readers.observations import read_observations
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, kinds, proof, reading_of

MARGIN = "sct|395536008"


def margins(record: Record, ordered: str | None = None) -> list[Margin]:
    return facts(read_observations(reading_of(record), parse_date(ordered)), "margin")


def one(code: str, value: Any, **members: Any) -> Margin:
    (found,) = margins(Record().observation(code, value, **members))
    return found


@pytest.mark.parametrize(
    ("code", "value", "basis", "rank"),
    [
        (MARGIN, "sct|55182004", "final", "pathology"),
        ("loinc|83321-0", "negative", "frozen", "frozen-section"),
        (MARGIN, "Frozen section: negative", "frozen", "frozen-section"),
        ("Frozen section margin", "negative", "frozen", "frozen-section"),
        ("Expected margin", "close", "expected", "free-text"),
        ("Expected margin", "sct|370109009", "expected", "free-text"),
        (MARGIN, "likely positive", "expected", "free-text"),
    ],
)
def test_final_frozen_and_expected_are_told_apart(
    code: str, value: str, basis: str, rank: str
) -> None:
    found = one(code, value)

    assert (found.basis, found.rank) == (basis, rank)


def test_an_expected_negative_margin_is_nothing() -> None:
    for code, value in (("Expected margin", "sct|55182004"), ("Expected margin", "negative")):
        assert margins(Record().observation(code, value)) == []


def test_a_result_is_known_to_be_older_than_the_order() -> None:
    record = Record().margin(date="2026-06-10")

    assert [found.before_order for found in margins(record, "2026-06-15")] == [True]
    assert [found.before_order for found in margins(record, "2026-06-10")] == [False]
    assert [found.before_order for found in margins(record)] == [False]


def test_coding_and_text_that_agree_are_one_margin_and_else_two() -> None:
    same = concept("sct|55182004", text="uninvolved")
    other = concept("sct|55182004", text="involved")

    assert len(margins(Record().margin({"valueCodeableConcept": same}))) == 1
    assert len(margins(Record().margin({"valueCodeableConcept": other}))) == 2


def test_what_is_not_understood_is_kept_as_such() -> None:
    for value in ("text:see addendum", "icdo|8500/2"):
        record = Record().observation(MARGIN, value)
        assert kinds(read_observations(reading_of(record), None)) == ["not-understood"]


def test_of_several_codings_the_one_that_says_something_about_the_margin_counts() -> None:
    value = {"valueCodeableConcept": concept("icdo|8500/2", "sct|370109009")}
    found = one(MARGIN, value)

    assert found.status == "involved"
    assert proof(found)[1] == "Observation.value.coding[1]"


def test_parts_of_one_report_are_one_margin_and_the_closest_distance_counts() -> None:
    record = (
        Record()
        .margin()
        .observation("loinc|33737-8", (4, "mm"), date="2026-06-10")
        .observation("loinc|33737-8", (2, "mm"), date="2026-06-10")
    )
    (found,) = margins(record)

    assert (found.status, found.distance_from) == ("uninvolved", 2)
    assert len(found.evidence) == 3


def test_close_stays_close_when_parts_are_put_together() -> None:
    (found,) = margins(Record().margin().margin("text:close"))

    assert found.status == "close"


def test_a_unit_that_is_none_gives_no_distance() -> None:
    record = Record().observation("loinc|33737-8", (4, "furlong"))

    assert margins(record) == []
