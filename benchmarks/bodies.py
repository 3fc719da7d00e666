"""The requests that are measured: a full prefetch of 101 resources, about 137 KB.

The resources have the build of real ones (profiles, identifiers, encounters, performers, reference
ranges, two codings for a concept), because that is what makes a body expensive to parse.
"""

import json
from typing import Any

BASE = "https://ehr.example.org/fhir"
PATIENT = {"reference": f"{BASE}/Patient/bench"}
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
ICD, CPT = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.ama-assn.org/go/cpt"
HL7 = "http://terminology.hl7.org/CodeSystem"
LOCAL = "urn:oid:1.2.840.114350.1.13.0.1.7"
SEARCHES = {
    "conditions": "Condition",
    "observationsByCategory": "Observation",
    "procedures": "Procedure",
}
EMPTY = (
    "observationsByCode",
    "serviceRequests",
    "diagnosticReports",
    "documentReferences",
    "imagingStudies",
    "medicationRequests",
    "specimens",
    "coverage",
)


def order_sign(code: str) -> bytes:
    """Return an order-sign request with a full prefetch.

    Args:
        code: the CPT code that is ordered.
    """
    order = draft(code)
    record = resources()
    request = {
        "hook": "order-sign",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/p",
            "patientId": "bench",
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order}]},
        },
        "prefetch": {
            "patient": record["Patient"][0],
            **{key: _bundle(record[kind]) for key, kind in SEARCHES.items()},
            **{key: _bundle([]) for key in EMPTY},
        },
    }
    return json.dumps(request).encode()


def draft(code: str) -> dict[str, Any]:
    """Return the order of a CPT code."""
    return {
        "resourceType": "ServiceRequest",
        "id": "order",
        "status": "draft",
        "intent": "order",
        "code": _concept(CPT, code, "as ordered"),
        "subject": PATIENT,
        "authoredOn": "2026-06-15T09:12:00-05:00",
        "reasonReference": [{"reference": f"{BASE}/Condition/0"}],
    }


def resources() -> dict[str, list[dict[str, Any]]]:
    """Return the 101 resources of the record, by type."""
    patient = _resource("Patient", 0, gender="female", birthDate="1958-09-30")
    patient["id"] = "bench"
    return {
        "Patient": [patient],
        "Condition": [_condition(number) for number in range(20)],
        "Observation": [_observation(number) for number in range(60)],
        "Procedure": [_procedure(number) for number in range(20)],
    }


def _bundle(found: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"{BASE}/{one['resourceType']}/{one['id']}",
            "resource": one,
            "search": {"mode": "match"},
        }
        for one in found
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    own = {"system": f"{LOCAL}.{len(code)}", "code": f"L{code}"}
    return {"coding": [{"system": system, "code": code, "display": display}, own], "text": display}


def _resource(kind: str, number: int, **members: Any) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": str(number),
        "meta": {
            "versionId": "3",
            "lastUpdated": "2026-06-01T08:00:00.000Z",
        },
        **members,
    }


def _clinical(kind: str, number: int, **members: Any) -> dict[str, Any]:
    return _resource(
        kind,
        number,
        subject=PATIENT,
        encounter={"reference": f"{BASE}/Encounter/{number}", "display": "Visit"},
        **members,
    )


def _condition(number: int) -> dict[str, Any]:
    breast = _concept(ICD, "C50.412", "Malignant neoplasm of upper-outer quadrant of left breast")
    return _clinical(
        "Condition",
        number,
        clinicalStatus=_concept(f"{HL7}/condition-clinical", "active", "Active"),
        verificationStatus=_concept(f"{HL7}/condition-ver-status", "confirmed", "Confirmed"),
        category=[_concept(f"{HL7}/condition-category", "problem-list-item", "Problem List Item")],
        code=breast if number == 0 else _concept(ICD, f"I1{number % 10}", "Other condition"),
        onsetDateTime="2026-04-02",
        recordedDate="2026-04-03",
        asserter={"reference": f"{BASE}/Practitioner/1", "display": "Doe, Jane, MD"},
    )


_RESULTS = {
    3: (_concept(SNOMED, "399504009", "cT category"), _concept(SNOMED, "1228899006", "cT1c")),
    17: (_concept(SNOMED, "399534004", "cN category"), _concept(SNOMED, "1229967007", "cN0")),
    42: (
        _concept(LOINC, "44669-0", "Margin involvement in Breast tumor"),
        _concept(LOINC, "LA27151-2", "Uninvolved by invasive carcinoma"),
    ),
}


def _observation(number: int) -> dict[str, Any]:
    shared = {
        "status": "final",
        "category": [_concept(f"{HL7}/observation-category", "laboratory", "Laboratory")],
        "effectiveDateTime": f"2026-05-{number % 28 + 1:02}",
        "issued": "2026-05-29T10:00:00.000Z",
        "performer": [{"reference": f"{BASE}/Organization/1", "display": "Laboratory"}],
    }
    if number in _RESULTS:
        code, value = _RESULTS[number]
        focus = [{"reference": f"{BASE}/Condition/0"}]
        return _clinical(
            "Observation", number, **shared, code=code, focus=focus, valueCodeableConcept=value
        )
    low, high = _quantity(number / 20), _quantity(number / 5)
    return _clinical(
        "Observation",
        number,
        **shared,
        code=_concept(LOINC, f"{700 + number}-7", "Laboratory result"),
        valueQuantity=_quantity(number / 10),
        interpretation=[_concept(f"{HL7}/v3-ObservationInterpretation", "N", "Normal")],
        referenceRange=[{"low": low, "high": high, "text": "as usual"}],
    )


def _quantity(value: float) -> dict[str, Any]:
    return {"value": value, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"}


def _procedure(number: int) -> dict[str, Any]:
    return _clinical(
        "Procedure",
        number,
        status="completed",
        code=_concept(SNOMED, f"7165100{number % 10}", "Imaging procedure"),
        performedDateTime=f"2025-{number % 12 + 1:02}-18",
        performer=[{"actor": {"reference": f"{BASE}/Practitioner/1", "display": "Doe, Jane, MD"}}],
    )
