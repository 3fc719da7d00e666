"""Conditions: the cancer they are, and what else they tell."""

from typing import Any

import pytest

from fhir_mappings.readers.conditions import read_condition
from fhir_mappings.readers.diagnoses import Tumorous
from fhir_mappings.resources import Condition
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, kinds, proof, reading_of


def read(code: str, **members: Any) -> tuple[Tumorous | None, list[Any]]:
    reading = reading_of(Record().condition(code, **members))
    ((entry, condition),) = reading.record.of_type(Condition)
    return read_condition(reading, entry, condition)


def tumor(code: str, **members: Any) -> Tumorous:
    found, _ = read(code, **members)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "organs", "behaviours"),
    [
        ("icd|C50.412", {"breast"}, {"malignant"}),
        ("icd|D05.12", {"breast"}, {"in-situ"}),
        ("icd|C79.51", set(), {"secondary"}),
        ("sct|713609000", {"breast"}, {"invasive"}),
        ("Invasive carcinoma of the left breast", {"breast"}, {"invasive", "malignant"}),
        ("Mass of pancreas", {"pancreas"}, {"unspecified"}),
        ("Metastatic breast cancer", {"breast"}, {"secondary"}),
        ("Lipoma of soft tissue, benign tumor", {"soft-tissue"}, {"benign"}),
        ("History of breast cancer", {"breast"}, {"history"}),
    ],
)
def test_a_neoplasm_has_an_organ_and_a_behaviour(
    code: str, organs: set[str], behaviours: set[str]
) -> None:
    found = tumor(code)

    assert organs <= found.organs
    assert found.behaviours == behaviours


@pytest.mark.parametrize("code", ["icd|I10", "Hypertension", "No breast cancer"])
def test_what_is_no_neoplasm_is_none(code: str) -> None:
    found, told = read(code)

    assert (found, told) == (None, [])


def test_a_body_site_names_the_organ_where_the_code_does_not() -> None:
    assert tumor("Adenocarcinoma", bodySite=[concept(text="Rectum")]).organs == {"rectum"}
    assert tumor("icd|C20", bodySite=[concept(text="Rectum")]).organs == {"rectum"}


@pytest.mark.parametrize(
    ("verification", "words", "expected"),
    [
        ("confirmed", "Breast cancer", "confirmed"),
        (None, "Breast cancer", "confirmed"),
        ("provisional", "Breast cancer", "unconfirmed"),
        ("refuted", "Breast cancer", "refuted"),
        ("entered-in-error", "Breast cancer", "refuted"),
        ("confirmed", "Suspected breast cancer", "unconfirmed"),
        ("confirmed", "Possible carcinoma of breast", "unconfirmed"),
        ("confirmed", "History of breast cancer", "history"),
        ("refuted", "History of breast cancer", "refuted"),
    ],
)
def test_certainty_is_that_of_the_status_and_of_the_words(
    verification: str | None, words: str, expected: str
) -> None:
    assert tumor(words, verification=verification).certainty == expected


def test_a_diagnosis_in_doubt_states_facts_that_prove_nothing() -> None:
    _, told = read("icd|C50.412", verification="provisional", histology="icdo|8500/3")

    assert {one.fact.standing for one in told} == {"unconfirmed"}


def test_each_coding_is_a_diagnosis_of_its_own() -> None:
    record = (
        Record()
        .condition("icd|C50.412")
        .change(code=concept("icd|C50.412", "icd|D05.12", "icd|I10", text="Breast cancer"))
    )
    reading = reading_of(record)
    ((entry, condition),) = reading.record.of_type(Condition)
    _, told = read_condition(reading, entry, condition)

    found = facts(told, "diagnosis")
    assert [sorted(one.behaviours) for one in found] == [["malignant"], ["in-situ"]]
    assert all(one.coded for one in found)


