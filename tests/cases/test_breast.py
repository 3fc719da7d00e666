"""Breast: every item of the bullet, with the shapes in which real records state it."""

from typing import Any

import pytest

from tests.builders import MCODE, Record, breast, concept
from tests.judging import judge, status

UNKNOWN = ("evidence", "retrieval", "interpretive")


def patient(birth: str | None = "1960-01-01", histology: str | None = "icdo|8500/3") -> Record:
    return Record(birth).condition("icd|C50.412", histology=histology)


def staged() -> Record:
    return patient().t("cT1c").n("cN0")


def test_a_complete_record_is_likely_covered_and_nothing_is_asked() -> None:
    assessment = judge(breast())

    assert assessment.determination == "likely-covered"
    assert (assessment.missing, assessment.missing_any_of) == ([], [])
    assert {one.id for one in assessment.criteria} == {
        *("G-1", "G-2", "G-3", "G-4"),
        *("BR-1", "BR-2", "BR-3", "BR-4", "BR-5", "BR-6", "BR-7"),
    }


def test_a_final_margin_older_than_the_order_asks_to_confirm_another_operation() -> None:
    planned = breast().add(
        "ServiceRequest", status="active", intent="order", code=concept("cpt|19301")
    )

    assert judge(breast()).confirm == ["G-4"]
    assert judge(planned).confirm == []


def test_before_surgery_only_the_margin_is_missing_and_pending() -> None:
    assessment = judge(staged().order())

    assert assessment.determination == "documentation-missing"
    assert assessment.missing == assessment.pending_intraoperative == ["BR-5"]


@pytest.mark.parametrize(
    ("birth", "expected"),
    [
        ("1976-06-15", "met"),
        ("1976-06-16", "not-met"),
        ("1976-05", "met"),
        ("1976-06", "evidence"),
        ("1976-07", "not-met"),
        ("1975", "met"),
        ("1976", "evidence"),
        ("1977", "not-met"),
        ("not a date", "evidence"),
        (None, "evidence"),
    ],
)
def test_age_is_counted_from_what_is_known_of_the_date_of_birth(
    birth: str | None, expected: str
) -> None:
    assert status(judge(patient(birth).order()), "BR-1") == expected


def test_age_is_taken_on_the_planned_day_of_service() -> None:
    record = patient("1976-07-01").t("cT1c").n("cN0").margin()

    assert status(judge(record.copy().order()), "BR-1") == "not-met"
    assert status(judge(record.copy().order(occurrenceDateTime="2026-07-01")), "BR-1") == "met"
    assert (
        status(judge(record.copy().order(occurrencePeriod={"start": "2026-07-01"})), "BR-1")
        == "met"
    )


def test_someone_born_on_29_february_turns_50_on_1_march() -> None:
    for day, expected in (("2026-02-28", "not-met"), ("2026-03-01", "met")):
        record = Record("1976-02-29", day=day).condition("icd|C50.412").order()
        assert status(judge(record), "BR-1") == expected


def test_an_age_under_50_is_answered_at_once_whatever_else_is_unknown() -> None:
    assessment = judge(patient("1985-01-01").order().unread("Observation"))

    assert assessment.determination == "likely-not-covered"
    assert assessment.missing == []


@pytest.mark.parametrize(
    ("diagnosis", "histology", "expected"),
    [
        ("icd|C50.412", "icdo|8500/3", "met"),
        ("icd|C50.412", "sct|82711006", "met"),
        ("icd|C50.412", None, "met"),
        ("sct|713609000", None, "met"),
        ("sct|254837009", None, "met"),
        ("Invasive ductal carcinoma, left breast", None, "met"),
        ("Cancer of the left breast", None, "evidence"),
        ("icd|D05.12", None, "not-met"),
        ("icd|C50.412", "icdo|8500/2", "not-met"),
        ("icd|C50.412", "sct|86616005", "not-met"),
        ("icd|D05.02", None, "not-met"),
        ("sct|77284006", None, "not-met"),
        ("Ductal carcinoma in situ of left breast", None, "not-met"),
        ("icd|C50.012", "icdo|8540/3", "interpretive"),
        ("sct|403946000", None, "interpretive"),
    ],
)
def test_invasion_is_read_from_histology_before_the_diagnosis(
    diagnosis: str, histology: str | None, expected: str
) -> None:
    record = Record().condition(diagnosis, histology=histology).order()

    assert status(judge(record), "BR-2") == expected


