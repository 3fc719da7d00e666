"""Cervix: recurrence, central, after radiation; else the boost paragraph."""

from typing import Any

import pytest

from tests.builders import Record, cervical, concept
from tests.judging import assessor_with, judge, status

PELVIS = concept("sct|12921003")


def cancer(**condition: Any) -> Record:
    return Record().condition("icd|C53.9", **{"onset": "2021-02-01", **condition})


def irradiated(**condition: Any) -> Record:
    return cancer(**condition).procedure("sct|1217123003", bodySite=[PELVIS], date="2021-06-01")


def test_a_central_recurrence_after_pelvic_radiation_is_likely_covered() -> None:
    assessment = judge(cervical())

    assert assessment.determination == "likely-covered"
    assert assessment.confirm == []  # the bullet does not lean on the boost


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (cancer(), "evidence"),
        (cancer(status="recurrence"), "met"),
        (cancer(status="relapse", onset="2026-04-01"), "met"),
        (cancer(onset="2026-04-01"), "not-met"),
        (cancer(onset="2026-04-01").procedure("sct|1217123003"), "evidence"),
        (cancer().condition("sct|314970000", onset="2026-04-01"), "met"),
        (cancer().observation("loinc|21983-2", "Regional"), "met"),
        (cancer().observation("loinc|21983-2", "Distant metastasis"), "not-met"),
        (cancer().observation("sct|25173007", "sct|52101004", focus="condition-1"), "met"),
        (cancer().observation("sct|314970000"), "met"),
        (cancer().observation("sct|25173007", "sct|2667000"), "not-met"),
        (cancer().observation("sct|25173007", True), "met"),
        (cancer().observation("MRI", "sct|314970000"), "met"),
        (cancer().observation("loinc|97509-4", "sct|271299001"), "evidence"),
        (cancer().observation("MRI", "Local recurrence"), "met"),
        (cancer().observation("MRI", "Initial presentation"), "not-met"),
        (cancer().observation("MRI", "No evidence of recurrence"), "not-met"),
        (cancer().observation("MRI", "Suspected recurrence"), "evidence"),
        (cancer().observation("MRI", "No high risk of recurrence"), "evidence"),
        (cancer().observation("CT", "Distant recurrence in the lung"), "not-met"),
        (cancer().t("rcT2b"), "met"),
        (Record().condition("Recurrent cervical cancer"), "met"),
        (Record().condition("Distant recurrence of cervical cancer"), "not-met"),
    ],
)
def test_recurrence_is_read_where_it_is_stated(record: Record, expected: str) -> None:
    assert status(judge(record.copy().order()), "CX-1") == expected


def test_no_earlier_treatment_may_be_read_from_silence_only_if_procedures_were_read() -> None:
    record = cancer(onset="2026-04-01").order().unread("Procedure")

    assert status(judge(record), "CX-1") == "retrieval"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Recurrence at vaginal apex, no sidewall involvement", "met"),
        ("Recurrence in the vaginal cuff", "met"),
        ("Local recurrence, central pelvis", "met"),
        ("Bladder invaded by recurrence without sidewall involvement", "met"),
        ("Recurrent disease involving rectum, sidewalls free", "met"),
        ("Recurrence at the pelvic sidewall", "not-met"),
        ("Central recurrence extending to left sidewall", "not-met"),
        ("Para-aortic nodal recurrence", "not-met"),
        ("Recurrence, size 2 cm", "evidence"),
        ("Central venous catheter in place; recurrence", "evidence"),
    ],
)
def test_central_is_what_does_not_reach_the_sidewall(text: str, expected: str) -> None:
    assert status(judge(irradiated().observation("MRI pelvis", text).order()), "CX-2") == expected


RT = "sct|1217123003"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (irradiated(), "met"),
        (cancer().procedure(RT), "met"),
        (cancer().procedure(RT, status="in-progress"), "met"),
        (cancer().procedure(RT, status="stopped"), "met"),
        (cancer().procedure(RT, status="not-done"), "evidence"),
        (cancer().procedure(RT, status="entered-in-error"), "evidence"),
        (cancer().procedure(RT, bodySite=[concept("sct|80248007")]), "evidence"),
        (cancer().condition("icd|C50.412").procedure(RT), "evidence"),
        (cancer().condition("icd|Z92.3"), "met"),
        (cancer().condition("icd|Z92.3").condition("icd|Z85.3"), "evidence"),
        (cancer().condition("sct|429479009"), "met"),
        (cancer().condition("History of irradiation"), "met"),
        (
            cancer().procedure(
                "cpt|77412", reasonReference=[{"reference": "Condition/condition-1"}]
            ),
            "met",
        ),
        (
            cancer().add("ServiceRequest", status="active", intent="order", code=concept(RT)),
            "evidence",
        ),
        (cancer().observation("History", "radiation-naive"), "not-met"),
        (cancer().observation("History", "Prior pelvic EBRT 45 Gy in 2021"), "met"),
        (cancer().observation("History", "EBRT to the breast in 2019 was completed"), "evidence"),
    ],
)
def test_earlier_radiation_has_to_concern_the_pelvis(record: Record, expected: str) -> None:
    record = record.copy().order(reasonReference=[{"reference": "Condition/condition-1"}])

    assert status(judge(record), "CX-3") == expected


def test_without_a_central_recurrence_the_boost_paragraph_remains() -> None:
    record = irradiated(status="recurrence").observation("MRI", "Recurrence at pelvic sidewall")

    assert judge(record.copy().order()).missing == ["BO-2"]
    positive = judge(record.copy().margin("sct|370109009").order())
    assert positive.determination == "likely-covered"
    assert "BO-1" in positive.confirm


def test_a_site_may_hold_the_bullet_to_be_exclusive() -> None:
    record = irradiated(status="recurrence").observation("MRI", "Recurrence at pelvic sidewall")
    strict = assessor_with(boost_for_cervix="bullet-only")

    assert judge(record.order(), strict).determination == "likely-not-covered"


def test_a_recurrence_named_by_its_own_code_is_the_cancer_it_names() -> None:
    record = Record().condition("sct|314970000", onset="2026-05-01").order()
    assessment = judge(record)

    assert (assessment.site, status(assessment, "CX-1")) == ("cervical", "met")
