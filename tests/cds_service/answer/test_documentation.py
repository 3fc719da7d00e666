"""The documentation card: each item, why it matters, who can supply it; the shortest way first."""

import pytest

from tests.builders import Record, breast, cervical, colon, concept, pancreas
from tests.cds_service.answer.signing import (
    SITUATIONS,
    assessment,
    breast_without,
    cancer,
    cards_of,
    contradictory,
    documentation,
    signed,
    situation,
    truncated,
)

WITH_CARD = [name for name in SITUATIONS if len(situation(name)) > 1]


def test_a_missing_item_is_named_with_its_reason_and_who_can_supply_it() -> None:
    card = documentation(breast_without("Observation", 0))

    assert card["summary"] == "Electron IORT, left breast: document T category"
    assert card["detail"].startswith(
        "Missing, and enough to complete a path of the guideline:\n\n"
        "1. **T category Tis or T1**: the T category (clinical or pathological). The breast bullet "
        "asks for Tis or T1. Who can supply it: the surgeon or pathologist."
    )


@pytest.mark.parametrize("name", WITH_CARD)
def test_every_item_says_who_can_supply_or_correct_it(name: str) -> None:
    detail = situation(name)[1]["detail"]

    items = [line for line in detail.split("\n") if "**" in line]
    contradictions = [line for line in detail.split("\n") if line.startswith("Contradictory")]
    assert all("Who can supply it: the " in item for item in items)
    assert all("Who can correct or date what is wrong: the " in one for one in contradictions)


@pytest.mark.parametrize("name", WITH_CARD)
def test_what_is_missing_contradictory_or_unread_all_stands_on_one_card(name: str) -> None:
    likelihood, card = situation(name)

    criteria = likelihood["extension"]["org.iort-cds.assessment"]["criteria"]
    missing = likelihood["extension"]["org.iort-cds.assessment"].get("missing", [])
    unread = [one["id"] for one in criteria if one.get("unknownKind") == "retrieval"]
    conflicts = [one for one in criteria if one["status"] == "conflict"]
    assert card["detail"].count("Who can supply it") == len({*missing, *unread})
    assert card["detail"].count("Contradictory on") == len(conflicts)


def test_the_shortest_way_stands_first_and_the_others_after_it() -> None:
    detail = documentation(colon())["detail"]

    first, _, others = detail.partition("Instead, any of these could be documented:")
    assert first.count("Who can supply it") == 1
    assert "a statement of recurrence" in first
    assert [line[:40] for line in others.split("\n") if line.startswith("- ")] == [
        "- a statement of the tumor board or clin",
        "- a positive margin, or the surgeon's st",
        "- the T category, whether the tumor pene",
    ]


def test_among_the_others_what_can_be_had_before_surgery_stands_first() -> None:
    detail = documentation(cervical(status="active").without("Observation"))["detail"]

    others = [line for line in detail.split("\n") if line.startswith("- ")]
    assert [line[:30] for line in others] == [
        "- a statement of local or regi",
        "- a positive margin, or the su",
    ]


def test_where_there_is_one_way_no_other_is_offered() -> None:
    assert "Instead" not in documentation(breast_without("Observation", 0))["detail"]


@pytest.mark.parametrize(
    ("record", "opening"),
    [
        (breast_without("Observation", 0), "Missing, and enough to complete a path"),
        (Record().order(), "Missing, and what else the guideline asks depends on it:"),
        (pancreas().without("Observation"), "Missing, though it does not settle coverage"),
        (contradictory().without("Observation", 1), "Missing, though it does not settle coverage"),
    ],
)
def test_the_card_promises_no_more_than_the_items_give(record: Record, opening: str) -> None:
    assert documentation(record)["detail"].startswith(opening)


def test_what_surgery_shows_is_marked_among_the_missing_and_not_in_the_summary() -> None:
    card = documentation(breast_without("Observation", 0, 2))

    assert card["summary"] == "Electron IORT, left breast: document T category"
    assert card["detail"].count("It can normally be shown only in surgery.") == 1


