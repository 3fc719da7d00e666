"""Every switch in the guideline's data changes an answer, and every option of it differently."""

from functools import cache

import pytest

from cds_service.assess import Assessor
from cds_service.guideline.model import Guideline
from tests.builders import MCODE, Record, breast, cervical, colon, concept, rectal, sarcoma
from tests.judging import assessor, assessor_with, judge_all

LEFT = concept("sct|80248007")


def patient(code: str = "icd|C50.412", histology: str | None = None) -> Record:
    return Record().condition(code, histology=histology)


def invasive() -> Record:
    return patient(histology="icdo|8500/3")


def modality(code: str) -> list[dict[str, object]]:
    return [{"url": f"{MCODE}procedure-modality", "valueCodeableConcept": concept(f"sct|{code}")}]


def done(record: Record) -> Record:
    return record.without("ServiceRequest")


RECORDS = {
    "ductal-in-situ": patient("icd|D05.12").t("cTis").n("cN0").margin().order(),
    "paget-breast": patient("icd|C50.012", "icdo|8540/3").t("pTis(Paget)").order(),
    "lobular-in-situ": patient("icd|D05.02").n("cN0").margin().order(),
    "bare-malignant-code": patient().t("cT1c").n("cN0").margin().order(),
    "invasion-from-t": patient("Cancer of the left breast").t("cT1c").order(),
    "code-against-stage": patient().t("pTis(DCIS)").order(),
    "pathological-n-alone": invasive().n("pN0").order(),
    "clinical-positive-pathology-negative": (
        invasive().n("cN1").n("pN0", date="2026-06-01").order()
    ),
    "clinical-negative-pathology-positive": (
        invasive().n("cN0").n("pN1a", date="2026-06-01").order()
    ),
    "stage-after-treatment": invasive().t("ypT1c").order(),
    "close-negative-margin": invasive().margin("text:Negative, 1 mm").order(),
    "frozen-section-margin": invasive().observation("loinc|83321-0", "negative").order(),
    "expected-margin": done(colon()).observation("CT", "Close margin anticipated").order(),
    "electronic-brachytherapy-scope": sarcoma().without("ServiceRequest").order("cpt|77424"),
    "hdr-iort": invasive().order("sct|168524008", extension=modality("394902000")),
    "age-on": Record("1976-07-01").condition("icd|C50.412").order(occurrenceDateTime="2026-07-02"),
    "recurrent-breast": patient().change(
        clinicalStatus=concept(
            "http://terminology.hl7.org/CodeSystem/condition-clinical|recurrence"
        )
    ),
    "central-and-regional": (
        done(cervical()).observation("MRI", "Recurrence at the pelvic sidewall").order()
    ),
    "earlier-radiation": (
        Record()
        .condition("icd|C53.9", status="recurrence", onset="2021-02-01")
        .procedure("sct|1217123003", bodySite=[LEFT])
        .order()
    ),
    "boost-for-cervix": Record().condition("icd|C53.9").margin("sct|370109009").order(),
    "boost-for-colorectal": done(colon()).t("pT3").margin("sct|370109009").order(),
    "colon-first-sentence": done(colon()).t("cT4b").margin("text:close").order(),
    "intermediate-margin": done(colon()).margin("text:close").order(),
    "penetration-by-t4": done(colon()).t("pT4a").order(),
    "unqualified-negative": done(rectal()).margin("R0").order(),
    "rectal-and-or": done(rectal()).change(clinicalStatus={"text": "recurrence"}).order(),
    "pancreas-review": (
        Record()
        .condition("icd|C25.0")
        .margin("R1")
        .order()
        .add("ServiceRequest", status="active", intent="order", code=concept("sct|116241004"))
    ),
    "high-risk": patient("icd|C49.22").t("pT4").order(),
    "early-stage-risk": patient("icd|C49.22").t("pT1").margin().order(),
    "boost-word": patient("icd|C49.22").margin("sct|370109009").order(),
    "unlisted-site": patient("icd|C61").order(),
    "rectosigmoid": patient("icd|C19").order(),
    "colorectal-unspecified": patient("sct|781382000").order(),
    "anorectal": patient("icd|C21.8").order(),
    "carcinoid": patient("icd|C7A.026").order(),
    "sarcoma-histology": patient("icd|C48.0").order(),
    "gist": patient("icd|C49.A1").order(),
    "uterine-sarcoma": patient("sct|447389009").order(),
    "phyllodes": patient("sct|254844000").order(),
    "breast-angiosarcoma": patient("sct|721576006").order(),
    "uncertain-breast-neoplasm": patient("icd|D48.62").order(),
    "extraskeletal": patient("icd|C49.22", "icdo|9180/3").order(),
    "metastasis-as-target": patient("icd|C79.81").order(),
    "repeat-iort": invasive().procedure("cpt|77425", bodySite=[LEFT]).order(),
    "companion-codes": invasive().order("cpt|77469"),
    "recurrence-against-status": (
        Record()
        .condition("icd|C18.7", status="remission", recordedDate="2026-05-10")
        .observation("loinc|21983-2", "Local recurrence", date="2026-05-01")
        .order()
    ),
    "early-diagnosis": patient("icd|C53.9").order(),
    "recurrent-t4": done(colon()).t("rT4b").order(),
    "node-code-against-stage": (
        invasive().n("cN0").condition("icd|C77.3", onset=None, recordedDate="2026-05-01").order()
    ),
    "inflammatory-against-stage": patient("icd|C50.A2").t("cT1c").order(),
    "modality-against-code": invasive().order(extension=modality("438629002")),
}
RECORDS["recurrent-breast"].order()
SWITCHES = [one.id for one in assessor().guideline.readings.values() if one.options]


@cache
def by(reading: str, option: str) -> Assessor:
    return assessor_with(**{reading: option})


def outcome(record: Record, judge: Assessor) -> tuple[object, ...]:
    (assessment,) = judge_all(record.case, judge)
    criteria = tuple((one.id, one.status, one.unknown_kind) for one in assessment.criteria)
    return assessment.determination, assessment.site, criteria, assessment.missing_any_of != []


def test_every_switch_has_its_record() -> None:
    assert sorted(RECORDS) == sorted(SWITCHES)


@pytest.mark.parametrize("reading", SWITCHES)
def test_each_option_of_a_reading_gives_an_answer_of_its_own(reading: str) -> None:
    options = list(assessor().guideline.readings[reading].options)
    outcomes = {outcome(RECORDS[reading], by(reading, option)) for option in options}

    assert len(outcomes) == len(options)


def _guideline() -> Guideline:
    return assessor().guideline


def test_every_reading_explains_itself_on_a_card() -> None:
    for reading in _guideline().readings.values():
        if reading.options:
            assert reading.sentence, reading.id


def test_readings_that_decided_are_named_with_their_option() -> None:
    (assessment,) = judge_all(RECORDS["close-negative-margin"].case)

    assert assessment.guideline.readings["close-negative-margin"] == "review"


def test_readings_off_their_default_are_always_named_and_change_the_hash() -> None:
    other = assessor_with(gist="counts")
    (default,), (changed,) = judge_all(breast().case), judge_all(breast().case, other)

    assert "gist" not in default.guideline.readings
    assert changed.guideline.readings["gist"] == "counts"
    assert default.guideline.sha256 != changed.guideline.sha256
