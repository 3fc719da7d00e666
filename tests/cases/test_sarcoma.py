"""Soft tissue sarcoma and the boost paragraph."""

from typing import Any

import pytest

from tests.builders import Record, concept, sarcoma
from tests.judging import assessor_with, judge, status

EBRT = "sct|33195004"


def cancer(**condition: Any) -> Record:
    return Record().condition("icd|C49.22", **condition)


def test_a_positive_margin_and_a_boost_are_likely_covered() -> None:
    assessment = judge(sarcoma())

    assert assessment.determination == "likely-covered"
    assert status(assessment, "BO-1") == "met"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (cancer().order(), "evidence"),
        (cancer().order(note=[{"text": "IORT boost"}]), "met"),
        (cancer().order(note=[{"text": "Sole modality, no external beam"}]), "not-met"),
        (cancer().procedure(EBRT, date="2026-05-20").order(), "met"),
        (cancer().procedure(EBRT, date="2016-05-20").order(), "evidence"),
        (
            cancer()
            .add("ServiceRequest", status="active", intent="plan", code=concept(EBRT))
            .order(reasonReference=[{"reference": "Condition/condition-1"}]),
            "met",
        ),
        (cancer().order(note=[{"text": "Preoperative EBRT completed"}]), "met"),
    ],
)
def test_a_boost_is_read_from_the_order_and_from_external_beam(
    record: Record, expected: str
) -> None:
    assert status(judge(record.copy()), "BO-1") == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (cancer().observation("Tumor board", "High risk of local recurrence"), "met"),
        (cancer().observation("Recurrence risk", "sct|723509005"), "met"),
        (cancer().observation("Recurrence risk", "high"), "met"),
        (cancer().observation("Recurrence risk", "sct|723505004"), "not-met"),
        (cancer().observation("Tumor board", "Low risk of recurrence"), "not-met"),
        (cancer().observation("Tumor board", "High risk of wound infection"), "evidence"),
        (cancer(status="recurrence"), "evidence"),
        (cancer().t("pT4"), "evidence"),
        (cancer().t("pT1").margin(), "not-met"),
        (cancer(onset="2020-01-01").t("pT1").margin(), "evidence"),
        (
            cancer().t("pT1").margin().observation("Tumor board", "high risk of local recurrence"),
            "met",
        ),
        (cancer().margin(), "evidence"),
    ],
)
def test_high_risk_has_to_be_stated(record: Record, expected: str) -> None:
    assert status(judge(record.copy().order()), "BO-2") == expected


def test_signs_of_high_risk_are_named_and_prove_nothing() -> None:
    assessment = judge(cancer(status="recurrence").t("pT4").order())
    (criterion,) = [one for one in assessment.criteria if one.id == "BO-2"]

    assert {one.because for one in criterion.considered} == {"support"}
    assert len(criterion.considered) == 2


def test_a_site_may_accept_those_signs() -> None:
    record = cancer(status="recurrence").order()
    lenient = assessor_with(high_risk="surrogates")

    assert status(judge(record, lenient), "BO-2") == "met"


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        ("sct|370109009", "met"),
        ("R2", "met"),
        ("sct|55182004", "not-met"),
        ("text:close", "not-met"),
        ("R0", "not-met"),
        ("text:indeterminate", "evidence"),
        ("RX", "evidence"),
    ],
)
def test_only_a_positive_margin_shows_incomplete_removal(margin: str, expected: str) -> None:
    assert status(judge(cancer().margin(margin).order()), "BO-3") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tumor cannot be completely removed", "met"),
        ("Positive margin at the femoral vessels anticipated", "met"),
        ("Close margin anticipated", "evidence"),
        ("Complete resection unlikely", "met"),
        ("Unresectable", "evidence"),
    ],
)
def test_an_expected_positive_margin_counts_and_a_close_one_does_not(
    text: str, expected: str
) -> None:
    assert status(judge(cancer().observation("Surgeon", text).order()), "BO-3") == expected


def test_a_primary_t1_with_negative_margins_is_not_at_high_risk() -> None:
    assert judge(cancer().t("pT1").margin().order()).determination == "likely-not-covered"


def test_photons_are_as_good_as_electrons() -> None:
    record = cancer().margin("sct|370109009").order("cpt|77424")

    assert judge(record).determination == "likely-covered"
