"""Cited resources that are no valid FHIR are reported by element, never by value."""

from datetime import date
from typing import Any

import msgspec
import pytest

from cds_service.intake.bundles import decode_bundle
from cds_service.sessions import Session, review
from cds_service.validation import invalid_evidence
from fhir_mappings.record import Pool
from tests.builders import DAY, Record, breast, concept
from tests.judging import assessor

SECRET = "Jane Roe"


def session_of(content: bytes) -> Session:
    bundle = decode_bundle(content)
    assert bundle is not None
    return review(assessor(), bundle, lambda _: date.fromisoformat(DAY), ())


def reported(record: Record, old: bytes = b"", new: bytes = b"") -> list[str]:
    """What is reported of a record; in its JSON something may be replaced, once."""
    session = session_of(msgspec.json.encode(record.bundle).replace(old, new, 1))
    assert session.pool is not None
    return list(invalid_evidence(session.assessed, session.pool))


def changed(kind: str, **members: Any) -> Record:
    record = breast()
    next(one for one in record.resources if one["resourceType"] == kind).update(members)
    return record


def test_valid_evidence_is_not_reported() -> None:
    assert reported(breast()) == []


@pytest.mark.parametrize(
    ("kind", "members", "reference", "element"),
    [
        ("Condition", {"recordedDate": SECRET}, "Condition/condition-1", "recordedDate"),
        ("Condition", {"code": {**concept("icd|C50.412"), "text": [SECRET]}},
         "Condition/condition-1", "code.text"),
        ("Condition", {"evidence": [{"code": SECRET}]}, "Condition/condition-1", "evidence.0.code"),
        ("Patient", {"gender": [SECRET]}, "Patient/p", "gender"),
        ("Observation", {"issued": f"{SECRET} 12:30"}, "Observation/observation-1", "issued"),
        ("ServiceRequest", {"asNeededBoolean": SECRET},
         "ServiceRequest/servicerequest-1", "asNeededBoolean"),
        ("ServiceRequest", {"intent": None}, "ServiceRequest/servicerequest-1", "intent"),
    ],
)  # fmt: skip
def test_an_invalid_element_is_named_and_its_value_is_not(
    kind: str, members: dict[str, Any], reference: str, element: str
) -> None:
    problems = reported(changed(kind, **members))

    assert any(one.startswith(f"{reference} is not valid FHIR: {element}: ") for one in problems)
    assert SECRET not in " ".join(problems)


def test_all_that_is_wrong_with_a_resource_is_reported() -> None:
    problems = reported(changed("Condition", recordedDate=SECRET, onsetAge=5))

    assert len(problems) >= 2
    assert {one.partition(" ")[0] for one in problems} == {"Condition/condition-1"}


def test_what_is_reported_still_counts() -> None:
    record = changed("Condition", recordedDate=SECRET)
    session = session_of(msgspec.json.encode(record.bundle))

    assert session.assessed[0].assessment.determination == "likely-covered"


def test_what_is_not_cited_is_not_reported() -> None:
    assert reported(breast().observation("Height", status=None)) == []


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        (b'"language":"\xff",', "not readable as JSON"),
        (b'"language":1e999,', "not readable as JSON"),
        (
            b'"contained":[{"resourceType":"Unheard-of"}],',
            "contained: a resource of an unknown type",
        ),
    ],
)
def test_what_the_models_cannot_take_is_reported_too(member: bytes, problem: str) -> None:
    kind = b'"resourceType":"Condition",'

    assert reported(breast(), kind, kind + member) == [
        f"Condition/condition-1 is not valid FHIR: {problem}"
    ]


def test_what_was_not_kept_cannot_be_reported() -> None:
    session = session_of(msgspec.json.encode(changed("Condition", recordedDate=SECRET).bundle))
    assert session.pool is not None
    lean, nothing = Pool([]), Pool([])
    lean.entries = {
        key: msgspec.structs.replace(entry, raw=None) for key, entry in session.pool.entries.items()
    }

    assert list(invalid_evidence(session.assessed, lean)) == []
    assert list(invalid_evidence(session.assessed, nothing)) == []
