"""The likelihood card: the outcome in its summary, why in its detail, no false comfort."""

import pytest

from tests.builders import Record, breast, colon, concept, rectal
from tests.cds_service.answer.signing import (
    SITUATIONS,
    assessment,
    breast_without,
    cancer,
    likelihood,
    second_sentence,
    signed,
    situation,
    table_rows,
)


@pytest.mark.parametrize(
    ("name", "outcome", "verdict"),
    [
        (
            "covered-outright",
            "likely covered; the criteria of Evolent_CG_226 are met",
            "Likely covered: the record shows what Evolent_CG_226 (rev. 2023-05) asks for breast "
            "cancer (11 of 11 criteria met).",
        ),
        (
            "covered-if-confirmed",
            "likely covered if confirmed: external beam radiation",
            "asks for colon cancer (5 of 11 criteria met; one complete path is enough).",
        ),
        (
            "not-covered",
            "likely not covered: T category beyond T1",
            "Likely not covered: the record rules out what",
        ),
        (
            "in-surgery",
            "pre-operative criteria met; to be shown in surgery: negative margins",
            "Pre-operative criteria met: what remains is normally shown in surgery.",
        ),
        (
            "missing",
            "coverage open; not documented: T category and clinical N category",
            "Coverage is open: something that",
        ),
        (
            "individual",
            "review by the plan; not decided by the guideline: negative surgical margins",
            "Individual review: Evolent_CG_226 (rev. 2023-05) does not say how this is decided.",
        ),
        (
            "pancreas",
            "individual review by the plan; Evolent_CG_226 asks for it in every such case",
            "Individual review: Evolent_CG_226 (rev. 2023-05) asks for it in every such case.",
        ),
        (
            "contradictory",
            "record contradicts itself on T category",
            "The record contradicts itself, so coverage cannot be judged.",
        ),
        (
            "unread",
            "evaluated; not read: T category, clinical N category and negative margins",
            "Could not be evaluated: data that decide could not be read.",
        ),
        (
            "read-in-part",
            "could not be evaluated; only part of the record could be read",
            "Could not be evaluated: only part of the data that decide could be read.",
        ),
        (
            "nobody",
            "it cannot be told which patient the order is for; it was not judged",
            "Could not be evaluated: the patient of the order does not match or is not known.",
        ),
    ],
)
def test_summary_and_first_sentence_say_the_outcome(name: str, outcome: str, verdict: str) -> None:
    card = situation(name)[0]

    assert card["summary"].endswith(outcome)
    assert verdict in card["detail"].partition("\n\n")[0]


def test_each_determination_has_a_verdict_of_its_own() -> None:
    said: dict[str, set[str]] = {}
    for name in SITUATIONS:
        card = situation(name)[0]
        verdict = card["detail"].partition(":")[0].partition(",")[0]
        said.setdefault(verdict, set()).add(assessment(card)["determination"])

    assert all(len(determinations) == 1 for determinations in said.values())


@pytest.mark.parametrize("name", ["not-covered", "not-listed", "pancreas-not-resected"])
def test_likely_not_covered_names_what_refutes_and_the_way_of_individual_review(name: str) -> None:
    card = situation(name)[0]

    assert "Not met: " in card["detail"]
    assert "Individual review by the plan remains possible" in card["detail"]
    assert "General Information" in card["detail"]


def test_a_refutation_is_proven_by_value_date_and_resource() -> None:
    detail = situation("not-covered")[0]["detail"]

    assert "Not met: T category Tis or T1 (cT2, 2026-04-20, Observation/observation-1)." in detail


def test_pancreatic_cancer_is_said_to_be_reviewed_individually_even_when_ruled_out() -> None:
    detail = situation("pancreas-not-resected")[0]["detail"]

    assert "Pancreatic cancer is reviewed individually." in detail


def test_many_refutations_are_counted_in_the_summary() -> None:
    record = Record(birth="1990-01-01").condition("icd|C50.412", histology="icdo|8500/3")
    card = likelihood(record.t("cT2").n("cN1").order())

    assert card["summary"].endswith("likely not covered: under 50, T category beyond T1 and 1 more")


def test_what_refutes_every_path_is_named_before_what_refutes_one() -> None:
    record = colon(onset="2026-03-01").t("pT2").margin()
    record.without("ServiceRequest").order(quantityQuantity={"value": 2})

    card = likelihood(record)

    assert card["summary"].endswith("likely not covered: more than one fraction")
    assert card["detail"].count("**not met**") == 7


def test_many_missing_items_are_counted_in_the_summary() -> None:
    card = likelihood(
        Record(birth=None).condition("icd|C50.412", verification="provisional").order()
    )

    assert card["summary"].endswith(
        "not documented: which cancer is treated, date of birth, invasive histology and 3 more"
    )


def test_before_surgery_the_card_says_what_surgery_has_to_show() -> None:
    (card,) = situation("in-surgery")

    assert (
        "Still open, and normally shown in surgery: a negative margin (frozen section or final "
        "pathology)." in card["detail"]
    )
    assert "instead" not in card["detail"]


