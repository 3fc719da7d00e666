"""What is said beside the criteria: about the record, other orders and the names in a summary."""

from typing import Any

import pytest

from tests.builders import MCODE, Record, breast, concept
from tests.cds_service.answer.signing import assessment, cancer, cards_of, likelihood

Json = dict[str, Any]


def notes(record: Record) -> list[Json]:
    found: list[Json] = assessment(cards_of(record)[0]).get("notes", [])
    return [one for one in found if "T category is clinical" not in one["text"]]


def test_a_clean_record_is_not_remarked_on() -> None:
    assert notes(breast()) == []


def test_data_of_another_patient_are_counted_and_named_up_to_five() -> None:
    record = breast()
    for _ in range(6):
        record.t("cT4", subject={"reference": "Patient/other"})

    (note,) = notes(record)

    assert note["text"] == "6 resources were received and not used: data of another patient."
    assert note["references"] == [f"Observation/observation-{number}" for number in range(4, 9)]


def test_data_of_nobody_known_are_told_from_data_that_cannot_be_read() -> None:
    record = breast().add("ImagingStudy", subject={"reference": "urn:uuid:nobody"})
    unclaimed = notes(record)
    record = breast()
    record.resources.append({"resourceType": 7, "id": "x"})
    unreadable = notes(record)

    assert [one["text"] for one in unclaimed + unreadable] == [
        "1 resource was received and not used: patient not known.",
        "1 resource was received and not used: not readable.",
    ]
    assert unclaimed[0]["references"] == ["ImagingStudy/imagingstudy-1"]


def test_another_order_for_the_same_tumor_is_named_on_both() -> None:
    first, second = cards_of(breast().order())

    for card, other in ((first, "servicerequest-2"), (second, "servicerequest-1")):
        assert (
            "Another IORT order for the same target is being signed; one fraction is allowed "
            f"(ServiceRequest/{other})." in card["detail"]
        )


def test_orders_for_two_tumors_do_not_name_each_other() -> None:
    record = cancer().condition("icd|C20").order()
    record.order(reasonReference=[{"reference": "Condition/condition-2"}])

    assert not any("Another IORT" in card["detail"] for card in cards_of(record))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("cpt|77425", "Electron IORT"),
        ("cpt|77424", "X-ray IORT"),
        ("sct|168524008", "IORT"),
        ("Intraoperative radiotherapy", "IORT"),
    ],
)
def test_the_procedure_is_named_by_what_is_ordered(code: str, name: str) -> None:
    card = likelihood(cancer().order(code))

    assert card["summary"].startswith(f"{name}, left breast: ")


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("icd|C50.412", "left breast"),
        ("icd|C50.919", "breast"),
        ("icd|C53.9", "cervix"),
        ("icd|C19", "rectosigmoid junction"),
        ("icd|C18.9", "colon"),
        ("icd|C25.0", "pancreas"),
        ("icd|C48.0", "retroperitoneum"),
        ("icd|C49.22", "soft tissue (left)"),
        ("sct|399068003|Malignant tumor of prostate", "Malignant tumor of prostate"),
        (
            "sct|399068003|Malignant tumor of prostate with a very long name indeed",
            "Malignant tumor of prostate with a very…",
        ),
    ],
)
def test_the_target_is_named_by_site_and_side(code: str, named: str) -> None:
    card = likelihood(Record().condition(code).order())

    assert card["summary"].startswith(f"Electron IORT, {named}: ")


@pytest.mark.parametrize(
    "record",
    [
        Record().order(),
        Record().condition("icd|I10").order(),
        Record().condition("icd|C50.412").condition("icd|C20").order(reasonReference=None),
        cancer().order(reasonReference=[{"reference": "Condition/gone"}]),
    ],
)
def test_a_target_that_is_not_known_is_not_named(record: Record) -> None:
    assert likelihood(record)["summary"].startswith("Electron IORT: ")


def test_tumors_on_both_sides_leave_the_side_out() -> None:
    record = cancer().condition("icd|C50.411", histology="icdo|8500/3")

    card = likelihood(record.order(reasonReference=None))

    assert card["summary"].startswith("Electron IORT, breast: ")


def test_the_side_may_come_from_a_qualifier() -> None:
    side = {
        "url": f"{MCODE.replace('mcode-', 'mcode-laterality-qualifier')}",
        "valueCodeableConcept": concept("sct|24028007"),
    }
    site = {**concept("sct|76752008"), "extension": [side]}

    card = likelihood(Record().condition("icd|C50.919", bodySite=[site]).order())

    assert card["summary"].startswith("Electron IORT, right breast: ")
