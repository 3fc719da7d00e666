"""Margins as pathologists write them, and distances as the intervals they are."""

import math

import pytest

from fhir_mappings.elements import Quantity
from fhir_mappings.margin_text import Distance, MarginText, lengths_in, millimetres, read_margin


@pytest.mark.parametrize(
    ("text", "status", "distance"),
    [
        ("Uninvolved", "uninvolved", None),
        ("All margins negative", "uninvolved", None),
        ("Margins negative, closest 3 mm", "uninvolved", Distance(3, 3)),
        ("Close: 0.7 mm circumferential", "close", Distance(0.7, 0.7)),
        ("Not close, 6 mm", "uninvolved", Distance(6, 6)),
        ("Involved", "involved", None),
        ("Tumor on ink", "involved", None),
        ("No tumor on ink", "uninvolved", None),
        ("not involved", "uninvolved", None),
        ("R0", "uninvolved", None),
        ("R1", "involved", None),
        ("RX", "not-assessable", None),
        ("cannot be assessed", "not-assessable", None),
        ("indeterminate", "indeterminate", None),
        ("closest margin 0 mm", "involved", None),
        ("0.2 cm", "uninvolved", Distance(2, 2)),
        ("2,5 mm", "uninvolved", Distance(2.5, 2.5)),
        (">= 2 mm", "uninvolved", Distance(2, None)),
        ("at least 2 mm", "uninvolved", Distance(2, None)),
        ("Anterior: negative. Deep: positive", "involved", None),
        ("negative 5 mm; negative 1 mm", "uninvolved", Distance(1, 1)),
    ],
)
def test_a_margin_is_read_from_words(text: str, status: str, distance: Distance | None) -> None:
    found = read_margin(text, about_margin=True)

    assert found is not None
    assert (found.status, found.distance) == (status, distance)


@pytest.mark.parametrize("text", ["", "see report", "Tumor size 12 mm"])
def test_what_says_nothing_of_a_margin_is_none(text: str) -> None:
    assert read_margin(text, about_margin=True) is None


def test_free_text_has_to_name_a_margin() -> None:
    assert read_margin("HER2 negative", about_margin=False) is None
    assert read_margin("HER2 negative. Margins positive", about_margin=False) == MarginText(
        "involved", None
    )


def test_free_of_invasive_carcinoma_says_no_more() -> None:
    found = read_margin("Uninvolved by invasive carcinoma", about_margin=True)

    assert found is not None
    assert found.invasive_only


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (Quantity(value=2, unit="mm"), Distance(2, 2)),
        (Quantity(value=0.1, unit="cm"), Distance(1, 1)),
        (Quantity(value=1, code="[in_i]"), Distance(25.4, 25.4)),
        (Quantity(value=2, unit="millimeters", code="odd"), Distance(2, 2)),
        (Quantity(value=2, unit="mm", comparator=">="), Distance(2, None)),
        (Quantity(value=2), None),
        (Quantity(unit="mm"), None),
        (None, None),
    ],
)
def test_a_length_needs_a_number_and_a_unit(
    quantity: Quantity | None, expected: Distance | None
) -> None:
    assert millimetres(quantity) == expected


def test_less_than_two_is_below_two_and_more_than_one_above_one() -> None:
    below = millimetres(Quantity(value=2, unit="mm", comparator="<"))
    above = millimetres(Quantity(value=1, unit="mm", comparator=">"))

    assert below == Distance(0, math.nextafter(2, 0))
    assert above == Distance(math.nextafter(1, math.inf), None)


def test_of_several_lengths_the_largest_is_the_size() -> None:
    assert lengths_in("14 x 9 mm, 1.2 cm") == Distance(12, 12)
    assert lengths_in("14 mm x 9 mm") == Distance(14, 14)
    assert lengths_in("small") is None
