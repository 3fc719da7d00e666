"""What every order has to fulfil: IORT, a listed cancer, one fraction, during surgery."""

from typing import Any

import pytest

from tests.builders import MCODE, Record, breast, concept
from tests.judging import judge, judge_all, status


def ordered(code: str = "cpt|77425", **members: Any) -> Record:
    return breast().without("ServiceRequest").order(code, **members)


HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/evs/Thesaurus.owl"


@pytest.mark.parametrize(
    "code",
    [
        "cpt|77424",
        "cpt|77425",
        "|77425",
        "urn:oid:2.16.840.1.113883.6.12|77425",
        f"{HCPCS}|77425",
        "sct|168524008",
        f"{NCIT}|C15623",
        "pcs|DM003Z0",
        "pcs|DDY7CZZ",
        "Intraoperative radiotherapy",
        "IORT",
        "Lumpectomy with IORT",
    ],
)
def test_iort_is_recognised_under_all_its_codes(code: str) -> None:
    assert status(judge(ordered(code)), "G-1") == "met"


@pytest.mark.parametrize(
    "code",
    [
        "cpt|77412",
        "cpt|77770",
        "cpt|19301",
        "cpt|77469",
        "cpt|19294",
        "cpt|0395T",
        f"{HCPCS}|C9726",
        "pcs|DM003ZZ",
        "http://hospital.example/codes|IORT-E",
        "Mammogram",
        "IORT consultation",
        "Discuss IORT",
        "Referral for intraoperative radiation",
        "No IORT",
    ],
)
def test_other_services_are_not_judged(code: str) -> None:
    (assessment,) = judge_all(ordered(code).case)

    assert (assessment.determination, assessment.order) == ("not-applicable", None)


def test_an_order_not_to_perform_iort_is_not_judged() -> None:
    assert judge(ordered(doNotPerform=True)).determination == "not-applicable"


def test_one_of_several_codings_is_enough() -> None:
    record = ordered().change(code=concept("cpt|19301", "cpt|77425"))

    assert status(judge(record), "G-1") == "met"


def test_an_intraoperative_technique_makes_radiotherapy_iort() -> None:
    technique = {
        "url": f"{MCODE}procedure-technique",
        "valueCodeableConcept": concept("sct|168524008"),
    }

    assert status(judge(ordered("sct|33195004", extension=[technique])), "G-1") == "met"


def test_a_label_of_an_unknown_code_is_read_as_text() -> None:
    coding = {"system": "http://hospital.example", "code": "X1"}
    record = ordered().change(code={"coding": [{**coding, "display": "Intraoperative electrons"}]})
    named = ordered().change(code={"coding": [{**coding, "display": "IORT, electrons"}]})

    assert judge(record).determination == "not-applicable"
    assert status(judge(named), "BR-6") == "met"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "met"),
        ({"quantityQuantity": {"value": 1}}, "met"),
        ({"quantityQuantity": {"value": 2}}, "not-met"),
        ({"quantityQuantity": {"value": "2"}}, "not-met"),
        ({"quantityQuantity": {"value": "nan"}}, "met"),
        ({"quantityQuantity": {"value": 0}}, "met"),
        ({"quantityRatio": {"numerator": {"value": 5}, "denominator": {"value": 1}}}, "not-met"),
        ({"quantityRange": {"low": {"value": 1}, "high": {"value": 3}}}, "not-met"),
        ({"occurrenceTiming": {"repeat": {"count": 3}}}, "not-met"),
        ({"occurrenceTiming": {"repeat": {"count": 1, "countMax": 2}}}, "not-met"),
        ({"occurrenceTiming": {"repeat": {"count": 1}}}, "met"),
    ],
)
def test_more_than_one_fraction_is_refused(members: dict[str, Any], expected: str) -> None:
    assert status(judge(ordered(**members)), "G-3") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Postoperative delivery of IORT", "not-met"),
        ("To be given outside the operating room", "not-met"),
        ("At lumpectomy", "met"),
    ],
)
def test_only_a_statement_refutes_that_it_is_given_during_surgery(text: str, expected: str) -> None:
    assert status(judge(ordered(note=[{"text": text}])), "G-4") == expected


def test_two_orders_for_one_tumor_are_named_on_both_and_refute_neither() -> None:
    record = breast().order()
    assessments = judge_all(record.case)

    assert [one.determination for one in assessments] == ["likely-covered"] * 2
    for one in assessments:
        assert any("Another IORT order" in note.text for note in one.notes)