def test_a_coding_that_names_no_neoplasm_is_no_diagnosis_beside_one_that_does() -> None:
    record = Record().condition("icd|C20").change(code=concept("icd|C20", "sct|25173007"))
    reading = reading_of(record)
    ((entry, condition),) = reading.record.of_type(Condition)
    _, told = read_condition(reading, entry, condition)

    (diagnosis,) = facts(told, "diagnosis")
    assert proof(diagnosis) == ("Condition/condition-1", "Condition.code.coding[0]", "C20")
    assert [one.extent for one in facts(told, "recurrence")] == ["unspecified"]


def test_a_condition_without_code_tells_nothing() -> None:
    reading = reading_of(Record().condition("icd|C20").change(code=None))
    ((entry, condition),) = reading.record.of_type(Condition)

    assert read_condition(reading, entry, condition) == (None, [])


def test_a_diagnosis_in_words_is_marked() -> None:
    _, told = read("Breast cancer")
    (diagnosis,) = facts(told, "diagnosis")

    assert not diagnosis.coded
    assert diagnosis.evidence[0].text_derived


@pytest.mark.parametrize(
    "status", ["active", "recurrence", "relapse", "remission", "resolved", "inactive"]
)
def test_the_clinical_status_is_the_course_of_the_disease(status: str) -> None:
    _, told = read("icd|C20", status=status, recordedDate="2026-05-01")
    (course,) = facts(told, "course")

    assert course.status == status
    assert course.evidence[0].date == "2026-05-01"
    assert len(facts(told, "recurrence")) == (status in ("recurrence", "relapse"))


def test_an_unknown_or_missing_status_is_no_course() -> None:
    for status in (None, "odd"):
        _, told = read("icd|C20", status=status)
        assert facts(told, "course") == []


@pytest.mark.parametrize(
    ("code", "extent"),
    [
        ("sct|314966008", "local"),
        ("Recurrent rectal cancer", "unspecified"),
        ("Local recurrence of rectal cancer", "local"),
        ("Distant recurrence of rectal cancer", "distant"),
        ("Regional nodal recurrence of rectal cancer", "regional"),
    ],
)
def test_a_diagnosis_may_be_one_of_recurrence(code: str, extent: str) -> None:
    _, told = read(code)

    assert [one.extent for one in facts(told, "recurrence")] == [extent]


def test_only_the_histology_extension_is_histology() -> None:
    other = [{"url": "http://x.example/other", "valueCodeableConcept": concept("icdo|8500/2")}]

    assert facts(read("icd|C50.412", extension=other)[1], "histology") == []
    assert len(facts(read("icd|C50.412", histology="icdo|8500/3")[1], "histology")) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("icd|C77.3", "node-metastasis"),
        ("Metastatic axillary cancer", "node-metastasis"),
        ("icd|K63.1", "perforation"),
        ("icd|Z92.3", "radiation"),
        ("sct|429479009", "radiation"),
        ("History of irradiation", "radiation"),
    ],
)
def test_a_condition_tells_other_things_too(code: str, kind: str) -> None:
    _, told = read(code)

    assert kind in kinds(told)


def test_a_resolved_axillary_metastasis_is_over() -> None:
    assert "node-metastasis" not in kinds(read("icd|C77.3", status="resolved")[1])


def test_a_refuted_condition_tells_nothing() -> None:
    for code in ("icd|C77.3", "icd|C50.412"):
        assert read(code, verification="refuted")[1] == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"onset": "2026-01-02"}, "2026-01-02"),
        ({"onset": None, "onsetPeriod": {"start": "2025-12-01"}}, "2025-12-01"),
        ({"onset": None, "onsetPeriod": {}, "recordedDate": "2026-02-01"}, "2026-02-01"),
        ({"onset": None}, None),
    ],
)
def test_a_condition_is_dated_by_its_onset(members: dict[str, Any], expected: str | None) -> None:
    assert tumor("icd|C20", **members).evidence.date == expected


def test_a_status_in_words_is_understood() -> None:
    content = {"clinicalStatus": {"text": " Remission "}}

    assert tumor("icd|C20", **content).status == "remission"