def test_an_invasive_result_is_not_undone_by_a_later_in_situ_one() -> None:
    record = (
        Record()
        .condition("icd|C50.412")
        .observation("loinc|31206-6", "icdo|8500/3", date="2026-04-10")
        .observation("loinc|31206-6", "icdo|8500/2", date="2026-05-10")
        .order()
    )

    assert status(judge(record), "BR-2") == "met"


def test_a_pathological_t_proves_invasion_and_a_clinical_one_does_not() -> None:
    in_situ = Record().condition("icd|D05.12")

    assert status(judge(in_situ.copy().t("pT1c").order()), "BR-2") == "met"
    assert status(judge(in_situ.copy().t("cT1c").order()), "BR-2") == "not-met"


def test_a_code_for_invasive_cancer_against_tis_without_histology_is_a_contradiction() -> None:
    record = patient(histology=None).t("pTis(DCIS)").n("cN0").margin().order()
    assessment = judge(record)

    assert status(assessment, "BR-2") == "conflict"
    assert assessment.determination == "conflicting-evidence"
    assert status(judge(patient().t("pTis(DCIS)").order()), "BR-2") == "met"


def test_stage_0_of_dcis_does_not_hide_that_dcis_is_excluded() -> None:
    stage = [{"summary": {"text": "Stage 0 (Tis N0 M0)"}}]
    assessment = judge(Record().condition("icd|D05.12", stage=stage).order())

    assert assessment.determination == "likely-not-covered"
    assert (status(assessment, "BR-2"), status(assessment, "BR-3")) == ("not-met", "met")


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        *[(one, "met") for one in ("cTis", "cT1mi", "cT1a", "cT1b", "T1c", "pT1c", "pT1(m)")],
        *[(one, "not-met") for one in ("cT0", "cT2", "cT3", "cT4d", "pT2")],
        ("cTX", "evidence"),
        ("ypT1c", "interpretive"),
        ("rcT1c", "met"),
    ],
)
def test_every_t_category_has_its_place(category: str, expected: str) -> None:
    assert status(judge(patient().t(category).order()), "BR-3") == expected


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("sct|399504009", "ajcc|cT1c"),
        ("loinc|21905-5", "sct|1228899006"),
        ("loinc|21899-0", "sct|1229846008"),
        ("loinc|21911-3", "sct|261650005"),
        ("sct|78873005", "sct|23351008"),
        ("sct|399504009", "sct|23351008"),
        ("sct|399504009", "text:T1c"),
        ("sct|399504009", "cT1c"),
        ("T category", "cT1c"),
        ("pT", "T1c"),
        ("sct|399504009", "http://hospital.example/codes|x|T1c tumour"),
        ("sct|12345678", "sct|1228899006"),
        ("Visit", "Staged as cT1c cN0."),
    ],
)
def test_t1_is_understood_in_all_its_dialects(code: str, value: str) -> None:
    assert status(judge(patient().observation(code, value).order()), "BR-3") == "met"


def test_a_component_states_the_category_of_a_panel() -> None:
    part = {"code": concept("sct|399504009"), "valueCodeableConcept": concept("ajcc|cT1c")}
    panel = patient().observation("sct|399537006", component=[part]).order()
    against_itself = patient().observation("sct|399504009", "ajcc|cT2", component=[part]).order()

    assert status(judge(panel), "BR-3") == "met"
    assert status(judge(against_itself), "BR-3") == "conflict"


def test_a_stage_on_the_condition_counts_by_code_and_by_text() -> None:
    for summary in (concept("ajcc|cT1c"), {"text": "Stage IA (T1c N0 M0)"}):
        record = Record().condition("icd|C50.412", stage=[{"summary": summary}]).order()
        assert status(judge(record), "BR-3") == "met"