@pytest.mark.parametrize(
    ("code", "site", "expected"),
    [
        ("icd|C50.412", "breast", "met"),
        ("icd|C50412", "breast", "met"),
        ("|C50.412", "breast", "met"),
        ("urn:oid:2.16.840.1.113883.6.90|C50.412", "breast", "met"),
        ("icd|D05.12", "breast", "met"),
        ("sct|353431000119107", "breast", "met"),
        ("sct|721576006", "sts", "met"),
        ("icd|C53.9", "cervical", "met"),
        ("icd|D06.9", "cervical", "not-met"),
        ("icd|C18.7", "colon", "met"),
        ("icd|D01.0", "colon", "not-met"),
        ("icd|C20", "rectal", "met"),
        ("icd|D01.2", "rectal", "not-met"),
        ("icd|C21.1", "other", "not-met"),
        ("icd|C21.8", "rectal", "interpretive"),
        ("icd|C7A.026", "rectal", "interpretive"),
        ("icd|C7A.020", "colon", "interpretive"),
        ("icd|C25.0", "pancreas", "met"),
        ("icd|C49.22", "sts", "met"),
        ("sct|722515001", "sts", "met"),
        ("sct|424413001", "sts", "met"),
        ("icd|C48.0", "sts", "evidence"),
        ("icd|C47.1", "sts", "evidence"),
        ("icd|C49.A1", "sts", "interpretive"),
        ("sct|447389009", "sts", "interpretive"),
        ("sct|254844000", "sts", "interpretive"),
        ("icd|C54.1", "other", "not-met"),
        ("icd|C40.20", "other", "not-met"),
        ("icd|C46.0", "other", "not-met"),
        ("icd|C45.0", "other", "not-met"),
        ("icd|D48.111", "other", "not-met"),
        ("icd|C61", "other", "not-met"),
        ("icd|C79.81", "other", "not-met"),
        ("icd|C78.7", "other", "not-met"),
        ("icd|D12.6", "other", "not-met"),
        ("icd|C80.1", "none", "evidence"),
        ("icd|I10", "none", "evidence"),
        ("icd|D49.3", "breast", "evidence"),
        ("Lung cancer", "other", "not-met"),
        ("GIST of stomach", "sts", "interpretive"),
        ("Suspected breast cancer", "breast", "evidence"),
        ("Liposarcoma of retroperitoneum", "sts", "met"),
        ("Hypertension", "none", "evidence"),
    ],
)
def test_each_diagnosis_has_its_heading(code: str, site: str, expected: str) -> None:
    assessment = judge(Record().condition(code).order())

    assert (assessment.site, status(assessment, "G-2")) == (site, expected)


@pytest.mark.parametrize(
    ("code", "histology", "site", "expected"),
    [
        ("icd|C48.0", "icdo|8850/3", "sts", "met"),
        ("icd|C48.2", "icdo|8140/3", "other", "not-met"),
        ("icd|C47.1", "icdo|9540/3", "sts", "met"),
        ("icd|C54.2", "icdo|8890/3", "sts", "interpretive"),
        ("icd|C50.412", "icdo|9020/3", "sts", "interpretive"),
        ("icd|C50.412", "sct|39000009", "sts", "met"),
        ("icd|C20", "icdo|8240/3", "rectal", "interpretive"),
        ("icd|C49.22", "icdo|9180/3", "sts", "interpretive"),
        ("icd|C40.20", "icdo|9180/3", "other", "not-met"),
        ("icd|C64.1", "icdo|8800/3", "other", "not-met"),
        ("icd|C16.1", "icdo|8936/3", "sts", "interpretive"),
    ],
)
def test_histology_outranks_the_organ(code: str, histology: str, site: str, expected: str) -> None:
    assessment = judge(Record().condition(code, histology=histology).order())

    assert (assessment.site, status(assessment, "G-2")) == (site, expected)


LEFT = concept("sct|80248007")


def facts(record: Record, **order: Any) -> Record:
    return record.t("cT1c").n("cN0").margin().order(**order)


def cancer(**condition: Any) -> Record:
    return Record().condition("icd|C50.412", histology="icdo|8500/3", **condition)


def reason(reference: str) -> dict[str, Any]:
    return {"reasonReference": [{"reference": reference}]}


NAMED = {"identifier": [{"system": "urn:x", "value": "7"}]}
INSIDE = {
    "resourceType": "Condition",
    "id": "c",
    "code": concept("icd|C50.412"),
    "subject": {"reference": "Patient/p"},
}


