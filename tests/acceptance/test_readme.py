"""The README tells the truth about settings and files."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from cds_service.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    shown = ";".join(default) if isinstance(default, list) else str(default or "")
    shown = shown.strip("*") if isinstance(default, SecretStr) else shown

    row = re.search(rf"^\| `IORT_CDS_{name.upper()}` \| `?([^|`]*)`? \|", README, re.MULTILINE)

    assert row is not None
    assert row[1].strip() == shown


def test_every_file_that_the_readme_links_is_there() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", README)

    assert linked
    assert [one for one in linked if not (ROOT / one).exists()] == []