@pytest.mark.parametrize(
    ("group", "edition", "expected"),
    [("IA", "443830009", "met"), ("IA", "897275008", "evidence"), ("0", "897275008", "met")],
)
def test_a_stage_group_tells_t_only_where_its_edition_makes_it(
    group: str, edition: str, expected: str
) -> None:
    record = patient().observation(
        "loinc|21908-9", f"ajcc|{group}", method=concept(f"sct|{edition}")
    )

    assert status(judge(record.order()), "BR-3") == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [((25, "mm"), "not-met"), ((2.1, "cm"), "not-met"), ((15, "mm"), "evidence")],
)
def test_size_alone_can_rule_out_t1_and_never_prove_it(
    size: tuple[float, str], expected: str
) -> None:
    assert status(judge(patient().observation("loinc|21889-1", size).order()), "BR-3") == expected


def test_codings_and_text_that_disagree_are_a_contradiction() -> None:
    for value in (concept("ajcc|cT1c", text="cT2"), concept("ajcc|cT1c", "sct|67673008")):
        record = patient().observation("sct|399504009", {"valueCodeableConcept": value}).order()
        assert status(judge(record), "BR-3") == "conflict"


def test_of_two_results_the_later_counts_and_on_one_day_they_contradict() -> None:
    later = patient().t("cT1c").t("cT2", date="2026-05-01").order()
    same_day = patient().t("cT1c").t("cT2").order()
    undated = patient().t("cT1c", date=None).t("cT2", date=None).order()
    corrected = patient().t("cT2").t("cT1c", status="corrected").order()

    assert status(judge(later), "BR-3") == "not-met"
    assert status(judge(same_day), "BR-3") == "conflict"
    assert status(judge(undated), "BR-3") == "conflict"
    assert status(judge(corrected), "BR-3") == "met"


@pytest.mark.parametrize("unfit", ["preliminary", "registered", "unknown", None])
def test_a_result_that_is_not_final_proves_nothing_and_is_shown(unfit: str | None) -> None:
    assessment = judge(patient().t("cT1c", status=unfit).order())
    (criterion,) = [one for one in assessment.criteria if one.id == "BR-3"]

    assert criterion.unknown_kind == "evidence"
    assert [one.because for one in criterion.considered] == ["preliminary"]


@pytest.mark.parametrize("withdrawn", ["cancelled", "entered-in-error"])
def test_a_withdrawn_result_is_as_if_it_were_never_there(withdrawn: str) -> None:
    record = patient().t("cT1c").t("cT2", date="2026-05-01", status=withdrawn).order()

    assert status(judge(record), "BR-3") == "met"


def test_a_category_that_is_not_understood_is_shown_and_not_guessed() -> None:
    assessment = judge(patient().observation("sct|399504009", "text:see report").order())
    (criterion,) = [one for one in assessment.criteria if one.id == "BR-3"]

    assert criterion.unknown_kind == "evidence"
    assert [one.because for one in criterion.considered] == ["not-understood"]


def test_staging_after_treatment_is_for_a_reviewer() -> None:
    for record in (patient().t("cT2").t("ypT1c", date="2026-06-01"), patient().t("ypT1c")):
        assert status(judge(record.order()), "BR-3") == "interpretive"
    smaller = patient().t("cT1c").t("ypT1a", date="2026-06-01").order()
    assert status(judge(smaller), "BR-3") == "met"


def test_inflammatory_cancer_is_t4d_and_contradicts_t1() -> None:
    inflammatory = Record().condition("icd|C50.A2")

    assert status(judge(inflammatory.copy().order()), "BR-3") == "not-met"
    assert status(judge(inflammatory.copy().t("cT1c").order()), "BR-3") == "conflict"


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        *[(one, "met") for one in ("cN0", "cN0(i+)", "pN0", "pN0(i+)", "pN0(mol+)", "N0")],
        *[(one, "not-met") for one in ("cN1", "pN1mi", "pN1a")],
        ("cNX", "evidence"),
        ("ypN0", "interpretive"),
        ("ypN1", "not-met"),
    ],
)
def test_every_n_category_has_its_place(category: str, expected: str) -> None:
    assert status(judge(patient().n(category).order()), "BR-4") == expected