@pytest.mark.parametrize(
    "record",
    [
        facts(cancer(), reasonReference=None),
        facts(cancer(), **reason("Condition/condition-1/_history/2")),
        facts(cancer(), **reason("https://ehr.example.org/fhir/Condition/condition-1")),
        facts(cancer(), reasonReference=[{"display": "Breast cancer"}]),
        facts(
            cancer(**NAMED),
            reasonReference=[{"identifier": {"system": "urn:x", "value": "7"}}],
        ),
        facts(cancer(**NAMED), **reason("Condition?identifier=urn:x|7")),
        facts(Record(), **reason("#c"), contained=[INSIDE]),
        facts(cancer(), reasonReference=None, reasonCode=[concept("icd|C50.412")]),
        facts(Record(), reasonCode=[concept("icd|C50.412")]),
        facts(cancer().condition("icd|I10"), reasonReference=None),
        facts(
            cancer().condition("icd|C77.3", onset="2020-01-01"),
            reasonReference=[
                {"reference": "Condition/condition-2"},
                {"reference": "Condition/condition-1"},
            ],
        ),
    ],
)
def test_the_target_is_found_however_the_order_names_it(record: Record) -> None:
    assessment = judge(record.copy())

    assert (status(assessment, "G-2"), assessment.determination) == ("met", "likely-covered")


def test_a_reason_may_be_an_observation_about_the_cancer() -> None:
    record = cancer().t("cT1c", focus="condition-1").n("cN0").margin()
    record.order(**reason("Observation/observation-1"))

    assert judge(record).determination == "likely-covered"


def test_a_body_site_on_the_order_may_choose_among_cancers() -> None:
    record = cancer().condition("icd|C20")

    assert status(judge(facts(record.copy(), reasonReference=None)), "G-2") == "evidence"
    chosen = judge(facts(record.copy(), reasonReference=None, bodySite=[LEFT]))
    assert (chosen.site, status(chosen, "G-2")) == ("breast", "met")


@pytest.mark.parametrize(
    "order",
    [
        {"reasonCode": [concept("icd|C20")]},
        {"reasonCode": [concept("icd|C50.411")]},
        {"bodySite": [concept("sct|73056007")]},
    ],
)
def test_reasons_that_disagree_are_a_contradiction(order: dict[str, Any]) -> None:
    assessment = judge(facts(cancer(), **order))

    assert status(assessment, "G-2") == "conflict"
    assert assessment.determination == "conflicting-evidence"


def test_a_reason_that_leads_nowhere_is_unread_and_not_absent() -> None:
    assessment = judge(facts(cancer(), **reason("Condition/gone")))

    assert status(assessment, "G-2") == "retrieval"
    assert assessment.determination == "unable-to-evaluate"


@pytest.mark.parametrize("verification", ["provisional", "differential", "unconfirmed"])
def test_an_unconfirmed_diagnosis_proves_nothing(verification: str) -> None:
    assessment = judge(facts(Record().condition("icd|C50.412", verification=verification)))

    assert status(assessment, "G-2") == status(assessment, "BR-2") == "evidence"
    assert assessment.missing == ["G-2", "BR-2"]


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_refuted_diagnosis_is_no_target(verification: str) -> None:
    assessment = judge(facts(Record().condition("icd|C50.412", verification=verification)))

    assert {one.id for one in assessment.criteria} == {"G-1", "G-2", "G-3", "G-4"}
    assert assessment.missing == ["G-2"]


def test_a_resolved_cancer_that_the_order_names_counts_and_the_card_says_so() -> None:
    assessment = judge(facts(cancer(status="resolved")))

    assert assessment.determination == "likely-covered"
    assert any("resolved" in note.text for note in assessment.notes)
    unnamed = judge(facts(cancer(status="resolved"), reasonReference=None))
    assert status(unnamed, "G-2") == "evidence"


def test_a_history_of_cancer_is_no_target() -> None:
    assert judge(Record().condition("icd|Z85.3").order()).missing == ["G-2"]


def test_a_metastasis_as_the_only_reason_is_not_listed() -> None:
    record = cancer().condition("icd|C77.3")
    assessment = judge(facts(record, **reason("Condition/condition-2")))

    assert assessment.determination == "likely-not-covered"


def test_unread_conditions_leave_the_target_open() -> None:
    assessment = judge(facts(cancer()).unread("Condition"))

    assert assessment.determination == "unable-to-evaluate"
    assert status(assessment, "G-2") == "retrieval"


def test_data_of_another_patient_are_never_used_and_are_named() -> None:
    record = facts(Record().condition("icd|C50.412", histology="icdo|8500/3"))
    record.t("cT4b", date="2026-06-01", subject={"reference": "Patient/other"})
    assessment = judge(record)

    assert assessment.determination == "likely-covered"
    (note,) = [one for one in assessment.notes if "another patient" in one.text]
    assert note.references == ["Observation/observation-4"]
