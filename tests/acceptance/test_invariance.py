"""What must not change an answer does not: order, reference style, spelling of systems, noise."""

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import breast, cervical, colon, concept, pancreas, rectal, sarcoma
from tests.judging import judge_all
from tests.shared import worked_cases

Json = dict[str, Any]
CASES = [make().case for make in (breast, cervical, colon, rectal, pancreas, sarcoma)]
CASES += worked_cases()
BASE = "https://fhir.hospital.example.org/r4"
OTHER_NAMES = {
    "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
    "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
    "http://hl7.org/fhir/sid/icd-10-cm": "urn:oid:2.16.840.1.113883.6.90",
    "http://www.ama-assn.org/go/cpt": "urn:oid:2.16.840.1.113883.6.12",
}
STATUS = concept("http://terminology.hl7.org/CodeSystem/condition-clinical|active")
NOISE: list[Json] = [
    {"resourceType": "Condition", "code": concept("icd|I10"), "clinicalStatus": STATUS},
    {"resourceType": "Condition", "code": concept(text="Seasonal allergy")},
    {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("loinc|718-7|Hemoglobin"),
        "valueQuantity": {"value": 13.2, "unit": "g/dL"},
        "effectiveDateTime": "2026-06-01",
    },
    {"resourceType": "Observation", "status": "final", "code": concept("loinc|8302-2|Height")},
    {"resourceType": "Observation", "valueString": ["odd"], "code": "odd", "status": 7},
    {"resourceType": "Procedure", "status": "completed", "code": concept("sct|80146002")},
    {"resourceType": "Encounter", "status": "finished"},
    {"resourceType": "Basic", "code": {"text": "whatever"}},
    {"resourceType": "MedicationRequest", "status": "active", "intent": "order"},
]
STRANGE: list[Json] = [
    {"resourceType": "Condition", "code": concept("icd|C61"), "clinicalStatus": STATUS},
    {"resourceType": "Observation", "status": "final", "code": concept("sct|395536008")},
    {"resourceType": "Procedure", "status": "completed", "code": concept("cpt|77385")},
]


def judged(case: Json) -> list[Json]:
    """Judge a case; leave out what shows how the record was written."""
    found = []
    for one in judge_all(case):
        content = msgspec.to_builtins(one)
        keep = ("site", "determination", "missing", "missingAnyOf", "confirm", "unavailable")
        answers = [(a["id"], a["status"], a.get("unknownKind")) for a in content["criteria"]]
        found.append({key: content[key] for key in keep} | {"answers": answers})
    return sorted(found, key=json.dumps)


def with_entries(case: Json, entries: list[Json]) -> Json:
    return {**case, "bundle": {**case["bundle"], "entry": entries}}


def subject_of(case: Json) -> Json:
    drafts = (one["resource"] for one in case["bundle"]["entry"])
    return next(one["subject"] for one in drafts if one.get("status") == "draft")


def noise_for(case: Json, picked: list[Json], subject: Json) -> list[Json]:
    unread = set(case["unavailable"])
    return [
        {"resource": {**one, "id": f"noise-{number}", "subject": subject}}
        for number, one in enumerate(picked)
        if one["resourceType"] not in unread
    ]


def in_other_words(content: Any, names: dict[str, str], urls: dict[str, str]) -> Any:
    """Rename code systems and references, wherever they stand."""
    if isinstance(content, list):
        return [in_other_words(one, names, urls) for one in content]
    if not isinstance(content, dict):
        return content
    changed = {key: in_other_words(one, names, urls) for key, one in content.items()}
    if isinstance(system := content.get("system"), str):
        changed["system"] = names.get(system, system)
    if isinstance(reference := content.get("reference"), str):
        changed["reference"] = urls.get(reference, reference)
    return changed


