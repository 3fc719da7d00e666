"""The same record gets the same answer by HTTP and by replay."""

import json
from importlib import resources
from typing import Any

import msgspec
import pytest

from cds_service.answer.assessment import Assessment
from tests.judging import judge_all
from tests.over_http import sign_over_http
from tests.shared import worked_cases

Json = dict[str, Any]
SIGNED_ON = "2026-06-15"


def samples() -> list[Json]:
    """The sample bundles; those that are saved requests have no record to replay."""
    files = sorted(resources.files("sample_bundles").iterdir(), key=lambda file: file.name)
    contents = {
        file.name: json.loads(file.read_text()) for file in files if file.name.endswith(".json")
    }
    return [
        {"id": name, "evaluatedOn": SIGNED_ON, "bundle": content}
        for name, content in contents.items()
        if "hook" not in content
    ]


def comparable(assessment: Assessment) -> Json:
    """Return an assessment as plain JSON, its notes by what they cite.

    A prefetch never brings the Patient of somebody else, so only a record can have one to name.
    """
    content: Json = msgspec.to_builtins(assessment)
    for note in content["notes"]:
        if note.get("references"):
            cited = [one for one in note["references"] if not one.startswith("Patient/")]
            note.update(text="it counts what it cites", references=cited)
    return content


@pytest.mark.parametrize("case", samples() + worked_cases(), ids=lambda case: case["id"])
def test_http_and_replay_give_the_same_assessments(case: Json) -> None:
    replayed = [comparable(one) for one in judge_all(case) if one.order is not None]

    signed = [comparable(msgspec.convert(one, Assessment)) for one in sign_over_http(case)]

    assert signed == replayed
