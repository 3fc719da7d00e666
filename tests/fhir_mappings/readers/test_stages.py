"""Stages on the Condition itself, and its notes."""

from typing import Any

import pytest

from fhir_mappings.findings import Origin
from fhir_mappings.readers.stages import read_stages
from fhir_mappings.resources import Condition
from tests.builders import Record, concept
from tests.fhir_mappings.reading import reading_of


def stems(*stages: Any, **members: Any) -> list[str]:
    record = Record().condition("icd|C50.412", stage=list(stages), **members)
    reading = reading_of(record)
    ((entry, condition),) = reading.record.of_type(Condition)
    origin = Origin(entry=entry, rank="clinical-staging", date="2026-05-01")
    return [
        getattr(one.fact, "stem", one.kind) for one in read_stages(reading, origin, condition, None)
    ]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ({"summary": concept("ajcc|cT1c")}, ["T1"]),
        ({"summary": concept("sct|1228899006")}, ["T1"]),
        ({"summary": {"text": "cT2 cN1"}}, ["T2", "N1"]),
        ({"summary": {"text": "Stage 0"}}, ["Tis"]),
        ({"summary": {"text": "Stage IA"}, "type": concept("sct|443830009")}, ["T1", "N0"]),
        ({"summary": {"text": "Stage IA"}}, []),
        ({"assessment": [{"reference": "Observation/x"}]}, []),
    ],
)
def test_a_stage_is_read_as_code_text_or_group(stage: Any, expected: list[str]) -> None:
    assert stems(stage) == expected


def test_notes_of_a_condition_are_read() -> None:
    assert stems(note=[{"text": "Local recurrence"}]) == ["recurrence"]
