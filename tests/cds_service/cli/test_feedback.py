"""The report on feedback, for people and for programs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cds_service.cli.feedback import app
from cds_service.hooks.feedback import Feedback, Reason
from cds_service.store.store import Store
from tests.cds_service.answer.signing import breast_without
from tests.cds_service.store.storing import ISSUER, records_for, report


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments], catch_exceptions=False)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with a card that was overridden for several reasons, and one that was accepted."""
    address = f"sqlite:///{tmp_path / 'store.db'}"
    store = Store.open(address)
    records = records_for(breast_without("Observation", 0))
    store.save_answers(records)
    likelihood, documentation = records[0].cards
    items: list[Feedback] = [
        report(
            likelihood.uuid,
            reason=Reason(code="plan-confirmed", system="urn:iort-cds:override-reason"),
        ),
        report(documentation.uuid, outcome="accepted", suggestions=tuple(documentation.asked)),
        report("unknown", reason=Reason(code="\x1b[2Jodd", comment="secret")),
        report("unknown-2", reason=Reason(code="code", system="urn:x")),
        report("unknown-3"),
    ]
    store.save_feedback(ISSUER, items)
    store.close()
    return address


def rows(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    return [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]


def test_people_get_tables(url: str) -> None:
    assert rows(run("--store", url)) == [
        "determination cards shown accepted overridden",
        "documentation-missing 2 1 1",
        "(card not on file) 0 0 3",
        "criterion cards asking accepted overridden",
        "BR-3 1 1 0",
        "override reason cards with comment",
        "(no reason chosen) 1 0",
        "?[2Jodd 1 1",
        "The plan has confirmed coverage (plan-confirmed) 1 0",
        "urn:x|code 1 0",
    ]


def test_programs_get_json(url: str) -> None:
    result = run("--store", url, "--format", "json")

    found: dict[str, Any] = json.loads(result.stdout)
    assert found["since"] is None
    assert found["determinations"][0] == {
        "determination": "documentation-missing",
        "shown": 2,
        "accepted": 1,
        "overridden": 1,
    }
    assert found["criteria"] == [{"criterion": "BR-3", "asked": 1, "accepted": 1, "overridden": 0}]
    assert {"system": None, "code": "\x1b[2Jodd", "count": 1, "commented": 1} in found["reasons"]
    assert "secret" not in result.stdout


@pytest.mark.parametrize("zone", ["", "America/Chicago"])
def test_what_is_older_than_a_day_can_be_left_out(
    url: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IORT_CDS_STORE", url)
    monkeypatch.setenv("IORT_CDS_ZONE", zone)
    today = datetime.now(UTC)
    past, coming = ((today + timedelta(days=days)).date().isoformat() for days in (-2, 2))

    assert "BR-3 1 1 0" in rows(run("--since", past))
    assert rows(run("--since", coming)) == [
        "determination cards shown accepted overridden",
        "(none)",
        "criterion cards asking accepted overridden",
        "(none)",
        "override reason cards with comment",
        "(none)",
    ]
    since = json.loads(run("--since", "2026-01-31", "--format", "json").stdout)["since"]
    if zone:
        assert datetime.fromisoformat(since) == datetime(2026, 1, 31, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "setting store (IORT_CDS_STORE): empty, so there is no feedback"),
        ("sqlite:///no-such-file.db", "setting store (IORT_CDS_STORE): there is no such file"),
        ("secret", "setting store (IORT_CDS_STORE): not an SQLAlchemy URL"),
    ],
)
def test_a_store_that_cannot_be_read_is_named(address: str, message: str) -> None:
    result = run("--store", address)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip() == message
