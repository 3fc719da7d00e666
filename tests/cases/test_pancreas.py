"""Pancreas: reviewed individually, whatever is documented."""

import pytest

from tests.builders import Record, concept, pancreas
from tests.judging import assessor_with, judge, status

WHIPPLE = {"status": "active", "intent": "order", "code": concept("sct|116241004")}


def cancer() -> Record:
    return Record().condition("icd|C25.0").order()


def test_everything_documented_still_means_individual_review() -> None:
    assessment = judge(pancreas())

    assert assessment.determination == "case-by-case"
    assert assessment.missing == []
    assert status(assessment, "PA-3") == "interpretive"


def test_what_would_complete_the_request_is_asked_for() -> None:
    assert judge(cancer()).missing == ["PA-1", "PA-2"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (cancer().add("ServiceRequest", **WHIPPLE), "met"),
        (cancer().add("ServiceRequest", **{**WHIPPLE, "status": "revoked"}), "evidence"),
        (cancer().procedure("cpt|48150", date="2026-06-01"), "met"),
        (cancer().observation("Note", "Patient scheduled for Whipple procedure"), "met"),
        (cancer().observation("CT", "Unresectable tumor"), "not-met"),
        (cancer().observation("Plan", "Palliative biliary bypass"), "not-met"),
        (cancer().observation("CT", "Not unresectable"), "evidence"),
        (
            cancer().observation("CT", "Unresectable tumor").add("ServiceRequest", **WHIPPLE),
            "met",
        ),
    ],
)
def test_resection_is_planned_done_or_ruled_out(record: Record, expected: str) -> None:
    assert status(judge(record.copy()), "PA-1") == expected


def test_a_ruled_out_resection_is_likely_not_covered() -> None:
    record = cancer().observation("CT", "Unresectable tumor")

    assert judge(record).determination == "likely-not-covered"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (cancer().observation("CT", "Borderline resectable, SMV abutment"), "met"),
        (cancer().observation("CT", "Close margin to SMV anticipated"), "met"),
        (cancer().margin("R1"), "met"),
        (cancer().margin("R0"), "not-met"),
    ],
)
def test_a_close_margin_may_be_expected_or_found(record: Record, expected: str) -> None:
    assert status(judge(record.copy()), "PA-2") == expected


def test_endocrine_tumors_count_and_the_ampulla_does_not() -> None:
    endocrine, ampulla = (
        judge(Record().condition(f"icd|{code}").order()) for code in ("C25.4", "C24.1")
    )

    assert (endocrine.site, endocrine.determination) == ("pancreas", "case-by-case")
    assert (ampulla.site, ampulla.determination) == ("other", "likely-not-covered")


def test_a_site_may_let_the_boost_paragraph_suffice() -> None:
    record = cancer().margin("R1").add("ServiceRequest", **WHIPPLE)
    lenient = assessor_with(pancreas_review="boost-suffices")

    assert judge(record.copy(), lenient).determination == "likely-covered"