def test_clinical_and_pathological_nodes_that_differ_are_for_a_reviewer() -> None:
    cleared = patient().n("cN1").n("pN0", date="2026-06-01").order()
    found = patient().n("cN0").n("pN1a", date="2026-06-01").order()

    assert status(judge(cleared), "BR-4") == "interpretive"
    assert status(judge(found), "BR-4") == "interpretive"


def test_treatment_does_not_make_positive_nodes_negative() -> None:
    drug = {"text": "neoadjuvant paclitaxel"}
    treated = (
        patient()
        .n("cN1")
        .n("pN0", date="2026-06-01")
        .add(
            "MedicationRequest", status="completed", intent="order", medicationCodeableConcept=drug
        )
    )

    assert status(judge(treated.order()), "BR-4") == "not-met"
    assert status(judge(patient().n("cN1").n("ypN0", date="2026-06-01").order()), "BR-4") == (
        "not-met"
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"onset": None, "recordedDate": "2026-05-01"}, "conflict"),
        ({"onset": None, "recordedDate": "2025-05-01"}, "met"),
        ({"onset": None}, "conflict"),
        ({"onset": None, "recordedDate": "2026-05-01", "status": "resolved"}, "met"),
        ({"onset": None, "recordedDate": "2026-05-01", "verification": "provisional"}, "met"),
        (
            {
                "onset": None,
                "recordedDate": "2026-05-01",
                "bodySite": [concept("sct|24028007")],
            },
            "met",
        ),
    ],
)
def test_axillary_metastasis_on_the_problem_list_contradicts_cn0_of_that_time_and_side(
    members: dict[str, str | None], expected: str
) -> None:
    assert status(judge(patient().n("cN0").condition("icd|C77.3", **members).order()), "BR-4") == (
        expected
    )


def test_axillary_metastasis_without_a_category_means_positive_nodes() -> None:
    record = patient().condition("icd|C77.3", onset=None, recordedDate="2026-05-01").order()

    assert status(judge(record), "BR-4") == "not-met"


def test_no_sentinel_node_with_metastasis_is_a_negative_axilla() -> None:
    assert status(judge(patient().observation("loinc|92832-5", (0, "1")).order()), "BR-4") == "met"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[
            (one, "met")
            for one in (
                "sct|55182004",
                "loinc|LA27151-2",
                "sct|1222638005",
                "sct|310342002",
                "text:negative",
                "text:closest margin 3 mm",
                "Margins clear by 0.5 cm",
                "no tumor on ink",
                "R0",
                "uninvolved",
            )
        ],
        *[
            (one, "not-met")
            for one in ("sct|370109009", "sct|1222639002", "sct|442479004", "ink on tumor", "R1")
        ],
        *[
            (one, "evidence")
            for one in (
                "sct|1222641001",
                "sct|395537004",
                "cannot be assessed",
                "text:indeterminate",
                "planned negative margin",
                "expected negative",
                "suspicious for involvement",
            )
        ],
        *[
            (one, "interpretive")
            for one in ("text:Negative, closest 1 mm", "text:close", "Margins clear by 0.1 cm")
        ],
    ],
)
def test_a_margin_is_understood_in_code_and_in_words_and_a_plan_is_no_result(
    value: str, expected: str
) -> None:
    assert status(judge(staged().margin(value).order()), "BR-5") == expected


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("loinc|44669-0", "sct|2667000", "met"),
        ("loinc|44669-0", "sct|52101004", "not-met"),
        ("sct|371488000", "sct|2667000", "met"),
        ("sct|396324006", "sct|260385009", "met"),
        ("sct|396324006", False, "met"),
        ("sct|396324006", True, "not-met"),
        ("sct|1240395000", "sct|52101004", "not-met"),
        ("loinc|84892-9", "R0", "met"),
        ("sct|17964000", "text:R1", "not-met"),
        ("surgical margin", "negative", "met"),
        ("loinc|83321-0", "Margins negative for tumor", "met"),
        ("Frozen section", "margins negative", "met"),
        (
            "urn:oid:2.16.840.1.113883.6.358|351503.100004300",
            "urn:oid:2.16.840.1.113883.6.358|351504.100004300|All margins negative",
            "met",
        ),
        ("loinc|33746-9", "sct|260385009", "evidence"),
        ("sct|61026006", "sct|2667000", "evidence"),
    ],
)
def test_a_margin_is_found_under_every_code_that_asks_for_it_and_no_other(
    code: str, value: str | bool, expected: str
) -> None:
    record = staged().observation(code, value, date="2026-06-10").order()

    assert status(judge(record), "BR-5") == expected


