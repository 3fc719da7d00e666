"""Documenting what a card asks for leads to coverage."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.answer.assessment import Assessment
from tests.builders import Record, concept
from tests.judging import judge

Grant = Callable[[Record], object]
PELVIS = concept("sct|12921003")


def _recurred(record: Record) -> None:
    condition = next(one for one in record.resources if one["resourceType"] == "Condition")
    condition["clinicalStatus"] = concept(
        "http://terminology.hl7.org/CodeSystem/condition-clinical|recurrence"
    )


def _born(record: Record) -> None:
    record.resources[0]["birthDate"] = "1960-01-01"


def _involved(record: Record) -> object:
    return record.margin("sct|370109009")


def _risky(record: Record) -> object:
    return record.observation("Tumor board", "High risk of local recurrence")


# How each criterion is documented, for every heading by itself.
DOCUMENTED: dict[str, dict[str, Grant]] = {
    "icd|C50.412": {
        "BR-1": _born,
        "BR-2": lambda record: record.observation("loinc|59847-4", "icdo|8500/3"),
        "BR-3": lambda record: record.t("cT1c"),
        "BR-4": lambda record: record.n("cN0"),
        "BR-5": lambda record: record.margin(),
    },
    "icd|C53.9": {
        "CX-1": _recurred,
        "CX-2": lambda record: record.observation("MRI pelvis", "Central pelvic recurrence"),
        "CX-3": lambda record: record.procedure("sct|1217123003", bodySite=[PELVIS]),
        "BO-2": _risky,
        "BO-3": _involved,
    },
    "icd|C18.7": {
        "CO-1": lambda record: record.t("cT4b"),
        "CO-2": lambda record: record.observation("Operation", "Perforated sigmoid tumor"),
        "CO-3": _involved,
        "CO-4": _recurred,
        "BO-2": _risky,
        "BO-3": _involved,
    },
    "icd|C20": {
        "RE-1": lambda record: record.t("cT4b"),
        "RE-2": _recurred,
        "RE-3": _involved,
        "BO-2": _risky,
        "BO-3": _involved,
    },
    "icd|C49.22": {
        "BO-2": _risky,
        "BO-3": _involved,
    },
    "icd|C25.0": {
        "PA-1": lambda record: record.add(
            "ServiceRequest", status="active", intent="order", code=concept("sct|116241004")
        ),
        "PA-2": lambda record: record.observation("CT", "Close margin to SMV anticipated"),
        "BO-2": _risky,
        "BO-3": _involved,
    },
}


def record_of(cancer: str, documented: set[str]) -> Record:
    record = Record(birth=None).condition(cancer, onset="2021-02-01")
    grant(record, cancer, documented)
    return record.order()


def grant(record: Record, cancer: str, criteria: set[str]) -> None:
    for name in sorted(criteria):
        DOCUMENTED[cancer][name](record)


def granted(cancer: str, documented: set[str], asked: set[str]) -> Assessment:
    record = record_of(cancer, documented)
    grant(record, cancer, asked)
    return judge(record)


situations = st.sampled_from(sorted(DOCUMENTED)).flatmap(
    lambda cancer: st.tuples(st.just(cancer), st.sets(st.sampled_from(sorted(DOCUMENTED[cancer]))))
)


@given(situations)
def test_each_missing_set_once_documented_leads_to_coverage(
    situation: tuple[str, set[str]],
) -> None:
    cancer, documented = situation
    asked = [set(one) for one in judge(record_of(cancer, documented)).missing_any_of]

    outcomes = {granted(cancer, documented, one).determination for one in asked}

    assert outcomes <= {"likely-covered", "case-by-case"}


@given(situations)
def test_no_missing_set_holds_a_smaller_one(situation: tuple[str, set[str]]) -> None:
    assessment = judge(record_of(*situation))
    sets = [set(one) for one in assessment.missing_any_of]

    assert not any(one < other for one in sets for other in sets)
    assert assessment.missing == (assessment.missing_any_of or [[]])[0]


@pytest.mark.parametrize("cancer", sorted(DOCUMENTED))
def test_a_cancer_with_nothing_documented_is_open(cancer: str) -> None:
    assessment = judge(record_of(cancer, set()))

    assert assessment.determination in {"documentation-missing", "case-by-case"}
    assert assessment.missing
