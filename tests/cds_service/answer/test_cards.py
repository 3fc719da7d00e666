"""What every card is made of, and how many cards an order gives."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.answer.assessment import EXTENSION
from cds_service.answer.cards import CardMaker
from tests.builders import Json, Record, breast
from tests.cds_service.answer.signing import (
    BASE,
    SAMPLES,
    SITUATIONS,
    cards_of,
    empty_members,
    sample,
    situation,
    table_rows,
)
from tests.judging import assessor

DETERMINATIONS: Final = {
    "likely-covered",
    "documentation-missing",
    "case-by-case",
    "conflicting-evidence",
    "unable-to-evaluate",
    "likely-not-covered",
}
every_answer = pytest.mark.parametrize(
    "cards",
    [*map(sample, SAMPLES), *map(situation, SITUATIONS)],
    ids=[*(file.stem for file in SAMPLES), *SITUATIONS],
)


def by_order(cards: list[Json]) -> list[list[Json]]:
    """A likelihood card carries the assessment; the documentation card follows it."""
    orders: list[list[Json]] = []
    for card in cards:
        if "extension" in card:
            orders.append([])
        orders[-1].append(card)
    return orders


def test_the_situations_lead_to_every_determination() -> None:
    found = {situation(name)[0]["extension"][EXTENSION]["determination"] for name in SITUATIONS}

    assert found == DETERMINATIONS


@every_answer
def test_an_order_gives_one_likelihood_card_and_at_most_one_for_documentation(
    cards: list[Json],
) -> None:
    for order in by_order(cards):
        topics = [card["source"]["topic"]["code"] for card in order]
        assert topics in (["guideline"], ["guideline", "clinical-reminder"])


@every_answer
def test_an_order_never_gives_two_warnings_and_nothing_is_critical(cards: list[Json]) -> None:
    for order in by_order(cards):
        indicators = [card["indicator"] for card in order]
        assert indicators in (["info"], ["warning"], ["info", "warning"])


@pytest.mark.parametrize(
    ("name", "indicators"),
    [
        ("covered", ["info"]),
        ("covered-outright", ["info"]),
        ("not-covered", ["warning"]),
        ("not-listed", ["warning"]),
        ("in-surgery", ["info"]),
        ("in-surgery-or-before", ["info"]),
        ("missing", ["info", "warning"]),
        ("no-diagnosis", ["info", "warning"]),
        ("individual", ["info"]),
        ("pancreas", ["info"]),
        ("pancreas-missing", ["info", "warning"]),
        ("individual-and-contradictory", ["info", "warning"]),
        ("contradictory", ["info", "warning"]),
        ("contradictory-and-in-surgery", ["info", "warning"]),
        ("unread", ["info", "warning"]),
        ("read-in-part", ["info", "warning"]),
        ("nobody", ["warning"]),
    ],
)
def test_a_warning_goes_out_where_something_can_be_done(name: str, indicators: list[str]) -> None:
    assert [card["indicator"] for card in situation(name)] == indicators


def test_two_orders_give_a_card_each_that_names_procedure_site_and_side() -> None:
    left, right = sample(next(file for file in SAMPLES if "two-orders" in file.name))

    assert left["summary"].startswith("Electron IORT, left breast: likely covered")
    assert right["summary"].startswith("Electron IORT, right breast: likely not covered")


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_only_the_sample_without_an_iort_order_gives_no_card(file: Path) -> None:
    assert bool(sample(file)) == ("lumpectomy-only" not in file.name)


@every_answer
def test_a_summary_is_one_line_of_less_than_140_characters(cards: list[Json]) -> None:
    for card in cards:
        assert 0 < len(card["summary"]) < 140
        assert card["summary"].isprintable()


@every_answer
def test_every_card_names_its_source_its_links_and_reasons_to_override(cards: list[Json]) -> None:
    for card in cards:
        source = card["source"]
        assert source["label"] == "Evolent guideline Evolent_CG_226, rev. 2023-05"
        assert source["url"] == f"{BASE}/guideline"
        assert source["topic"].keys() == {"code", "system", "display"}
        assert [(link["url"], link["type"]) for link in card["links"]] == [
            (f"{BASE}/guideline", "absolute")
        ]
        reasons = card["overrideReasons"]
        assert all(one.keys() == {"code", "system", "display"} for one in reasons)
        assert len({(one["code"], one["system"]) for one in reasons}) == len(reasons)


@every_answer
def test_nothing_on_a_card_is_empty_or_null(cards: list[Json]) -> None:
    assert [place for card in cards for place in empty_members(card)] == []


def test_every_card_and_suggestion_has_an_id_of_its_own() -> None:
    cards = [card for name in SITUATIONS for card in situation(name)]
    suggestions = [one for card in cards for one in card.get("suggestions", ())]

    uses = Counter(one["uuid"] for one in [*cards, *suggestions])

    assert suggestions
    assert set(uses.values()) == {1}


@every_answer
def test_a_table_proves_each_criterion_after_plain_sentences(cards: list[Json]) -> None:
    for card in cards:
        if "extension" not in card:
            continue
        header, *rows = table_rows(card["detail"])
        assert header == ["Criterion", "Status", "Evidence", "Guideline section"]
        criteria = card["extension"][EXTENSION]["criteria"]
        assert [row[0].partition(" ")[0] for row in rows] == [one["id"] for one in criteria]
        assert card["detail"].index("|") > card["detail"].index("\n\n")
        assert card["detail"].count("\n| Criterion") == 1


def test_evidence_in_the_table_has_value_date_reference_and_section() -> None:
    rows = {row[0]: row[1:] for row in table_rows(situation("covered")[0]["detail"])}

    assert rows["BR-3 T category Tis or T1"] == [
        "met",
        "cT1c, 2026-04-20, Observation/observation-1",
        "Indications for IORT: Breast Cancer",
    ]


@pytest.mark.parametrize(
    ("record", "flag"),
    [
        (breast().without("Observation", 2).margin("text:negative"), "(read from text)"),
        (breast(), ""),
    ],
)
def test_evidence_that_was_read_from_text_is_marked(record: Record, flag: str) -> None:
    rows = {row[0]: row[2] for row in table_rows(cards_of(record)[0]["detail"])}

    assert rows["BR-5 Negative surgical margins"].partition("observation-")[2][2:] == flag


@every_answer
def test_every_detail_says_that_the_plan_decides(cards: list[Json]) -> None:
    for card in cards:
        assert "not a coverage decision" in card["detail"]
        assert card["detail"].endswith("Contact the plan for this member's coverage.")


@every_answer
def test_a_likelihood_card_tells_its_date_and_that_no_clinician_reviewed_it(
    cards: list[Json],
) -> None:
    for card in cards:
        if "extension" in card:
            assert "Judged as of 2026-06-15 by Evolent_CG_226 (rev. 2023-05)." in card["detail"]
            assert "not clinically reviewed" in card["detail"]


def test_a_reviewed_guideline_says_nothing_of_review() -> None:
    from cds_service.assess import Assessor

    guideline = assessor().guideline
    reviewed = {
        name: msgspec.structs.replace(one, reviewed_by="A. Clinician")
        for name, one in guideline.readings.items()
    }
    by = Assessor(msgspec.structs.replace(guideline, readings=reviewed), assessor().terminology)

    assert "clinically reviewed" not in cards_of(breast(), by)[0]["detail"]


def test_a_notice_is_a_warning_without_an_order() -> None:
    notice = CardMaker(assessor().guideline).notice("No orders were received", "Nothing.", BASE)

    card = msgspec.json.decode(msgspec.json.encode(notice))

    assert (card["indicator"], card["summary"]) == ("warning", "No orders were received")
    assert list(empty_members(card)) == []
    assert {"extension", "suggestions", "selectionBehavior"}.isdisjoint(card)


@given(st.text(min_size=1), st.text(min_size=1, max_size=400))
def test_a_summary_stays_short_whatever_the_record_is_called(name: str, value: str) -> None:
    def named(record: Record) -> Any:
        return record.change(code={"coding": [], "text": f"Cancer of {name} {value}"})

    records = [
        named(Record().condition("sct|399068003")).order(value or "IORT", note=[{"text": name}]),
        Record().condition(f"sct|399068003|{name}{value}").order(),
        breast().add("Coverage", status="cancelled", payor=[{"display": f"{name}{value}"}]),
    ]
    for card in (card for record in records for card in cards_of(record)):
        assert len(card["summary"].encode("utf-16-le")) < 2 * 140
        assert card["summary"].isprintable()