@pytest.mark.parametrize(
    ("comparator", "value", "expected"),
    [
        (None, 0, "not-met"),
        (None, 1, "interpretive"),
        (None, 2, "met"),
        ("<", 2, "interpretive"),
        ("<=", 2, "evidence"),
        (">", 1, "evidence"),
        (">=", 2, "met"),
    ],
)
def test_a_distance_counts_as_the_interval_it_states(
    comparator: str | None, value: float, expected: str
) -> None:
    quantity = {"value": value, "unit": "mm"} | ({"comparator": comparator} if comparator else {})
    record = staged().observation("loinc|33737-8", {"valueQuantity": quantity}, date="2026-06-10")

    assert status(judge(record.order()), "BR-5") == expected


def test_a_distance_and_a_status_of_one_day_make_one_margin() -> None:
    near = staged().margin().observation("loinc|33737-8", (1, "mm"), date="2026-06-10")
    far = staged().margin().observation("loinc|33737-8", (4, "mm"), date="2026-06-10")

    assert status(judge(near.order()), "BR-5") == "interpretive"
    assert status(judge(far.order()), "BR-5") == "met"


def test_the_latest_excision_counts() -> None:
    re_excised = staged().margin("sct|370109009", date="2026-06-01").margin(date="2026-06-12")
    worse = staged().margin(date="2026-06-01").margin("sct|370109009", date="2026-06-12")
    same_day = staged().margin("sct|370109009").margin()
    frozen_then_final = (
        staged()
        .observation("loinc|83321-0", "Margins negative", date="2026-06-10")
        .margin("sct|370109009", date="2026-06-12")
    )

    assert status(judge(re_excised.order()), "BR-5") == "met"
    assert status(judge(worse.order()), "BR-5") == "not-met"
    assert status(judge(same_day.order()), "BR-5") == "conflict"
    assert status(judge(frozen_then_final.order()), "BR-5") == "not-met"


def test_an_involved_margin_beside_a_close_one_is_not_negative() -> None:
    record = staged().margin("sct|370109009").margin("text:close").order()

    assert status(judge(record), "BR-5") == "not-met"


def test_a_report_states_the_margin_by_code_and_in_its_conclusion() -> None:
    def report(**members: Any) -> Record:
        return staged().add(
            "DiagnosticReport",
            status="final",
            code=concept("loinc|22637-3"),
            effectiveDateTime="2026-06-10",
            **members,
        )

    coded = report(conclusionCode=[concept("sct|55182004")])
    worded = report(conclusion="Carcinoma 1.4 cm. All margins negative, closest 3 mm.")
    positive = report(conclusion="Margins: positive at the deep margin.")

    assert status(judge(coded.order()), "BR-5") == "met"
    assert status(judge(worded.order()), "BR-5") == "met"
    assert status(judge(positive.order()), "BR-5") == "not-met"


def test_uninvolved_by_invasive_carcinoma_says_nothing_of_dcis_and_the_card_says_so() -> None:
    record = staged().margin("loinc|LA27151-2").condition("icd|D05.12").order()
    assessment = judge(record)

    assert status(assessment, "BR-5") == "met"
    assert any("nothing is said about DCIS" in note.text for note in assessment.notes)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("cpt|77425", "met"),
        ("pcs|DM003Z0", "met"),
        ("IOERT left breast", "met"),
        ("Intraoperative electron radiation", "met"),
        ("cpt|77424", "not-met"),
        ("IORT with Intrabeam", "not-met"),
        ("IORT, Xoft", "not-met"),
        ("sct|168524008", "evidence"),
        ("Intraoperative radiation therapy", "evidence"),
    ],
)
def test_electrons_are_read_from_what_is_ordered(code: str, expected: str) -> None:
    assert status(judge(staged().margin().order(code)), "BR-6") == expected


