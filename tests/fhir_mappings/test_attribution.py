"""Which finding is about which tumor: explicitly, by place, by time, or not to be told."""

from typing import Any

import pytest

from fhir_mappings.attribution import facts_about
from fhir_mappings.chart import Chart, read_chart
from fhir_mappings.facts import Category, Radiation
from fhir_mappings.tumors import Tumor
from tests.builders import Record, concept
from tests.fhir_mappings.reading import reading_of
from tests.judging import assessor

LEFT, RIGHT = concept("sct|80248007"), concept("sct|73056007")


def chart_of(record: Record) -> Chart:
    return read_chart(reading_of(record).record, assessor().terminology, None, ())


def target(chart: Chart, number: int = 1) -> Tumor:
    key = f"Condition/condition-{number}"
    return next(one for one in chart.diagnoses.tumors if key in one.keys)


def about(record: Record, number: int = 1, **options: Any) -> dict[str, tuple[Any, ...]]:
    chart = chart_of(record)
    return facts_about(
        target(chart, number),
        chart.diagnoses.tumors,
        chart.diagnoses.belongs,
        chart.findings,
        past=[one.organs for one in chart.history],
        certain=options.pop("certain", True),
    )


def standing(record: Record, number: int = 1, kind: str = "category") -> str:
    found = about(record, number).get(kind, ())
    return found[0].standing if found else "not this one"


def two() -> Record:
    return Record().condition("icd|C50.412").condition("icd|C50.411")


def mixed() -> Record:
    return Record().condition("icd|C50.412").condition("icd|C20")


@pytest.mark.parametrize(
    ("record", "first", "second"),
    [
        (two().t("cT1c"), "unattributed", "unattributed"),
        (two().t("cT1c", focus="condition-1"), "counts", "not this one"),
        (two().t("cT1c", bodySite=LEFT), "counts", "not this one"),
        (two().t("cT1c", bodySite=concept(text="Left breast")), "counts", "not this one"),
        (mixed().t("cT1c"), "unattributed", "unattributed"),
        (mixed().t("cT1c", bodySite=LEFT), "counts", "not this one"),
        (mixed().t("cT1c", bodySite=concept("sct|34402009")), "not this one", "counts"),
    ],
)
def test_a_category_goes_where_focus_place_or_side_lead(
    record: Record, first: str, second: str
) -> None:
    assert (standing(record, 1), standing(record, 2)) == (first, second)


def test_a_specimen_leads_to_the_place_it_was_taken_from() -> None:
    specimen = {"resourceType": "Specimen", "id": "s", "collection": {"bodySite": LEFT}}
    record = two().t("pT1c", specimen={"reference": "Specimen/s"})
    record.resources.append(specimen)

    assert (standing(record, 1), standing(record, 2)) == ("counts", "not this one")


def test_a_stage_leads_to_its_assessment_and_to_its_members() -> None:
    record = Record().condition(
        "icd|C50.412", stage=[{"assessment": [{"reference": "Observation/observation-1"}]}]
    )
    record.condition("icd|C50.411")
    record.observation("sct|399537006", hasMember=[{"reference": "Observation/observation-2"}])
    record.t("cT1c")

    assert (standing(record, 1), standing(record, 2)) == ("counts", "not this one")


def test_a_focus_on_a_diagnosis_that_fits_both_tells_nothing() -> None:
    record = two().condition("sct|254837009").t("cT1c", focus="condition-3")

    assert standing(record, 1) == "unattributed"


def test_a_focus_on_something_else_is_about_no_tumor() -> None:
    record = two().condition("icd|I10").t("cT1c", focus="condition-3")

    assert standing(record, 1) == "not this one"


def test_what_only_a_solid_tumor_can_have_is_not_about_leukemia() -> None:
    record = Record().condition("icd|C50.412").condition("icd|C91.10").t("cT1c")

    assert standing(record, 1) == "counts"


def earlier(**members: Any) -> Record:
    """A resolved cancer, and a new one of the same organ."""
    return (
        Record()
        .condition("icd|C20", onset="2026-04-01")
        .condition("icd|C20", onset="2018-01-01", **members)
    )


