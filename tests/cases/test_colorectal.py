"""Colon and rectum, and what lies between them."""

from typing import Any

import pytest

from tests.builders import Record, colon, rectal
from tests.judging import judge, status


def of_colon(**condition: Any) -> Record:
    return colon(**condition).without("ServiceRequest")


def of_rectum(**condition: Any) -> Record:
    return rectal(**condition).without("ServiceRequest")


@pytest.mark.parametrize(
    ("record", "determination"),
    [
        (of_colon().t("pT4a").margin("sct|370109009"), "likely-covered"),
        (of_colon().t("pT4b").margin("text:close"), "likely-covered"),
        (of_colon().t("pT4a").margin("text:uninvolved, 1 mm"), "likely-covered"),
        (of_colon().t("cT4b").margin("text:indeterminate"), "likely-covered"),
        (of_colon().t("cT4b").observation("CT", "Close margin anticipated"), "likely-covered"),
        (of_colon().t("pT4a").margin(), "documentation-missing"),
        (of_colon(status="recurrence"), "likely-covered"),
        (of_colon().observation("Colonoscopy", "Anastomotic recurrence"), "likely-covered"),
        (of_colon().t("rT4b"), "likely-covered"),
        (of_colon(onset="2026-03-01").t("pT2").margin(), "likely-not-covered"),
        (of_colon(onset="2026-03-01").t("pT3").margin(), "documentation-missing"),
        (of_colon().observation("Tumor board", "High risk of local recurrence"), "likely-covered"),
    ],
)
def test_colon_has_two_routes_of_its_own_and_the_boost(record: Record, determination: str) -> None:
    assert judge(record.copy().order()).determination == determination


@pytest.mark.parametrize(
    ("record", "t4", "penetration"),
    [
        (of_colon().t("pT4a"), "met", "met"),
        (of_colon().t("pT3"), "not-met", "not-met"),
        (of_colon().t("pT3").condition("icd|K63.1"), "not-met", "met"),
        (of_colon().observation("Operation", "Perforated sigmoid tumor"), "evidence", "met"),
        (of_colon().t("cT4a").t("ypT2", date="2026-06-01"), "met", "met"),
        (of_colon().t("ypT3"), "evidence", "evidence"),
        (of_colon().t("cT3").t("pT4a", date="2026-05-01"), "met", "met"),
        (of_colon().t("pT4a").t("cT3", date="2026-05-01"), "met", "met"),
        (of_colon().t("pT4a").t("pT3"), "conflict", "conflict"),
        (of_colon().t("rpT4b"), "met", "met"),
        (of_colon().t("cTX"), "evidence", "evidence"),
    ],
)
def test_t4_at_presentation_counts_and_implies_penetration(
    record: Record, t4: str, penetration: str
) -> None:
    assessment = judge(record.copy().order())

    assert (status(assessment, "CO-1"), status(assessment, "CO-2")) == (t4, penetration)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Close retroperitoneal margin anticipated", "met"),
        ("Positive margin expected", "met"),
        ("Tumor cannot be completely removed", "met"),
        ("No close margin expected", "evidence"),
        ("Close margin is not expected", "evidence"),
        ("Positive margin unlikely", "evidence"),
        ("R0 resection planned", "evidence"),
        ("Complete resection expected, no positive margin anticipated", "evidence"),
    ],
)
def test_an_expected_margin_counts_and_its_denial_does_not(text: str, expected: str) -> None:
    assert status(judge(of_colon().observation("CT", text).order()), "CO-3") == expected


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [("2026-05-10", "conflict"), ("2026-05-01", "conflict"), ("2025-05-10", "met")],
)
def test_recurrence_against_a_later_remission_is_a_contradiction(
    recorded: str, expected: str
) -> None:
    record = of_colon(status="remission", recordedDate=recorded).observation(
        "loinc|21983-2", "Local recurrence", date="2026-05-01"
    )

    assert status(judge(record.order()), "CO-4") == expected


def test_a_margin_or_recurrence_leans_on_the_boost_that_is_to_be_confirmed() -> None:
    assert "BO-1" in judge(of_colon(status="recurrence").order()).confirm
    sole = of_colon(status="recurrence").order(note=[{"text": "IORT as sole modality"}])
    assert judge(sole).determination == "likely-not-covered"


@pytest.mark.parametrize(
    ("record", "determination", "missing"),
    [
        (of_rectum(status="recurrence"), "documentation-missing", ["RE-3"]),
        (of_rectum(status="recurrence").margin("text:close"), "likely-covered", []),
        (
            of_rectum(status="recurrence").observation("loinc|33737-8", (1, "mm")),
            "likely-covered",
            [],
        ),
        (of_rectum(status="recurrence").margin("R0"), "documentation-missing", ["BO-2"]),
        (of_rectum().t("cT4b").observation("MRI", "Threatened CRM"), "likely-covered", []),
        (of_rectum().t("cT4b").observation("MRI", "MRF involved"), "likely-covered", []),
        (of_rectum(onset="2026-04-01").t("pT2").margin("R0"), "likely-not-covered", []),
        (
            of_rectum(status="recurrence").observation("loinc|83321-0", "Margin positive"),
            "likely-covered",
            [],
        ),
        (
            of_rectum(status="recurrence").observation("loinc|83321-0", "Margin negative"),
            "documentation-missing",
            ["RE-3"],
        ),
    ],
)
def test_rectum_needs_the_margin_with_t4_or_recurrence(
    record: Record, determination: str, missing: list[str]
) -> None:
    assessment = judge(record.copy().order())

    assert (assessment.determination, assessment.missing) == (determination, missing)


def test_all_ways_to_complete_a_path_are_named_the_shortest_first() -> None:
    sets = judge(of_rectum().order()).missing_any_of

    assert sets == [["BO-2"], ["BO-3"], ["RE-1", "RE-3"], ["RE-2", "RE-3"]]


@pytest.mark.parametrize(
    ("code", "site"),
    [("icd|C19", "rectosigmoid"), ("sct|781382000", "colorectal"), ("icd|C18.1", "colon")],
)
def test_what_lies_between_is_tried_both_ways(code: str, site: str) -> None:
    assessment = judge(Record().condition(code, onset="2024-05-01").order())
    asked = {one.id[:2] for one in assessment.criteria}

    assert assessment.site == site
    assert ("RE" in asked) == (site != "colon")


def test_either_part_suffices_at_the_rectosigmoid_junction() -> None:
    record = Record().condition("icd|C19", status="recurrence", onset="2024-05-01").order()

    assert judge(record).determination == "likely-covered"  # as colon; as rectum a margin lacks


def test_a_text_names_the_organ_where_no_code_does() -> None:
    for text, site in (("Rectal adenocarcinoma", "rectal"), ("Carcinoma of the sigmoid", "colon")):
        assert judge(Record().condition(text).order()).site == site
