"""Which diagnoses are one tumor, and which are two."""

from typing import Any

import pytest

from fhir_mappings.chart import read_chart
from fhir_mappings.tumors import Tumor
from tests.builders import Record, concept
from tests.fhir_mappings.reading import reading_of
from tests.judging import assessor


def tumors(record: Record) -> list[Tumor]:
    reading = reading_of(record)
    return read_chart(reading.record, assessor().terminology, None, ()).diagnoses.tumors


def two(first: str, second: str, one: Any = None, other: Any = None) -> Record:
    return Record().condition(first, **(one or {})).condition(second, **(other or {}))


@pytest.mark.parametrize(
    "record",
    [
        two("icd|C50.412", "sct|254837009"),
        two("icd|C50.412", "icd|C50.912"),
        two("icd|C50.412", "sct|353431000119107"),
        two("icd|C18.7", "sct|781382000"),
        two("icd|C20", "icd|C21.8"),
        two("icd|C50.412", "sct|314955001"),
        two("icd|C50.412", "icd|C50.412", {"onset": "2018-01-01"}, {"onset": "2026-01-01"}),
        two(
            "icd|C20",
            "icd|C20",
            {"onset": "2018-01-01", "status": "remission"},
            {"onset": "2026-01-01", "status": "recurrence"},
        ),
        two("icd|C50.412", "Breast cancer"),
        two("icd|C49.22", "sct|424413001"),
    ],
)
def test_diagnoses_of_one_organ_are_one_tumor(record: Record) -> None:
    (tumor,) = tumors(record)

    assert len(tumor.keys) == 2


@pytest.mark.parametrize(
    "record",
    [
        two("icd|C50.412", "icd|C50.411"),
        two("icd|C50.412", "icd|C50.212"),
        two("icd|C50.412", "icd|C20"),
        two("icd|C18.7", "icd|C18.2"),
        two(
            "icd|C20",
            "icd|C20",
            {"onset": "2018-01-01", "abatementDateTime": "2019-01-01"},
            {"onset": "2026-01-01"},
        ),
        two(
            "icd|C20",
            "icd|C20",
            {"onset": "2018-01-01", "abatementPeriod": {"end": "2019-01-01"}},
            {"onset": "2026-01-01"},
        ),
        two(
            "icd|C20",
            "icd|C20",
            {"onset": "2018-01-01", "status": "resolved"},
            {"onset": "2026-01-01"},
        ),
    ],
)
def test_side_part_and_time_keep_tumors_apart(record: Record) -> None:
    assert len(tumors(record)) == 2


def test_a_diagnosis_that_fits_several_tumors_belongs_to_none_for_certain() -> None:
    record = two("icd|C50.412", "icd|C50.411").condition("sct|254837009")
    reading = reading_of(record)
    diagnoses = read_chart(reading.record, assessor().terminology, None, ()).diagnoses

    assert len(diagnoses.tumors) == 2
    assert diagnoses.belongs["Condition/condition-3"] == diagnoses.tumors


def test_metastases_history_and_refuted_diagnoses_are_no_tumors_of_their_own() -> None:
    record = (
        two("icd|C77.3", "icd|Z85.3")
        .condition("icd|C20", verification="refuted")
        .condition("icd|I10")
        .condition("icd|D24.1")
    )

    assert tumors(record) == []


def test_a_tumor_knows_the_best_of_its_diagnoses() -> None:
    record = two(
        "icd|C50.412",
        "sct|314955001",
        {"verification": "provisional", "onset": "2019-01"},
        {"onset": "2026-05-01", "abatementDateTime": "2026-06-01", "status": "resolved"},
    )
    (tumor,) = tumors(record)

    assert (tumor.side, tumor.certainty) == ("left", "confirmed")
    assert (tumor.recurrent, tumor.active) == (True, True)
    assert tumor.abatement is None
    assert tumor.onset is not None


def test_a_tumor_ended_when_all_its_diagnoses_ended() -> None:
    ended = {"onset": "2018-01-01", "abatementDateTime": "2020-01-01"}
    (tumor,) = tumors(two("icd|C20", "sct|363351006", ended, ended))

    assert tumor.abatement is not None


def test_the_side_may_stand_in_code_body_site_or_words() -> None:
    for record in (
        Record().condition("icd|C50.412"),
        Record().condition("sct|254837009", bodySite=[concept("sct|80248007")]),
        Record().condition("Cancer of left breast"),
    ):
        (tumor,) = tumors(record)
        assert tumor.side == "left"
