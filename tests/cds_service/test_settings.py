"""Settings: all of them from the environment, and a wrong one is refused by its name."""

import os
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import SecretStr, ValidationError

from cds_service import settings as module
from cds_service.settings import Settings

FROM_ENVIRONMENT: list[tuple[str, str, Any]] = [
    ("profile", "sandbox", "sandbox"),
    ("host", "::1", "::1"),
    ("port", "9000", 9000),
    ("workers", "3", 3),
    ("guideline", "own.yaml", Path("own.yaml")),
    ("readings", "own/readings.yaml", Path("own/readings.yaml")),
    ("public_url", "https://cds.example.org/", "https://cds.example.org"),
    ("local_maps", "maps", Path("maps")),
    ("payers", "Example Health; urn:payers|7;", ["Example Health", "urn:payers|7"]),
    ("zone", "America/Chicago", "America/Chicago"),
    ("today", "2026-06-15", date(2026, 6, 15)),
    ("null_means", "unreadable", "unreadable"),
    ("unobtainable", "412", "412"),
    ("cors_origins", "https://a.example;https://b.example",
     ["https://a.example", "https://b.example"]),
    ("allow_remote", "true", True),
    ("registry", "trust.yaml", Path("trust.yaml")),
    ("discovery_open", "false", False),
    ("deadline", "2.5", 2.5),
    ("query_timeout", "1", 1.0),
    ("max_pages", "3", 3),
    ("egress_proxy", "http://proxy.example:3128", "http://proxy.example:3128"),
    ("ca_bundle", "ca.pem", Path("ca.pem")),
    ("client_certificate", "own.pem", Path("own.pem")),
    ("store", "postgresql+psycopg://db/cds", "postgresql+psycopg://db/cds"),
    ("hash_key", "secret", SecretStr("secret")),
    ("retention_days", "30", 30),
    ("body_limit", "2000", 2000),
    ("rate_limit", "10", 10),
    ("concurrency", "8", 8),
    ("log_level", "warning", "warning"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("IORT_CDS_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("name", "text", "value"), FROM_ENVIRONMENT)
def test_a_setting_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any
) -> None:
    monkeypatch.setenv(f"IORT_CDS_{name.upper()}", text)

    assert getattr(Settings(), name) == value


def test_every_setting_comes_from_the_environment_and_says_what_it_is() -> None:
    assert {name for name, *_ in FROM_ENVIRONMENT} == set(Settings.model_fields)
    assert all(field.description for field in Settings.model_fields.values())


def test_without_settings_the_service_is_closed_to_the_network_and_judges_today() -> None:
    settings = Settings()

    assert settings.host == "127.0.0.1"
    assert (settings.today, settings.guideline, settings.payers) == (None, None, [])
    assert (settings.null_means, settings.unobtainable) == ("empty", "card")
    assert settings.cors_origins == ["*"]


def test_a_list_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IORT_CDS_CORS_ORIGINS", " ; ")

    assert Settings().cors_origins == []


def test_other_variables_of_the_environment_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IORT_CDS_COLOR", "red")

    assert "color" not in Settings().model_dump()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile", "staging"),
        ("port", "http"),
        ("port", "65536"),
        ("port", "-1"),
        ("workers", "0"),
        ("public_url", "cds.example.org"),
        ("public_url", "javascript:alert(1)"),
        ("zone", "Mars/Olympus"),
        ("zone", "America"),
        ("zone", "../../etc/passwd"),
        ("zone", "tzdata.zi"),
        ("zone", "x" * 300),
        ("zone", "a\x00b"),
        ("today", "tomorrow"),
        ("today", "2026-02-30"),
        ("null_means", "nothing"),
        ("unobtainable", "500"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**{name: value})  # type: ignore[arg-type]

    (error,) = caught.value.errors(include_input=False)
    assert error["loc"] == (name,)


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(moment.timestamp(), tz)

    monkeypatch.setattr(module, "datetime", Clock)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 6, 15)),
        ("America/Chicago", date(2026, 6, 14)),
        ("Pacific/Kiritimati", date(2026, 6, 15)),
        ("Etc/GMT+12", date(2026, 6, 14)),
    ],
)
def test_today_is_the_day_in_the_zone_of_the_hospital(
    monkeypatch: pytest.MonkeyPatch, zone: str, day: date
) -> None:
    at(datetime(2026, 6, 15, 3, tzinfo=UTC), monkeypatch)

    assert Settings(zone=zone).current_date() == day


def test_without_a_zone_today_is_the_day_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = datetime(2026, 6, 15, 12, tzinfo=UTC).astimezone()
    at(here.replace(hour=0) + timedelta(minutes=1), monkeypatch)

    assert Settings().current_date() == here.date()


def test_a_fixed_day_is_today_whatever_the_clock_says() -> None:
    settings = Settings(today=date(2020, 2, 29), zone="Pacific/Kiritimati")

    assert settings.current_date() == date(2020, 2, 29)