@pytest.mark.parametrize(
    ("record", "date", "expected"),
    [
        (earlier(status="resolved"), "2026-04-20", "counts"),
        (earlier(status="resolved"), "2026-02-20", "counts"),
        (earlier(status="resolved"), "2018-02-01", "not this one"),
        (earlier(status="resolved"), None, "unattributed"),
        (earlier(status="resolved", abatementDateTime="2019-01-01"), "2026-04-20", "counts"),
        (earlier(status="resolved", onset_unknown=True), "2026-04-20", "counts"),
    ],
)
def test_time_tells_a_new_tumor_from_one_that_is_over(
    record: Record, date: str | None, expected: str
) -> None:
    assert standing(record.copy().t("cT3", date=date), 1) == expected


def test_belonging_by_elimination_is_partial_where_not_all_diagnoses_were_read() -> None:
    record = Record().condition("icd|C50.412").t("cT1c")

    (certain,) = about(record)["category"]
    (uncertain,) = about(record, certain=False)["category"]
    assert isinstance(certain, Category)
    assert (certain.partial, uncertain.partial) == (False, True)


def radiation(record: Record, number: int = 1) -> Radiation:
    (found,) = about(record, number)["radiation"]
    assert isinstance(found, Radiation)
    return found


RT = "sct|1217123003"


@pytest.mark.parametrize(
    ("record", "covers"),
    [
        (Record().condition("icd|C50.412").procedure(RT), "unspecified"),
        (Record().condition("icd|C50.412").procedure(RT, bodySite=[LEFT]), "target"),
        (Record().condition("icd|C50.412").procedure(RT, bodySite=[RIGHT]), "elsewhere"),
        (
            Record().condition("icd|C50.412").procedure(RT, bodySite=[concept("sct|76752008")]),
            "unspecified",
        ),
        (
            Record().condition("sct|254837009").procedure(RT, bodySite=[concept("sct|76752008")]),
            "target",
        ),
        (
            Record().condition("icd|C50.412").procedure(RT, bodySite=[concept("sct|12921003")]),
            "elsewhere",
        ),
        (
            Record().condition("icd|C53.9").procedure(RT, bodySite=[concept("sct|12921003")]),
            "target",
        ),
        (Record().condition("icd|C53.9").procedure(RT, bodySite=[LEFT]), "elsewhere"),
        (
            Record()
            .condition("icd|C49.22")
            .procedure(RT, reasonReference=[{"reference": "Condition/condition-1"}]),
            "target",
        ),
        (
            Record()
            .condition("icd|C50.412")
            .procedure(RT, bodySite=[concept("http://x.example|9")]),
            "elsewhere",
        ),
    ],
)
def test_radiation_covers_the_target_or_something_else(record: Record, covers: str) -> None:
    assert radiation(record).covers == covers


def test_radiation_before_the_tumor_or_its_recurrence_is_of_the_past() -> None:
    breast = Record().condition("icd|C50.412")
    recurrent = Record().condition("icd|C50.412", status="recurrence", onset="2019-01-01")
    again = (
        Record()
        .condition("icd|C50.412", onset="2019-01-01")
        .condition("sct|314955001", onset="2026-05-01")
    )

    assert radiation(breast.copy().procedure(RT, date="2024-01-01")).timing == "earlier"
    assert radiation(breast.copy().procedure(RT, date="2026-05-01")).timing == "this-episode"
    assert radiation(recurrent.procedure(RT, date="2026-05-01")).timing == "earlier"
    assert radiation(again.copy().procedure(RT, date="2026-05-20")).timing == "this-episode"
    assert radiation(again.copy().procedure(RT, date="2020-05-20")).timing == "earlier"


def test_another_cancer_may_explain_radiation_even_if_it_is_history() -> None:
    plain = Record().condition("icd|C53.9").procedure(RT)

    assert not radiation(plain.copy()).other_cancer
    assert radiation(plain.copy().condition("icd|C50.412")).other_cancer
    assert radiation(plain.copy().condition("icd|Z85.3")).other_cancer
    assert not radiation(plain.copy().condition("icd|Z85.41")).other_cancer
