"""Nothing that stands in a record becomes part of a card's form: no tag, link, image, emphasis."""

import re
from typing import Final

import pytest
from hypothesis import given, settings

from tests.builders import Json, Record, concept
from tests.cds_service.answer.signing import assessment, cards_of, markdown, table_rows, visible
from tests.cds_service.answer.test_markdown import PAYLOADS, texts
from tests.judging import assessor

# What our own words are made of; everything else would come from the record.
_BLOCKS: Final = "paragraph strong ordered_list bullet_list list_item table thead tbody tr th td"
PLAIN: Final = {"paragraph_open", "paragraph_close", "text", "text_special"}
FORMS: Final = {f"{one}_{end}" for one in _BLOCKS.split() for end in ("open", "close")} | PLAIN
EMPHASIZED: Final = {"not met", *(one.short for one in assessor().guideline.criteria.values())}
# GFM, "Autolinks (extension)": what a renderer makes a link of without any markup.
ADDRESS: Final = re.compile(
    r"(?:https?|ftp)://[-.\w]|www\.[-.\w]|[-.\w+]+@[-\w]+\.[-\w]", re.IGNORECASE
)
_PIPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\|")


def plagued(record: Record, text: str) -> Record:
    """Put a text wherever a record has room for one that may reach a card."""
    record.add("Coverage", id=text, status="active", payor=[{"display": text}])
    record.add("Observation", id=f"{text}2", subject={"reference": "Patient/q"}, status="final")
    record.add("ImagingStudy", id=f"{text}3", subject={"reference": f"{text}?"}, status=text)
    document = {"status": "current", "type": concept("loinc|11506-3", text=text)}
    record.add("DocumentReference", **document, id=f"{text}4", date="2026-06-01")
    report = {"status": "final", "code": concept(f"loinc|22637-3|{text}"), "id": f"{text}5"}
    record.add("DiagnosticReport", **report, effectiveDateTime=text)
    return record.order(
        f"cpt|77425|{text}", id=f"{text}6", note=[{"text": text}], reasonReference=None
    )


def covered(text: str) -> Record:
    record = Record().condition(f"icd|C50.412|{text}", histology=f"icdo|8500/3|{text}", id=text)
    record.observation("sct|399504009", f"ajcc|cT1c|{text}", id=f"{text}7")
    record.n("cN0", date=f"2026-04-20T{text}").margin(f"sct|55182004|{text}")
    return plagued(record, text)


def contradictory(text: str) -> Record:
    record = covered(text)
    value = {"valueCodeableConcept": concept("ajcc|cT2", text=text)}
    return record.observation("sct|399504009", value, id=f"{text}8")


def undocumented(text: str) -> Record:
    record = Record().condition(f"icd|C50.412|{text}", verification="provisional", id=text)
    record.observation("sct|399504009", f"text:T1 or {text}", id=f"{text}7")
    record.n("cN0", status="preliminary", id=f"{text}8").margin(f"text:{text}")
    return plagued(record, text)


def unlisted(text: str) -> Record:
    return plagued(Record().condition(f"sct|399068003|{text}", id=text), text)


def unread(text: str) -> Record:
    return covered(text).unread("Procedure")


def undecided(text: str) -> Record:
    record = covered(text).procedure(f"sct|1217123003|{text}", bodySite=[concept("sct|80248007")])
    return record.add("Procedure", id=f"{text}9", status=text, code=concept(text=text))


RECORDS: Final = (covered, contradictory, undocumented, unlisted, unread, undecided)
DETERMINATIONS: Final = (
    "likely-covered",
    "conflicting-evidence",
    "documentation-missing",
    "likely-not-covered",
    "unable-to-evaluate",
    "case-by-case",
)


def check(card: Json) -> None:
    detail = card["detail"]
    tokens = markdown(detail)
    assert {one.type for one in tokens} <= FORMS
    for number, token in enumerate(tokens):
        if token.type == "strong_open":
            assert tokens[number + 1].content in EMPHASIZED
    assert ADDRESS.search(" ".join(visible([one]) for one in tokens)) is None
    assert ADDRESS.search(visible(tokens)) is None
    assert all(line.isprintable() for line in detail.split("\n"))


def check_table(card: Json) -> None:
    lines = [line for line in card["detail"].split("\n") if line.startswith("|")]
    assert {len(_PIPE.findall(line)) for line in lines} <= {5}
    assert {len(row) for row in table_rows(card["detail"])} <= {4}


def check_summary(card: Json) -> None:
    assert {one.type for one in markdown(card["summary"])} <= PLAIN
    assert not set("<>[]`*_~\\") & set(card["summary"].replace("Evolent_CG_226", ""))


def test_the_records_lead_to_each_kind_of_card() -> None:
    cards = [cards_of(record("word"))[0] for record in RECORDS]

    assert tuple(assessment(card)["determination"] for card in cards) == DETERMINATIONS
    assert min(card["detail"].count("word") for card in cards) > 5


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_attacks_a_renderer_stays_text(payload: str) -> None:
    for card in (card for record in RECORDS for card in cards_of(record(payload))):
        check(card)
        check_table(card)
        check_summary(card)


@settings(max_examples=40)
@given(texts.filter(str.strip))
def test_no_text_of_a_record_becomes_form(text: str) -> None:
    for card in (card for record in RECORDS for card in cards_of(record(text))):
        check(card)
        check_table(card)
        check_summary(card)


@given(texts.filter(str.strip))
def test_no_text_of_a_record_reaches_a_suggestion(text: str) -> None:
    by_rote, hostile = (
        [
            (one["label"], action["description"], action["resource"])
            for card in cards_of(undocumented(name))
            for one in card.get("suggestions", ())
            for action in one["actions"]
        ]
        for name in ("word", text)
    )

    assert hostile == by_rote
    assert hostile
