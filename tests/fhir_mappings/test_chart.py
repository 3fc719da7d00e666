"""The chart: one reading of a record, and for each order of a session its own case."""

from datetime import date
from typing import Any

import msgspec
import pytest

from fhir_mappings.chart import case_of, read_chart
from fhir_mappings.facts import Candidate, Case
from fhir_mappings.needs import NeedState
from fhir_mappings.orders import Order
from fhir_mappings.resources import ServiceRequest
from tests.builders import Json, Record, breast, concept
from tests.fhir_mappings.reading import record_of
from tests.judging import assessor

DAY = date(2026, 6, 15)
STRANGER = {"reference": "Patient/other"}


def cases(builder: Record, **states: NeedState) -> list[Case]:
    """The cases of all drafts in a record."""
    record = record_of(*builder.resources, **states)
    orders = [
        Order(entry.key, request, entry.raw or msgspec.Raw(), DAY)
        for entry, request in record.of_type(ServiceRequest)
        if request.status == "draft"
    ]
    chart = read_chart(record, assessor().terminology, None, [one.name for one in orders])
    return [case_of(chart, order) for order in orders]


def candidate(builder: Record, **states: NeedState) -> Candidate:
    (case,) = cases(builder, **states)
    (found,) = case.candidates
    return found


def told(found: Case | Candidate, kind: str, member: str) -> list[Any]:
    return [getattr(one, member) for one in found.facts.get(kind, ())]


def reason(number: int) -> Json:
    return {"reasonReference": [{"reference": f"Condition/condition-{number}"}]}


def test_two_orders_of_a_session_each_get_the_tumor_that_they_name_and_its_facts() -> None:
    record = Record().condition("icd|C50.412").condition("icd|C50.411")
    record.t("cT1c", focus="condition-1").t("cT3", focus="condition-2")
    left, right = cases(record.order(**reason(1)).order(**reason(2)))

    assert [one.side for one in left.candidates] == ["left"]
    assert [one.side for one in right.candidates] == ["right"]
    assert told(left.candidates[0], "category", "stem") == ["T1"]
    assert told(right.candidates[0], "category", "stem") == ["T3"]


def test_what_one_order_says_of_itself_is_not_said_of_the_other() -> None:
    record = breast().change(code=concept("cpt|77424"), quantityQuantity={"value": 3})
    found = cases(record.order("cpt|77425"))

    assert [told(one, "modality", "kind") for one in found] == [["x-ray"], ["electrons"]]
    assert [told(one, "fractions", "count") for one in found] == [[3], [1]]


def test_orders_that_are_judged_are_no_radiation_besides_and_other_orders_are() -> None:
    session = breast().order()
    besides = session.copy().order("sct|1156506007", status="active")

    def planned(record: Record) -> list[list[str]]:
        return [told(case.candidates[0], "radiation", "state") for case in cases(record)]

    assert planned(session) == [[], []]
    assert planned(besides) == [["planned"], ["planned"]]


def test_no_fact_of_another_patient_is_used() -> None:
    record = breast().add("Patient", id="other", birthDate="1930-01-01")
    alone = cases(record.copy())
    record.condition("icd|C20", subject=STRANGER)
    record.condition("icd|C50.411", subject=STRANGER)
    record.t("cT4b", subject=STRANGER)
    record.margin("sct|370109009", subject=STRANGER)
    record.procedure("sct|1217123003", subject=STRANGER)
    record.add("DiagnosticReport", status="final", conclusion="Recurrence", subject=STRANGER)

    assert cases(record) == alone


def test_a_reason_that_is_another_patients_condition_is_no_target() -> None:
    record = breast().condition("icd|C50.411", subject=STRANGER)
    (case,) = cases(record.without("ServiceRequest").order(**reason(2)))

    assert (case.pointing, case.candidates) == ("unreadable", ())


@pytest.mark.parametrize(
    ("birth", "service", "ages"),
    [
        ("1976-06-16", None, [("service", 49, 49), ("order", 49, 49)]),
        ("1976-06-16", "2026-06-20", [("service", 50, 50), ("order", 49, 49)]),
        ("1976", None, [("service", 49, 50), ("order", 49, 50)]),
        ("unknown", None, []),
        (None, None, []),
    ],
)
def test_age_is_told_on_the_day_of_service_and_on_the_day_of_the_order(
    birth: str | None, service: str | None, ages: list[tuple[str, int, int]]
) -> None:
    record = Record(birth).condition("icd|C50.412").order(occurrenceDateTime=service)
    (case,) = cases(record)

    days, youngest, oldest = (told(case, "age", one) for one in ("day", "youngest", "oldest"))
    assert list(zip(days, youngest, oldest, strict=True)) == ages


def test_a_diagnosis_that_stands_on_the_order_alone_weighs_as_a_billing_code() -> None:
    coded = Record().order(reasonCode=[concept("icd|C50.412")])
    worded = Record().order(reasonCode=[concept(text="Cancer of left breast")])
    filed = Record().condition("icd|C50.412").order()

    assert told(candidate(coded), "diagnosis", "rank") == ["billing-code"]
    assert told(candidate(coded), "diagnosis", "coded") == [True]
    assert told(candidate(worded), "diagnosis", "coded") == [False]
    assert told(candidate(filed), "diagnosis", "rank") == ["coded-diagnosis"]


def test_what_the_histology_is_found_to_be_is_what_the_tumor_is() -> None:
    record = Record().condition("icd|C50.412").observation("loinc|31206-6", "icdo|9020/3")

    assert "phyllodes" in candidate(record.copy().order()).diseases
    record.change(status="preliminary")
    assert "phyllodes" not in candidate(record.order()).diseases


def test_the_stage_of_a_refuted_diagnosis_is_not_read() -> None:
    stage = [{"summary": {"text": "cT4 cN1"}}]
    record = breast().condition("icd|C50.412", verification="refuted", stage=stage)

    assert told(candidate(record), "category", "stem") == ["T1", "N0"]


@pytest.mark.parametrize(
    ("record", "episode"),
    [
        (breast(onset="2026-06-05"), [(10, False)]),
        (breast(onset="2026-06-05").procedure("cpt|19301"), [(10, True)]),
        (breast(onset="2026-06-05").procedure("sct|1217123003"), [(10, True)]),
        (breast(onset="2026-06-05").procedure("cpt|19301", status="preparation"), [(10, False)]),
        (breast(onset=None), []),
        (breast(status="recurrence"), []),
    ],
)
def test_how_long_an_active_cancer_is_known_and_whether_any_was_treated_before(
    record: Record, episode: list[tuple[int, bool]]
) -> None:
    found = candidate(record)

    days, treated = (told(found, "episode", one) for one in ("days_known", "earlier_treatment"))
    assert list(zip(days, treated, strict=True)) == episode


def test_a_target_is_only_partly_known_where_it_was_inferred_and_diagnoses_are_unread() -> None:
    unread = NeedState("partial", "truncated")
    named, inferred = breast(), breast().change(reasonReference=None)

    assert not candidate(named, conditions=unread).partial
    assert not candidate(inferred).partial
    assert candidate(inferred, conditions=unread).partial