def test_a_contradiction_is_set_out_without_picking_a_side() -> None:
    card = documentation(contradictory())

    assert card["summary"] == "Electron IORT, left breast: resolve the contradiction on T category"
    assert card["detail"].startswith(
        "Contradictory on T category Tis or T1: cT1c, 2026-04-20, Observation/observation-1; cT2, "
        "2026-04-20, Observation/observation-4. The breast bullet asks for Tis or T1. Who can "
        "correct or date what is wrong: the surgeon or pathologist."
    )


def test_a_contradiction_is_for_a_card_although_the_rest_is_for_surgery() -> None:
    card = documentation(contradictory().without("Observation", 2))

    assert card["summary"].endswith("resolve the contradiction on T category")
    assert "suggestions" not in card


def test_what_is_contradictory_or_unread_beside_a_complete_path_calls_for_nothing() -> None:
    contradictory = pancreas().observation("Note", "High risk of recurrence")
    contradictory.observation("Note", "Low risk of recurrence")

    for record, state in ((contradictory, "conflict"), (pancreas().unread("Procedure"), "unknown")):
        cards = cards_of(record)
        criteria = {one["id"]: one["status"] for one in assessment(cards[0])["criteria"]}
        assert state in (criteria["BO-1"], criteria["BO-2"])
        assert [card["indicator"] for card in cards] == ["info"]


def test_what_could_not_be_read_is_to_be_looked_up() -> None:
    card = documentation(breast().unread("Observation"))

    assert card["summary"] == (
        "Electron IORT, left breast: check the chart, this could not be read: T category, "
        "clinical N category and negative margins"
    )
    assert card["detail"].startswith(
        "Observation (not delivered) could not be read. Not evaluated for that reason: T category, "
        "clinical N category and negative margins.\n\n- **T category Tis or T1**: "
    )
    assert "Look it up in the chart" in card["detail"]


def outcome(*codes: str, **more: object) -> dict[str, object]:
    issue = [{"severity": "error", "code": code} for code in codes]
    return {"resourceType": "OperationOutcome", "issue": issue, **more}


@pytest.mark.parametrize(
    ("procedures", "named"),
    [
        (outcome("forbidden"), "Procedure (access not granted) could not be read."),
        (outcome("timeout"), "Procedure (the server did not answer in time) could not be read."),
        (outcome("exception"), "Procedure (the server reported an error) could not be read."),
        (outcome("not-found"), "Procedure (not found) could not be read."),
        ({"resourceType": "Basic"}, "Procedure (not readable) could not be read."),
    ],
)
def test_the_reason_why_data_were_not_read_is_named(
    procedures: dict[str, object], named: str
) -> None:
    _, card = signed(breast(), procedures=procedures)

    assert named in card["detail"]


def test_a_search_that_came_in_part_is_not_called_unread() -> None:
    _, card = truncated(breast())

    assert card["summary"].endswith("check the chart, only part of the record could be read")
    assert card["detail"].startswith(
        "Observation (only part of it was delivered) could not be read completely."
    )


def test_only_types_that_decide_are_named_as_unread_and_each_once() -> None:
    refused = outcome("forbidden")
    _, card = signed(
        breast(), observationsByCategory=refused, observationsByCode=refused, specimens=refused
    )

    assert card["detail"].startswith("Observation (access not granted) could not be read.")


def test_of_two_reasons_for_one_type_the_first_is_named() -> None:
    _, card = signed(
        breast(),
        observationsByCategory=outcome("forbidden"),
        observationsByCode=outcome("timeout"),
    )

    assert card["detail"].startswith("Observation (access not granted) could not be read.")


