"""Suggestions: a Task for each missing document, and for nothing else."""

from typing import Any, Final

import pytest
from fhir.resources.R4B.task import Task

from tests.builders import Json, breast
from tests.cds_service.answer.signing import (
    SAMPLES,
    SITUATIONS,
    assessment,
    breast_without,
    cards_of,
    sample,
    signed,
    situation,
)
from tests.judging import assessor

EVERY: Final = [
    *(card for name in SITUATIONS for card in situation(name)),
    *(card for file in SAMPLES for card in sample(file)),
]


def tasks(cards: list[Json]) -> list[Json]:
    return [
        action["resource"]
        for card in cards
        for suggestion in card.get("suggestions", ())
        for action in suggestion["actions"]
    ]


def test_each_missing_document_gets_one_task() -> None:
    cards = cards_of(breast_without("Observation", 0, 1))

    found = tasks(cards)

    assert [one["code"]["text"] for one in found] == [
        "Document for coverage of IORT: T category",
        "Document for coverage of IORT: clinical N category",
    ]
    assert found[0] == {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": {"text": "Document for coverage of IORT: T category"},
        "description": "Please document the T category (clinical or pathological). "
        "The breast bullet asks for Tis or T1.",
        "reasonCode": {
            "text": "Evolent_CG_226 (rev. 2023-05), Indications for IORT: Breast Cancer"
        },
        "for": {"reference": "Patient/p"},
        "authoredOn": "2026-06-15",
    }


@pytest.mark.parametrize("name", SITUATIONS)
def test_tasks_are_for_the_preferred_set_without_what_only_surgery_shows(name: str) -> None:
    likelihood, *others = situation(name)
    found = assessment(likelihood)
    pending = found.get("pendingIntraoperative", [])
    wanted = [one for one in found.get("missing", []) if one not in pending]

    criteria = assessor().guideline.criteria
    assert [one["code"]["text"] for one in tasks([likelihood, *others])] == [
        f"Document for coverage of IORT: {criteria[one].item}" for one in wanted
    ]


def test_what_only_surgery_shows_is_never_asked_for_by_a_task() -> None:
    late = [one.item for one in assessor().guideline.criteria.values() if one.intraoperative]

    asked = " ".join(one["code"]["text"] for one in tasks(EVERY))

    assert asked
    assert [one for one in late if one in asked] == []


def test_suggestions_may_all_be_taken_and_stand_on_the_documentation_card() -> None:
    for card in EVERY:
        if "suggestions" in card:
            assert card["source"]["topic"]["code"] == "clinical-reminder"
            assert card["selectionBehavior"] == "any"
        else:
            assert "selectionBehavior" not in card


def test_a_suggestion_creates_its_task_and_names_it_the_same_everywhere() -> None:
    suggestions = [one for card in EVERY for one in card.get("suggestions", ())]

    for suggestion in suggestions:
        (action,) = suggestion["actions"]
        assert action["type"] == "create"
        assert action["resource"]["resourceType"] == "Task"
        assert suggestion["label"] == action["description"]
        assert suggestion["label"].startswith("Ask for: ")


def test_every_task_is_valid_r4() -> None:
    for one in tasks(EVERY):
        assert Task.model_validate(one).model_dump(mode="json") == one
        assert one["for"]["reference"].startswith("Patient/")


def test_no_card_suggests_another_billing_code_or_a_change_of_the_order() -> None:
    record = breast_without("Observation", 0).without("ServiceRequest").order("cpt|77425")

    for card in cards_of(record):
        assert "77424" not in str(card)
    for one in tasks(EVERY):
        assert "coding" not in str(one)
        assert not {"77424", "77425", "77469"} & set(str(one).split())


def test_a_task_refers_to_no_unsaved_draft() -> None:
    found = tasks(cards_of(breast_without("Observation", 0))) + tasks(
        signed(breast_without("Observation", 0))
    )

    assert len(found) == 2
    assert all("focus" not in one for one in found)


def test_a_task_refers_to_an_order_that_the_ehr_holds() -> None:
    record = breast_without("Observation", 0)
    held = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": record.last}]}

    (one,) = tasks(signed(record, serviceRequests=held))

    assert one["focus"] == {"reference": "ServiceRequest/servicerequest-1"}
    assert Task.model_validate(one).focus is not None


def test_an_order_that_is_not_judged_suggests_nothing() -> None:
    assert tasks(situation("nobody")) == []


def ordered_for_somebody_else(**prefetch: Any) -> list[Json]:
    return signed(breast().change(subject={"reference": "Patient/other"}), **prefetch)


def test_an_order_for_another_patient_is_one_card_that_says_so() -> None:
    (card,) = ordered_for_somebody_else()

    assert card["indicator"] == "warning"
    assert card["summary"].endswith(
        "the order is for another patient than the request; it was not judged"
    )
    assert "The order is for another patient than the request; it was not judged." in card["detail"]
    assert assessment(card)["determination"] == "unable-to-evaluate"


def test_unread_data_are_not_blamed_where_the_order_is_for_another_patient() -> None:
    unread = {"resourceType": "OperationOutcome", "issue": [{"code": "forbidden"}]}

    (card,) = ordered_for_somebody_else(procedures=unread)

    assert "could not be read" not in card["detail"]


def test_the_labels_of_a_set_are_distinct() -> None:
    offered = [[one["label"] for one in card["suggestions"]] for card in EVERY
               if "suggestions" in card]  # fmt: skip

    assert max(map(len, offered)) > 1
    assert all(len(set(labels)) == len(labels) for labels in offered)