def test_before_surgery_the_card_names_what_would_do_without_waiting_for_it() -> None:
    (card,) = situation("in-surgery-or-before")

    assert (
        "Before surgery, this would do instead: a statement of the tumor board or clinician that "
        "the risk of recurrence is high." in card["detail"]
    )


@pytest.mark.parametrize(
    "record",
    [
        breast_without("Observation", 2).t("cT2"),
        breast_without("Observation", 2).unread("Procedure"),
        rectal().t("cT4a").t("cT3"),
    ],
)
def test_pre_operative_criteria_are_not_met_where_something_else_stands_open(
    record: Record,
) -> None:
    card = likelihood(record)

    assert "re-operative criteria met" not in card["summary"] + card["detail"]


def test_a_margin_that_was_not_understood_is_named_before_surgery() -> None:
    card = likelihood(breast_without("Observation", 2).margin("text:see report"))

    assert card["summary"].endswith("to be shown in surgery: negative margins")
    assert "Present, not understood: see report, 2026-06-10," in card["detail"]


def test_a_presumption_is_to_be_confirmed_and_neither_met_nor_missing() -> None:
    card = situation("covered-if-confirmed")[0]

    rows = {row[0]: row[1] for row in table_rows(card["detail"])}
    assert rows["BO-1 Used as a boost"] == "presumed"
    assert "Please confirm: that external beam radiation was given or is planned." in card["detail"]


def test_a_final_margin_before_the_order_asks_whether_surgery_is_still_to_come() -> None:
    assert (
        "Please confirm: that the radiation is given during an operation; a final margin is on "
        "file and no further surgery was found." in situation("covered")[0]["detail"]
    )
    assert "Please confirm" not in situation("covered-outright")[0]["detail"]


def test_the_readings_behind_an_answer_are_said() -> None:
    record = cancer().t("pT1c").margin("text:uninvolved, 1 mm").n("pN0").order()

    detail = likelihood(record)["detail"]

    assert "the guideline names no distance." in detail
    assert "No clinical N category was found; the pathological one is used." in detail


def test_a_reading_that_is_noted_with_its_evidence_is_said_once() -> None:
    record = breast().without("ServiceRequest").order(occurrenceDateTime="2026-07-01")

    detail = likelihood(record)["detail"]

    assert detail.count("Age is taken on the planned day of service") == 1
    assert "Age is taken on the planned day of service (Patient/p)." in detail


def test_a_summary_that_would_be_too_long_is_cut_after_the_outcome() -> None:
    record = Record().condition("icd|C19").order().unread("Observation")

    summary = likelihood(record.add("Coverage", status="cancelled"))["summary"]

    assert len(summary) == 139
    assert summary.endswith("…")
    assert "Coverage not active. Electron IORT, rectosigmoid junction: could not be" in summary


def test_documents_to_submit_are_a_checklist_and_raise_no_warning() -> None:
    report = {"status": "final", "code": concept("loinc|22637-3")}
    record = (
        breast()
        .add("DiagnosticReport", **report, effectiveDateTime="2026-05-01")
        .add("DiagnosticReport", **report, effectiveDateTime="2026-05-20T10:00:00Z")
        .unread("ImagingStudy")
    )
    (card,) = signed(record)

    assert (
        "To submit with the request: recent visit note (not found); pathology report (on file, "
        "2026-05-20, DiagnosticReport/diagnosticreport-2); imaging results (could not be read). "
        "Attached texts and images were not read." in card["detail"]
    )


def test_documents_that_are_not_there_are_not_said_to_be_unread() -> None:
    assert "Attached" not in situation("covered")[0]["detail"]


def test_a_note_cites_each_resource_in_full() -> None:
    names = [f"{'a' * 30}{number}" for number in range(7)]
    record = breast()
    for name in names:
        record.observation("sct|399504009", "ajcc|cT4", id=name, subject={"reference": "Patient/q"})

    detail = likelihood(record)["detail"]

    cited = ", ".join(f"Observation/{name}" for name in names[:5])
    assert f"7 resources were received and not used: data of another patient ({cited})." in detail


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (breast(), "No coverage was found on file, so it is not known which plan decides."),
        (
            breast().unread("Coverage"),
            "Coverage could not be read, so it is not known which plan decides.",
        ),
    ],
)
def test_the_second_sentence_is_about_the_plan(record: Record, sentence: str) -> None:
    assert second_sentence(likelihood(record)) == sentence


def test_what_could_not_be_read_is_named_on_a_covered_order_too() -> None:
    detail = likelihood(colon(status="recurrence").unread("Observation"))["detail"]

    assert detail.startswith("Likely covered")
    assert "Observation (not delivered) could not be read." in detail


def test_what_was_not_read_and_decides_nothing_is_not_named() -> None:
    detail = likelihood(breast().unread("MedicationRequest", "Specimen"))["detail"]

    assert "could not be read" not in detail
