"""Four kinds of not knowing have four wordings, and none is good or bad news."""

from typing import Final

import pytest
from msgspec.structs import replace

from cds_service.answer.wording import Words, lower
from cds_service.guideline.model import Status, UnknownKind
from tests.builders import Record, breast, rectal
from tests.cds_service.answer.signing import (
    breast_without,
    close_margin,
    contradictory,
    likelihood,
    table_rows,
)
from tests.judging import assessor, judge

KINDS: Final = {
    "evidence": (breast_without("Observation", 0), "BR-3"),
    "retrieval": (breast().unread("Observation"), "BR-3"),
    "conflict": (contradictory(), "BR-3"),
    "interpretive": (close_margin(), "BR-5"),
}
SENTENCES: Final = {
    "evidence": "Not found in the record as visible to this service: ",
    "retrieval": " could not be read. Not evaluated for that reason: ",
    "conflict": "Contradictory on ",
    "interpretive": "Not decided by the guideline: ",
}


def status(record: Record, criterion: str) -> str:
    rows = table_rows(likelihood(record)["detail"])
    return next(row[1] for row in rows if row[0].startswith(f"{criterion} "))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("evidence", "not documented"),
        ("retrieval", "could not be read"),
        ("conflict", "contradictory"),
        ("interpretive", "not decided by the guideline"),
    ],
)
def test_each_kind_of_unknown_has_its_own_status(kind: str, expected: str) -> None:
    assert status(*KINDS[kind]) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_unknown_has_its_own_sentence(kind: str) -> None:
    record, _ = KINDS[kind]

    detail = likelihood(record)["detail"]

    assert {name for name, sentence in SENTENCES.items() if sentence in detail} == {kind}


@pytest.mark.parametrize("kind", KINDS)
def test_no_unknown_is_shown_as_good_or_bad_news(kind: str) -> None:
    record, criterion = KINDS[kind]

    card = likelihood(record)

    said = (card["summary"] + card["detail"].partition("| Criterion")[0]).lower()
    assert "likely covered" not in said
    assert "likely not covered" not in said
    assert "**" not in next(
        line for line in card["detail"].split("\n") if line.startswith(f"| {criterion} ")
    )


def test_what_is_refuted_stands_out_from_what_is_unknown() -> None:
    detail = likelihood(breast_without("Observation", 0).t("cT2"))["detail"]

    assert "| BR-3 T category Tis or T1 | **not met** |" in detail


def test_what_can_be_corrected_goes_before_what_a_reviewer_decides() -> None:
    judged = judge(rectal())
    settled: dict[str, tuple[Status, UnknownKind | None]] = {
        "RE-1": ("conflict", None),
        "RE-2": ("unknown", "interpretive"),
        "RE-3": ("unknown", "evidence"),
        "BO-2": ("not-met", None),
        "BO-3": ("not-met", None),
    }
    criteria = [
        replace(one, status=settled[one.id][0], unknown_kind=settled[one.id][1])
        if one.id in settled
        else one
        for one in judged.criteria
    ]
    words = Words(assessor().guideline, replace(judged, criteria=criteria))

    assert [one.id for one in words.left_open(["RE-3"])] == ["RE-1"]
    assert words.left_open(["RE-1", "RE-3"]) == []


@pytest.mark.parametrize(
    ("phrase", "inside"),
    [
        ("Clinically node negative", "clinically node negative"),
        ("T4 tumor", "T4 tumor"),
        ("T category", "T category"),
        ("DCIS", "DCIS"),
        ("", ""),
    ],
)
def test_a_phrase_inside_a_sentence_starts_small_unless_it_is_a_code(
    phrase: str, inside: str
) -> None:
    assert lower(phrase) == inside
