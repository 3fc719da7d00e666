"""What is expected, planned or doubted of a margin is no result."""

import pytest

from fhir_mappings.margin_forecast import read_forecast
from fhir_mappings.margin_text import read_margin


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Close margin anticipated", "close"),
        ("A positive margin is expected", "involved"),
        ("R1 resection likely", "involved"),
        ("Expected margin: close", "close"),
        ("Circumferential margin is threatened", "close"),
        ("Threatened CRM", "close"),
        ("MRF involved", "involved"),
        ("Tumor cannot be completely removed", "involved"),
        ("R0 resection expected", None),
        ("No close margin expected", None),
        ("Close margin is not expected", None),
        ("Positive margin unlikely", None),
        ("Possible positive margin", None),
        ("Margin not threatened", None),
        ("CRM is not involved", None),
        ("High risk of recurrence expected", None),
    ],
)
def test_a_forecast_is_told_from_its_denial(text: str, expected: str | None) -> None:
    assert read_forecast(text).status == expected


@pytest.mark.parametrize(
    "text",
    ["R0 resection planned", "No positive margin anticipated", "Suspicious margin, likely clear"],
)
def test_a_forecast_leaves_no_result_behind(text: str) -> None:
    assert read_margin(read_forecast(text).rest, about_margin=False) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Margins negative, further surgery planned", "uninvolved"),
        ("Margins positive, re-excision planned", "involved"),
        ("Margins free of tumor. High risk of recurrence expected", "uninvolved"),
    ],
)
def test_a_result_beside_a_plan_stays_a_result(text: str, status: str) -> None:
    found = read_margin(read_forecast(text).rest, about_margin=False)

    assert found is not None
    assert found.status == status


def test_the_question_may_say_that_it_is_about_a_margin_or_a_forecast() -> None:
    assert read_forecast("close", about_margin=True, forecast=True).status == "close"
    assert read_forecast("likely positive", about_margin=True).status == "involved"
    assert read_forecast("likely positive").status is None
