"""The samples show what their README says: every site and every determination."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds_service.cli import app

FOLDER = Path(str(resources.files("sample_bundles")))
ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|.*\| (?P<said>[^|]+) \|$", re.MULTILINE)
PROMISED = {row["file"]: row["said"] for row in ROW.finditer((FOLDER / "README.md").read_text())}


def answers(path: Path) -> list[dict[str, str]]:
    command = ["replay", str(path), "--date", "2026-06-15", "--format", "ndjson"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_readme_names_every_sample() -> None:
    assert set(PROMISED) == {file.name for file in FOLDER.glob("*.json")}


@pytest.mark.parametrize("file", sorted(PROMISED))
def test_a_sample_shows_what_the_readme_says(file: str) -> None:
    found = [f"`{one['determination']}`" for one in answers(FOLDER / file)]

    assert ", ".join(found) == PROMISED[file]


def test_the_samples_show_every_site_and_every_determination() -> None:
    found = answers(FOLDER)

    assert {one["determination"] for one in found} == {
        "not-applicable",
        "likely-covered",
        "documentation-missing",
        "case-by-case",
        "conflicting-evidence",
        "unable-to-evaluate",
        "likely-not-covered",
    }
    assert {one["site"] for one in found} >= {
        "breast",
        "cervical",
        "colon",
        "pancreas",
        "rectal",
        "rectosigmoid",
        "sts",
        "other",
        "none",
    }