@pytest.mark.parametrize(
    ("record", "hint"),
    [
        (
            cancer().observation("sct|399504009", "text:T1-2?").n("cN0").margin().order(),
            "Present, not understood: T1-2?, 2026-04-20, Observation/observation-1.",
        ),
        (
            cancer().t("cT1c", status="preliminary").n("cN0").margin().order(),
            "A result that is not final does not count: cT1c, 2026-04-20, ",
        ),
        (
            cancer().condition("icd|C50.411").t("cT1c").n("cN0").margin().order(),
            "It cannot be told which tumor this is about: cT1c, 2026-04-20, ",
        ),
        (
            Record().condition("icd|C50.412").condition("icd|C20").order(reasonReference=None),
            "It cannot be told for which diagnosis the order is: C50.412, 2026-04-02, ",
        ),
        (
            Record().condition("icd|C50.412", verification="provisional").order(),
            "An unconfirmed diagnosis proves nothing: C50.412, 2026-04-02, ",
        ),
        (
            Record().condition("icd|C50.412", verification="refuted").order(),
            "This diagnosis is recorded as refuted or entered in error: C50.412, 2026-04-02, ",
        ),
        (
            Record().condition("icd|Z85.3").order(),
            "A history of cancer is no current diagnosis: Z85.3, 2026-04-02, ",
        ),
        (
            Record().condition("icd|C49.22").t("cT4b").order(),
            "On file, but not sufficient by itself: cT4b, 2026-04-20, Observation/observation-1.",
        ),
        (
            Record().condition("icd|C48.0|Tumor").order(),
            "On file, but not sufficient by itself: Tumor (C48.0), 2026-04-02, ",
        ),
    ],
)
def test_what_is_on_file_and_does_not_count_is_named_with_its_reason(
    record: Record, hint: str
) -> None:
    assert hint in documentation(record)["detail"]


def test_older_and_weaker_evidence_is_no_hint_on_a_card() -> None:
    record = cancer().condition("icd|C50.411", histology="icdo|8500/3")
    record.t("cT2", focus="condition-1").t("pT1c", focus="condition-1").n("cN0").margin()

    likelihood, card = cards_of(record.order(reasonReference=None))

    considered = assessment(likelihood)["criteria"][6]["considered"]
    assert [one["because"] for one in considered] == ["unattributed", "weaker"]
    assert "pT1c" in card["detail"]
    assert "cT2" not in card["detail"]


def test_the_same_hint_is_not_repeated_on_the_likelihood_card() -> None:
    card = situation("unread-and-missing")[0]

    assert card["detail"].count("An unconfirmed diagnosis proves nothing") == 1


@pytest.mark.parametrize(
    ("dated", "named"),
    [
        ("2026-05-20", "A pathology report of 2026-05-20 is on file; its full text was not read."),
        (None, "A pathology report is on file; its full text was not read."),
    ],
)
def test_a_pathology_report_that_was_not_read_is_named(dated: str | None, named: str) -> None:
    report = {"status": "final", "code": concept("loinc|22637-3"), "effectiveDateTime": dated}
    likelihood, card = signed(breast_without("Observation", 0).add("DiagnosticReport", **report))

    assert named in card["detail"]
    assert named in likelihood["detail"]


def test_of_several_pathology_reports_the_latest_is_named() -> None:
    report = {"status": "final", "code": concept("loinc|22637-3")}
    record = breast_without("Observation", 0)
    for day in ("2026-05-01", "2026-05-20", "2026-04-01"):
        record.add("DiagnosticReport", **report, effectiveDateTime=day)

    assert "A pathology report of 2026-05-20 is on file" in documentation(record)["detail"]


def test_no_report_is_named_where_it_could_not_hold_what_is_missing() -> None:
    report = {"status": "final", "code": concept("loinc|22637-3")}
    record = (
        Record()
        .condition("icd|C50.412", verification="provisional")
        .add("DiagnosticReport", **report)
    )

    assert "pathology report is on file" not in documentation(Record().order())["detail"]
    assert "pathology report is on file" in documentation(record.order())["detail"]
