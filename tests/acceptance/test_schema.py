"""The published schema describes every assessment that goes out."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from cds_service.answer.schema import assessment_schema
from cds_service.cli import app
from tests.acceptance.test_http_and_replay import samples
from tests.judging import judge_all
from tests.over_http import sign_over_http
from tests.shared import worked_cases

PUBLISHED = Path(__file__).parents[2] / "docs" / "assessment.schema.json"
each_case = pytest.mark.parametrize("case", samples() + worked_cases(), ids=lambda case: case["id"])


def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(PUBLISHED.read_text()))


def test_the_published_schema_is_current() -> None:
    """Write it anew with ``iort-cds schema > docs/assessment.schema.json``."""
    assert json.loads(PUBLISHED.read_text()) == assessment_schema()


def test_the_command_line_prints_it() -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == assessment_schema()


def test_the_published_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(assessment_schema())


@each_case
def test_what_replay_writes_is_as_the_schema_says(case: dict[str, Any]) -> None:
    for assessment in judge_all(case):
        validator().validate(json.loads(msgspec.json.encode(assessment)))


@each_case
def test_what_stands_on_a_card_is_as_the_schema_says(case: dict[str, Any]) -> None:
    for assessment in sign_over_http(case):
        validator().validate(assessment)
