"""Radiation, surgery and systemic therapy."""

from typing import Any

import pytest

from fhir_mappings.readers.treatments import read_medications, read_procedures, read_requests
from tests.builders import MCODE, Record, concept
from tests.fhir_mappings.reading import kinds, reading_of

RT, EBRT = "sct|1217123003", "sct|1156506007"
SURGERY = [concept("sct|387713003")]
TELETHERAPY = {"url": f"{MCODE}procedure-modality", "valueCodeableConcept": concept(EBRT)}


def procedure(code: str, **members: Any) -> list[Any]:
    record = Record().condition("icd|C20").procedure(code, **members)
    return list(read_procedures(reading_of(record), None))


def request(code: str, **members: Any) -> list[Any]:
    content = {"status": "active", "intent": "order", "code": concept(code), **members}
    record = Record().condition("icd|C20").add("ServiceRequest", **content)
    return list(read_requests(reading_of(record), frozenset()))


@pytest.mark.parametrize(
    ("code", "technique"),
    [
        (RT, "other"),
        (EBRT, "external-beam"),
        ("cpt|77412", "external-beam"),
        ("sct|33195004", "external-beam"),
        ("Pelvic radiotherapy, IMRT", "external-beam"),
        ("Radiotherapy", "other"),
        ("cpt|77425", "intraoperative"),
    ],
)
def test_radiation_has_a_technique(code: str, technique: str) -> None:
    (finding,) = procedure(code)

    assert (finding.fact.state, finding.fact.technique) == ("given", technique)


def test_a_technique_extension_tells_external_beam() -> None:
    (finding,) = procedure(RT, extension=[TELETHERAPY])

    assert finding.fact.technique == "external-beam"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("completed", "given"),
        ("in-progress", "given"),
        ("stopped", "given"),
        ("preparation", "planned"),
        ("on-hold", "planned"),
        ("not-done", None),
        ("entered-in-error", None),
        (None, None),
    ],
)
def test_a_procedure_counts_by_its_status(status: str | None, state: str | None) -> None:
    found = [one.fact.state for one in procedure(RT, status=status)]

    assert found == ([state] if state else [])


@pytest.mark.parametrize("code", ["sct|399208008", "Chest x-ray", "sct|1255724003"])
def test_what_treats_nothing_is_no_treatment(code: str) -> None:
    assert procedure(code) == []


@pytest.mark.parametrize(
    ("members", "organs"),
    [
        ({}, set()),
        ({"bodySite": [concept("sct|80248007")]}, {"breast"}),
        ({"bodySite": [concept("sct|12921003")]}, {"pelvis"}),
        ({"bodySite": [concept(text="pelvis")]}, {"pelvis"}),
        ({"bodySite": [concept("http://x.example|7")]}, {"elsewhere"}),
        ({"reasonCode": [concept("icd|C50.412")]}, {"breast"}),
        ({"reasonReference": [{"reference": "Condition/condition-1"}]}, {"rectum", "pelvis"}),
        ({"reasonReference": [{"reference": "Condition/lost"}]}, set()),
    ],
)
def test_radiation_has_a_place(members: dict[str, Any], organs: set[str]) -> None:
    (finding,) = procedure(RT, **members)

    assert finding.organs == organs


def test_words_of_the_code_name_the_place() -> None:
    (finding,) = procedure("Pelvic radiotherapy")

    assert "pelvis" in finding.organs


@pytest.mark.parametrize(
    ("code", "members", "expected"),
    [
        ("cpt|48150", {}, ["surgery"]),
        ("sct|23968004", {}, ["surgery"]),
        ("Sigmoid resection", {"category": concept("sct|387713003")}, ["surgery"]),
        ("Dressing change", {"category": concept("sct|387713003")}, []),
        ("Neoadjuvant chemotherapy", {}, ["systemic-therapy"]),
        ("Neoadjuvant chemoradiation", {}, ["radiation"]),
    ],
)
def test_surgery_and_systemic_therapy_are_told_from_radiation(
    code: str, members: dict[str, Any], expected: list[str]
) -> None:
    assert kinds(procedure(code, **members)) == expected


def test_notes_of_a_procedure_are_read() -> None:
    found = procedure("Colonoscopy", note=[{"text": "Anastomotic recurrence"}])

    assert kinds(found) == ["recurrence"]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"note": [{"text": "Anastomotic recurrence"}]}, ["recurrence"]),
        ({"extension": [TELETHERAPY]}, ["radiation"]),
        ({"category": SURGERY[0]}, []),
        ({}, []),
    ],
)
def test_a_procedure_without_code_tells_what_its_other_elements_say(
    members: dict[str, Any], expected: list[str]
) -> None:
    record = Record().procedure(RT, **members).change(code=None)

    assert kinds(read_procedures(reading_of(record), None)) == expected


def test_a_procedure_links_to_the_conditions_it_was_for() -> None:
    (finding,) = procedure(RT, reasonReference=[{"reference": "Condition/condition-1"}])

    assert finding.links == ("Condition/condition-1",)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["surgery"]),
        ({"status": "draft"}, ["surgery"]),
        ({"status": "revoked"}, []),
        ({"status": "completed"}, []),
        ({"doNotPerform": True}, []),
    ],
)
def test_a_request_counts_while_it_stands(members: dict[str, Any], expected: list[str]) -> None:
    assert kinds(request("sct|116241004", **members)) == expected


def test_a_requested_treatment_is_planned() -> None:
    (surgery,) = request("sct|116241004")
    (radiation,) = request(EBRT)
    (named,) = request("http://x.example|1|Whipple procedure", category=SURGERY)

    assert (surgery.fact.state, surgery.fact.pancreatectomy) == ("planned", True)
    assert radiation.fact.state == "planned"
    assert named.fact.state == "planned"


def test_the_orders_being_judged_are_no_context_of_themselves() -> None:
    record = Record().condition("icd|C20").order()
    reading = reading_of(record)

    assert kinds(read_requests(reading, frozenset())) == ["radiation"]
    assert kinds(read_requests(reading, frozenset({"ServiceRequest/servicerequest-1"}))) == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"medicationCodeableConcept": {"text": "Neoadjuvant TCHP"}}, ["systemic-therapy"]),
        ({"note": [{"text": "neoadjuvant intent"}]}, ["systemic-therapy"]),
        ({"medicationCodeableConcept": {"text": "Paclitaxel"}}, []),
        (
            {"status": "cancelled", "medicationCodeableConcept": {"text": "Neoadjuvant TCHP"}},
            [],
        ),
    ],
)
def test_a_drug_counts_where_it_is_said_to_be_neoadjuvant(
    members: dict[str, Any], expected: list[str]
) -> None:
    content = {"status": "active", "intent": "order", **members}
    record = Record().add("MedicationRequest", **content)

    assert kinds(read_medications(reading_of(record))) == expected
