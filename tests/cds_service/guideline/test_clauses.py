"""Tests on facts may use their fields and words, and nothing else."""

import pytest

from cds_service.guideline.clauses import compile_clause
from cds_service.guideline.errors import PlacedError
from cds_service.guideline.model import Clause, Test
from cds_service.guideline.schema import ClauseEntry
from cds_service.guideline.switches import Switches
from fhir_mappings.facts import Evidence, Margin


def compiled(fact: str, **when: object) -> Clause:
    entry = ClauseEntry(fact=fact, when={key.replace("_", "-"): one for key, one in when.items()})
    return compile_clause(entry, (), Switches({}, {}))[0]


def margin(distance_to: float | None) -> Margin:
    evidence = Evidence(reference="r", path="p", value="v", rank="pathology")
    return Margin(
        evidence=(evidence,),
        rank="pathology",
        status="uninvolved",
        basis="final",
        distance_to=distance_to,
    )


def test_a_word_stands_for_a_list_of_one() -> None:
    assert compiled("margin", status="close").tests == (
        Test("status", values=frozenset({"close"})),
    )


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        ({"below": 2}, 1.9, True),
        ({"below": 2}, 2, False),
        ({"at-most": 2}, 2, True),
        ({"above": 2}, 2, False),
        ({"at-least": 2}, 2, True),
        ({"at-least": 1, "below": 2}, 0.5, False),
        ({"below": 2}, None, False),
    ],
)
def test_bounds_are_what_they_say_and_no_number_passes_none(
    bounds: dict[str, float], value: float | None, expected: bool
) -> None:
    assert compiled("margin", distance_to=bounds).fits(margin(value)) is expected


def test_a_field_that_may_be_empty_takes_the_words_it_may_hold() -> None:
    assert compiled("node-metastasis", side="left").tests
    with pytest.raises(PlacedError, match="nowhere is not one of left, right, both"):
        compiled("node-metastasis", side="nowhere")


def test_a_number_takes_bounds_only() -> None:
    with pytest.raises(PlacedError):
        compiled("fractions", count=1)


def test_yes_and_no_are_the_words_of_a_truth_value() -> None:
    assert compiled("perforation", present=True).tests
    with pytest.raises(PlacedError, match="is not one of True, False"):
        compiled("perforation", present="maybe")
