"""Decisions where nobody knows which tumor is meant, and the laws of the whole decision."""

from datetime import date
from typing import Any

import pytest

from cds_service.guideline.deciding import decide, merge
from cds_service.guideline.weighing import Answer, Considered
from fhir_mappings.facts import Case, Evidence, Service
from tests.builders import Record, breast, concept, pancreas
from tests.judging import assessor, judge, status


def evidence(name: str) -> Evidence:
    return Evidence(reference=name, path="p", value="v", rank="pathology")


def answer(status: Any, name: str = "a", **more: Any) -> Answer:
    return Answer(criterion="BR-3", status=status, evidence=(evidence(name),), **more)


def test_one_tumor_keeps_its_answer() -> None:
    assert merge([answer("met")]) == answer("met")


def test_tumors_that_agree_give_one_answer_with_all_proof() -> None:
    merged = merge([answer("met", "a", readings=("x",)), answer("met", "b", partial=True)])

    assert merged.status == "met"
    assert [one.reference for one in merged.evidence] == ["a", "b"]
    assert (merged.readings, merged.partial) == (("x",), True)


@pytest.mark.parametrize(("kind", "expected"), [(None, "evidence"), ("retrieval", "retrieval")])
def test_tumors_that_differ_leave_it_open_whose_fact_it_is(kind: Any, expected: str) -> None:
    other = (
        answer("not-met", "b")
        if kind is None
        else Answer(criterion="BR-3", status="unknown", kind=kind)
    )
    merged = merge([answer("met"), other])

    assert (merged.status, merged.kind, merged.evidence) == ("unknown", expected, ())
    assert merged.considered[0] == Considered(evidence("a"), "unattributed")


def bilateral() -> Record:
    """Two cancers of one organ, and an order that names none of them."""
    return (
        Record("1985-01-01")
        .condition("icd|C50.412")
        .condition("icd|C50.411")
        .t("cT1c", focus="condition-1")
        .t("cT2", focus="condition-2")
    )


def test_an_order_that_may_be_for_either_tumor_is_judged_by_what_holds_for_both() -> None:
    record = bilateral().order(reasonReference=None, reasonCode=[concept("icd|C50.919")])
    assessment = judge(record)

    assert (status(assessment, "G-2"), status(assessment, "BR-3")) == ("met", "evidence")
    assert status(assessment, "BR-1") == "not-met"
    assert assessment.determination == "likely-not-covered"


def test_a_boost_is_confirmed_only_where_the_answer_leans_on_it() -> None:
    record = Record().condition("icd|C18.7", status="recurrence", onset="2019-01-01").order()

    assert judge(record).confirm == ["BO-1"]
    assert judge(breast()).confirm == ["G-4"]


def test_a_reading_is_said_once_and_cites_what_gave_reason() -> None:
    record = (
        breast()
        .without("Observation", 2)
        .condition("icd|D05.12", histology="icdo|8500/2")
        .margin("loinc|LA27151-2")
    )
    notes = [one for one in judge(record).notes if "DCIS" in one.text]

    assert len(notes) == 1
    assert notes[0].references


def test_a_case_without_an_iort_order_is_not_applicable_and_cites_what_is_ordered() -> None:
    ordered = Service(evidence=(evidence("ServiceRequest/o"),), rank="billing-code", kind="other")
    case = Case(
        pointing="none",
        candidates=(),
        evidence=(),
        facts={"service": (ordered,)},
        incomplete=frozenset(),
        evaluated_on=date(2026, 6, 15),
    )
    decision = decide(assessor().guideline, case)

    assert (decision.determination, decision.site) == ("not-applicable", "none")
    assert [one.reference for one in decision.answers[0].evidence] == ["ServiceRequest/o"]


def test_a_remark_on_age_is_made_only_where_age_is_asked() -> None:
    planned = {"occurrenceDateTime": "2026-07-02"}
    asked = breast().change(**planned)
    idle = pancreas()
    idle.resources[3].update(planned)

    said = [[note.text for note in judge(record).notes] for record in (asked, idle)]

    assert "Age is taken on the planned day of service." in said[0]
    assert "Age is taken on the planned day of service." not in said[1]
