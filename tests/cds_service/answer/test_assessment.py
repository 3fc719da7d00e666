"""The assessment on a likelihood card: every member that the case calls for, and no empty one."""

import json
from typing import Final

import jsonschema
import msgspec
import pytest

from cds_service.answer.assessment import (
    EXTENSION,
    Assessment,
    GuidelineUsed,
    compact,
    encode,
    guideline_used,
)
from cds_service.answer.schema import assessment_schema
from tests.builders import Record, breast
from tests.cds_service.answer.signing import (
    SAMPLES,
    SITUATIONS,
    assessment,
    breast_without,
    close_margin,
    empty_members,
    likelihood,
    sample,
    session_of,
    situation,
)
from tests.judging import assessor, assessor_with, judge

ALWAYS: Final = {
    "schemaVersion",
    "guideline",
    "site",
    "determination",
    "criteria",
    "coverage",
    "evaluatedOn",
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_holds_of_every_order_is_always_there(name: str) -> None:
    found = assessment(situation(name)[0])

    assert found.keys() >= {*ALWAYS, "order"}
    assert (found["schemaVersion"], found["evaluatedOn"]) == (1, "2026-06-15")
    assert found["order"].startswith("ServiceRequest/")
    assert found["guideline"]["id"] == "evolent_cg_226"
    assert found["guideline"]["revision"] == "2023-05"
    assert found["guideline"]["sha256"] == assessor().guideline.sha256


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("covered-outright", {"supportingDocuments", "notes"}),
        ("covered-if-confirmed", {"supportingDocuments", "confirm"}),
        ("in-surgery", {"supportingDocuments", "missing", "missingAnyOf", "pendingIntraoperative"}),
        ("missing", {"supportingDocuments", "missing", "missingAnyOf"}),
        ("unread", {"supportingDocuments", "unavailable"}),
        ("nobody", {"notes"}),
    ],
)
def test_the_other_members_are_there_as_the_case_calls_for(name: str, members: set[str]) -> None:
    found = assessment(situation(name)[0])

    assert found.keys() - ALWAYS - {"order"} == members


@pytest.mark.parametrize("name", SITUATIONS)
def test_whatever_is_settled_or_contradictory_is_proven(name: str) -> None:
    for one in assessment(situation(name)[0])["criteria"]:
        if one["status"] != "unknown":
            assert one["evidence"]
            assert all(proof.keys() >= {"reference", "path", "value", "rank"}
                       for proof in one["evidence"])  # fmt: skip
        else:
            assert one["unknownKind"] in ("evidence", "retrieval", "interpretive")
        assert one["cite"].startswith("Evolent_CG_226 (rev. 2023-05), ")
        assert one["asks"].endswith(("?", "."))


def test_what_could_not_be_read_is_listed_with_its_reason() -> None:
    found = assessment(situation("read-in-part")[0])

    assert found["unavailable"] == [
        {"need": name, "type": "Observation", "state": "partial", "why": "truncated"}
        for name in ("observationsByCategory", "observationsByCode")
    ]


def test_the_documents_to_submit_are_listed_with_their_status() -> None:
    record = breast().unread("DocumentReference").add("ImagingStudy", status="available")

    found = assessment(likelihood(record))

    assert found["supportingDocuments"] == [
        {"id": "DOC-1", "status": "unreadable"},
        {"id": "DOC-2", "status": "unreadable"},
        {"id": "DOC-3", "status": "present"},
    ]


def test_only_readings_that_decided_or_are_off_their_default_are_named() -> None:
    plain = assessment(likelihood(close_margin()))["guideline"]
    other = assessment(likelihood(close_margin(), assessor_with(gist="counts")))["guideline"]

    assert plain["readings"]["close-negative-margin"] == "review"
    assert other["readings"] == {**plain["readings"], "gist": "counts"}
    assert other["sha256"] != plain["sha256"]


def test_no_readings_at_all_leave_no_empty_member_on_a_card() -> None:
    used = guideline_used(assessor().guideline)
    bare = msgspec.structs.replace(judge(breast()), guideline=used)

    assert used == GuidelineUsed(
        id="evolent_cg_226", revision="2023-05", sha256=assessor().guideline.sha256
    )
    on_card = json.loads(msgspec.json.encode(compact(bare)))
    assert list(empty_members(on_card)) == []
    assert "readings" not in on_card["guideline"]
    assert json.loads(encode(bare))["guideline"]["readings"] == {}


def test_replay_writes_empty_members_and_a_card_leaves_them_out() -> None:
    (one,) = session_of(breast_without("Observation", 2)).assessed

    written, on_card = (
        json.loads(encode(one.assessment)),
        likelihood(breast_without("Observation", 2))["extension"][EXTENSION],
    )

    def filled(content: object) -> object:
        if isinstance(content, dict):
            held = {key: filled(value) for key, value in content.items()}
            return {key: value for key, value in held.items() if value not in (None, [], {})}
        return [filled(value) for value in content] if isinstance(content, list) else content

    assert written["confirm"] == written["notes"] == written["unavailable"] == []
    assert [one["evidence"] for one in written["criteria"] if one["id"] == "BR-5"] == [[]]
    assert filled(written) == on_card


@pytest.mark.parametrize(
    "found",
    [
        *(assessment(situation(name)[0]) for name in SITUATIONS),
        *(assessment(cards[0]) for cards in map(sample, SAMPLES) if cards),
    ],
    ids=lambda found: found["determination"],
)
def test_an_assessment_on_a_card_follows_the_schema_and_can_be_read_back(
    found: dict[str, object],
) -> None:
    jsonschema.validate(found, assessment_schema())

    again = msgspec.convert(found, Assessment)

    assert json.loads(msgspec.json.encode(compact(again))) == found


def test_an_order_that_is_none_of_ours_has_an_assessment_without_an_order() -> None:
    found = judge(Record().condition("icd|C20").order("cpt|19301"))

    assert (found.order, found.determination, found.site) == (None, "not-applicable", "none")
    assert [(one.id, one.status) for one in found.criteria] == [("G-1", "not-met")]
    on_card = json.loads(msgspec.json.encode(compact(found)))
    assert "order" not in on_card
    assert list(empty_members(on_card)) == []