def references(case: Json, style: str) -> tuple[Json, dict[str, str]]:
    """Give every resource with an id a fullUrl of a style, and say how references change."""
    urls: dict[str, str] = {}
    entries = []
    for number, one in enumerate(case["bundle"]["entry"]):
        resource = one["resource"]
        if "id" not in resource:
            entries.append(one)
            continue
        local = f"{resource['resourceType']}/{resource['id']}"
        full = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
        new = {"urn": full, "relative": local, "versioned": f"{local}/_history/1"}.get(
            style, f"{BASE}/{local}"
        )
        urls |= {old: new for old in (local, one.get("fullUrl")) if old}
        entries.append({**one, "fullUrl": full if style == "urn" else f"{BASE}/{local}"})
    return with_entries(case, entries), urls


a_case = st.sampled_from(CASES)


@given(a_case, st.randoms(use_true_random=False))
def test_the_order_of_resources_does_not_matter(case: Json, random: Any) -> None:
    entries = list(case["bundle"]["entry"])
    random.shuffle(entries)

    assert judged(with_entries(case, entries)) == judged(case)


@given(a_case, st.sampled_from(["urn", "relative", "absolute", "versioned"]))
def test_the_style_of_references_does_not_matter(case: Json, style: str) -> None:
    renamed, urls = references(case, style)

    assert judged(in_other_words(renamed, {}, urls)) == judged(case)


@given(a_case, st.sets(st.sampled_from(sorted(OTHER_NAMES))))
def test_the_name_of_a_code_system_does_not_matter(case: Json, renamed: set[str]) -> None:
    names = {name: OTHER_NAMES[name] for name in renamed}

    assert judged(in_other_words(case, names, {})) == judged(case)


@given(a_case)
def test_the_dot_of_a_diagnosis_code_does_not_matter(case: Json) -> None:
    text = json.dumps(case)
    codes = {
        coding["code"]
        for coding in _codings(case)
        if coding.get("system") == "http://hl7.org/fhir/sid/icd-10-cm" and "code" in coding
    }
    for code in codes:
        text = text.replace(f'"{code}"', f'"{code.replace(".", "")}"')

    assert judged(json.loads(text)) == judged(case)


@given(a_case, st.lists(st.sampled_from(NOISE), max_size=6))
def test_what_has_nothing_to_do_with_the_cancer_does_not_matter(
    case: Json, picked: list[Json]
) -> None:
    noise = noise_for(case, picked, subject_of(case))

    assert judged(with_entries(case, case["bundle"]["entry"] + noise)) == judged(case)


@given(a_case, st.lists(st.sampled_from(STRANGE), min_size=1, max_size=3))
def test_what_is_on_file_for_another_patient_does_not_matter(
    case: Json, picked: list[Json]
) -> None:
    strange = noise_for(case, picked, {"reference": "Patient/stranger"})

    assert judged(with_entries(case, strange + case["bundle"]["entry"])) == judged(case)


BREAST = ["icd|C50.412", "sct|372064008", "sct|254837009", "icd|C50912"]
HISTOLOGY = ["icdo|8500/3", "sct|408643008", "sct|82711006"]
T1 = ["ajcc|cT1c", "sct|1228899006", "cT1c", "text:T1c", "ajcc|T1c"]
N0 = ["ajcc|cN0", "sct|1229967007", "cN0", "text:N0"]
FREE = ["sct|55182004", "loinc|LA27151-2", "Margins negative", "text:All margins clear of tumor"]


@settings(max_examples=300)
@given(*(st.sampled_from(family) for family in (BREAST, HISTOLOGY, T1, N0, FREE)))
def test_the_terminology_in_which_a_fact_is_said_does_not_matter(
    cancer: str, histology: str, t: str, n: str, margin: str
) -> None:
    record = (
        breast(histology=histology)
        .without("Observation", 2)
        .without("Observation", 1)
        .without("Observation", 0)
        .observation("sct|399504009", t)
        .observation("sct|399534004", n)
        .margin(margin)
    )
    record.resources[1]["code"] = concept(cancer)

    (found,) = judged(record.case)

    assert found["determination"] == "likely-covered"


def _codings(content: Any) -> list[Json]:
    if isinstance(content, list):
        return [coding for one in content for coding in _codings(one)]
    if not isinstance(content, dict):
        return []
    own = [content] if "code" in content and "system" in content else []
    return own + [coding for one in content.values() for coding in _codings(one)]