@pytest.mark.parametrize(
    ("code", "modality", "expected"),
    [
        ("cpt|77425", "45643008", "met"),
        ("cpt|77425", "438629002", "conflict"),
        ("cpt|77425", "1156506007", "conflict"),
        ("cpt|77424", "45643008", "conflict"),
        ("cpt|77424", "438629002", "not-met"),
        ("sct|168524008", "45643008", "met"),
        ("sct|168524008", "438629002", "not-met"),
        ("sct|168524008", "394902000", "interpretive"),
    ],
)
def test_the_modality_extension_may_prove_or_contradict_the_code(
    code: str, modality: str, expected: str
) -> None:
    extension = [
        {"url": f"{MCODE}procedure-modality", "valueCodeableConcept": concept(f"sct|{modality}")}
    ]
    assert status(judge(staged().margin().order(code, extension=extension)), "BR-6") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use Intrabeam", "conflict"),
        ("Xofig system", "conflict"),
        ("50 kV x-rays", "conflict"),
        ("not electronic brachytherapy", "met"),
        ("Chest x-ray reviewed", "met"),
        ("Plan EBRT with electrons later", "met"),
        ("History of HDR brachytherapy", "met"),
        ("Mobetron, 9 MeV", "met"),
    ],
)
def test_a_note_names_the_technique_only_where_it_is_about_this_radiation(
    text: str, expected: str
) -> None:
    assert status(judge(staged().margin().order(note=[{"text": text}])), "BR-6") == expected


def test_both_codes_on_one_order_are_a_contradiction() -> None:
    record = staged().margin().order().change(code=concept("cpt|77424", "cpt|77425"))

    assert status(judge(record), "BR-6") == "conflict"


LEFT, RIGHT = concept("sct|80248007"), concept("sct|73056007")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (staged(), "met"),
        (Record().condition("icd|C50.412", status="recurrence"), "interpretive"),
        (staged().condition("sct|314955001"), "interpretive"),
        (staged().t("rcT1c"), "interpretive"),
        (staged().observation("loinc|21983-2", "Local"), "interpretive"),
        (staged().observation("loinc|21983-2", "None"), "met"),
        (staged().procedure("sct|1217123003", bodySite=[LEFT]), "interpretive"),
        (staged().procedure("sct|1217123003", bodySite=[RIGHT]), "met"),
        (staged().procedure("sct|1217123003", date="2026-05-20", bodySite=[LEFT]), "met"),
        (staged().procedure("sct|1217123003", status="not-done", bodySite=[LEFT]), "met"),
        (staged().condition("icd|Z85.3"), "met"),
    ],
)
def test_a_tumor_that_recurred_or_was_irradiated_is_for_a_reviewer(
    record: Record, expected: str
) -> None:
    assert status(judge(record.copy().order()), "BR-7") == expected


def test_silence_on_earlier_treatment_means_none_only_if_procedures_were_read() -> None:
    assessment = judge(breast().unread("Procedure"))

    assert status(assessment, "BR-7") == "retrieval"
    assert assessment.determination == "unable-to-evaluate"


def test_unread_observations_are_neither_missing_nor_absent() -> None:
    assessment = judge(breast().unread("Observation"))

    assert assessment.determination == "unable-to-evaluate"
    assert assessment.missing == []
    assert {one.type for one in assessment.unavailable} == {"Observation"}
    assert [status(assessment, one) for one in ("BR-3", "BR-4", "BR-5")] == ["retrieval"] * 3


def test_two_tumors_take_only_the_facts_that_are_theirs() -> None:
    record = (
        Record()
        .condition("icd|C50.412", histology="icdo|8500/3")
        .condition("icd|C50.411", histology="icdo|8500/3")
        .t("cT1c", focus="condition-1")
        .t("cT2", focus="condition-2")
        .n("cN0", bodySite=LEFT)
        .margin()
        .order()
    )
    assessment = judge(record)

    assert (status(assessment, "BR-3"), status(assessment, "BR-4")) == ("met", "met")
    assert status(assessment, "BR-5") == "evidence"  # nothing says whose margin it is


def test_the_bullet_holds_for_men() -> None:
    record = breast()
    record.resources[0]["gender"] = "male"

    assert judge(record).determination == "likely-covered"
