"""The door to judging: all orders of a visit, each for the patient in question or not at all."""

from datetime import date
from typing import Any

import msgspec
import pytest

from cds_service.assess import Visit
from cds_service.intake.bundles import Bundle, decode_bundle
from cds_service.intake.orders import drafts_of
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.orders import Order
from fhir_mappings.record import Delivery, Pool
from tests.builders import DAY, Record, breast
from tests.judging import assessor

STATES = {need.name: NeedState("present") for need in NEEDS}


def came_in(record: Record) -> tuple[Bundle, list[Order]]:
    bundle = decode_bundle(msgspec.json.encode(record.bundle))
    assert bundle is not None
    drafts = drafts_of(bundle, place="Bundle", drafts_only=True)
    return bundle, [draft.order(date.fromisoformat(DAY)) for draft in drafts]


def visit(record: Record, patient: str | None = "Patient/p") -> Visit:
    bundle, orders = came_in(record)
    pool = Pool([Delivery(bundle.held, "Bundle.entry")])
    return Visit(patient=patient, orders=orders, pool=pool, states=STATES)


def judged(record: Record, patient: str | None = "Patient/p") -> list[tuple[str, list[str]]]:
    """The determination of each order, and what is noted."""
    return [
        (one.assessment.determination, [note.text for note in one.assessment.notes])
        for one in assessor().assess(visit(record, patient))
    ]


def test_an_order_is_judged_for_its_patient() -> None:
    (assessed,) = assessor().assess(visit(breast()))

    assert assessed.assessment.determination == "likely-covered"
    assert (assessed.patient, assessed.target) == ("Patient/p", "left breast")
    assert (assessed.procedure, assessed.stored) == ("Electron IORT", False)


@pytest.mark.parametrize(
    ("code", "concerned"),
    [("cpt|77425", True), ("IORT", True), ("Mammogram", False), ("cpt|77412", False)],
)
def test_it_can_be_told_whether_an_order_is_for_the_guideline(code: str, concerned: Any) -> None:
    _, (order,) = came_in(Record().order(code))

    assert assessor().concerns(order) == concerned


def test_without_a_patient_nothing_is_judged_and_no_task_is_made_for_anybody() -> None:
    (assessed,) = assessor().assess(visit(breast(), None))

    assert assessed.assessment.determination == "unable-to-evaluate"
    assert assessed.patient is None
    assert "cannot be told which patient" in assessed.assessment.notes[0].text


def test_orders_for_others_are_not_judged_and_stay_in_their_place() -> None:
    record = breast().order(subject={"reference": "Patient/q"}).order()
    determinations = [determination for determination, _ in judged(record)]

    assert determinations == ["likely-covered", "unable-to-evaluate", "likely-covered"]
    assert "another patient" in judged(record)[1][1][0]


def test_one_unknown_name_for_the_patient_is_the_patient() -> None:
    record = breast().change(subject={"reference": "urn:uuid:a"})

    assert judged(record)[0][0] == "likely-covered"


def test_of_two_unknown_names_nobody_knows_which_is_the_patient() -> None:
    record = breast().change(subject={"reference": "urn:uuid:a"})
    record.order(subject={"reference": "urn:uuid:b"}).order()
    first, second, own = judged(record)

    assert first == second
    assert first[0] == "unable-to-evaluate"
    assert "cannot be told which patient" in first[1][0]
    assert own[0] == "likely-covered"


def test_the_states_that_came_in_are_not_changed() -> None:
    record = breast().observation("x", subject={"reference": "urn:uuid:a"})
    given = visit(record)
    before = dict(given.states)
    assessor().assess(given)

    assert given.states == before
