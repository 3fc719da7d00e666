"""Judging records in tests, by the same door as the service."""

import json
from datetime import date
from functools import cache
from typing import Any

import msgspec

from cds_service.answer.assessment import Assessment
from cds_service.assess import Assessor
from cds_service.factory import build_assessor
from cds_service.intake.bundles import decode_bundle
from cds_service.sessions import assessments, review
from cds_service.settings import Settings
from tests.builders import Record

Verdict = dict[str, str]


@cache
def assessor() -> Assessor:
    """The shipped guideline at its defaults."""
    return build_assessor(Settings())


def assessor_with(**readings: str) -> Assessor:
    """The shipped guideline with other readings."""
    from cds_service.factory import guideline_text
    from cds_service.guideline.load import load_guideline

    chosen = {key.replace("_", "-"): one for key, one in readings.items()}
    overlay = json.dumps({"readings": chosen})
    return Assessor(load_guideline(guideline_text(), readings=overlay), assessor().terminology)


def judge_all(case: dict[str, Any], by: Assessor | None = None) -> list[Assessment]:
    """Judge all orders of a case."""
    by = by or assessor()
    bundle = decode_bundle(msgspec.json.encode(case["bundle"]))
    assert bundle is not None
    day = date.fromisoformat(case["evaluatedOn"])
    session = review(by, bundle, lambda _: day, case.get("unavailable", ()))
    return assessments(by, session, day)


def judge(record: Record, by: Assessor | None = None) -> Assessment:
    """Judge the one order of a record."""
    (assessment,) = judge_all(record.case, by)
    return assessment


def status(assessment: Assessment, criterion: str) -> str:
    """Return the status of a criterion, or the kind of its unknown; ``-`` if it does not apply."""
    for one in assessment.criteria:
        if one.id == criterion:
            return one.unknown_kind or one.status
    return "-"
