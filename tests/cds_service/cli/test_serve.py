"""What serve starts, and what it refuses to start; the server itself is left out."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cds_service.factory import guideline_text
from cds_service.settings import Settings
from tests.cds_service.cli.running import run, write


class Server:
    """Stands in for uvicorn: keeps how it was started, and the settings that workers read."""

    def __init__(self) -> None:
        self.started: dict[str, Any] = {}
        self.settings: Settings | None = None

    def run(self, application: str, **options: Any) -> None:
        self.started = {"application": application, **options}
        self.settings = Settings()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    found = Server()
    monkeypatch.setattr(uvicorn, "run", found.run)
    handler = signal.getsignal(signal.SIGTERM)
    with mock.patch.dict(os.environ):
        yield found
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Files that settings name."""
    guideline = write(tmp_path / "guideline.yaml", guideline_text().encode())
    readings = write(tmp_path / "readings.yaml", b"readings:\n  age-on: order\n")
    return {"GUIDELINE": str(guideline), "READINGS": str(readings)}


def test_by_default_one_process_listens_on_the_loopback(server: Server) -> None:
    result = run("serve")

    assert (result.exit_code, result.stderr) == (0, "")
    started = {key: server.started[key] for key in ("host", "port", "workers")}
    assert started == {"host": "127.0.0.1", "port": 8080, "workers": 1}


SETTINGS = [
    ("--host", "HOST", "::1"),
    ("--port", "PORT", "9000"),
    ("--workers", "WORKERS", "3"),
    ("--profile", "PROFILE", "sandbox"),
    ("--guideline", "GUIDELINE", "GUIDELINE"),
    ("--readings", "READINGS", "READINGS"),
]


@pytest.mark.parametrize(("flag", "name", "value"), SETTINGS)
def test_every_flag_is_a_setting_too_and_reaches_the_workers(
    server: Server,
    files: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    flag: str,
    name: str,
    value: str,
) -> None:
    value = files.get(value, value)

    assert run("serve", flag, value).exit_code == 0
    by_flag, started_by_flag = server.settings, server.started
    monkeypatch.setenv(f"IORT_CDS_{name}", value)
    assert run("serve").exit_code == 0

    assert by_flag == server.settings
    assert str(getattr(by_flag, name.lower())) == value
    assert {**started_by_flag, "log_config": None} == {**server.started, "log_config": None}


def test_a_flag_decides_over_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IORT_CDS_PORT", "9000")

    run("serve", "--port", "9001")

    assert server.started["port"] == 9001
    assert server.settings == Settings(port=9001)


def test_lists_and_empty_lists_reach_the_workers(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IORT_CDS_PAYERS", "Evolent; urn:oid:2.16|7")
    monkeypatch.setenv("IORT_CDS_CORS_ORIGINS", "")

    assert run("serve").exit_code == 0

    assert server.settings is not None
    assert server.settings.payers == ["Evolent", "urn:oid:2.16|7"]
    assert server.settings.cors_origins == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_the_sandbox_listens_on_the_loopback(server: Server, host: str) -> None:
    assert run("serve", "--host", host).exit_code == 0
    assert server.started["host"] == host


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "ehr.example.org", ""])
def test_the_sandbox_is_refused_where_strangers_can_call(
    server: Server, monkeypatch: pytest.MonkeyPatch, command: str, host: str
) -> None:
    monkeypatch.setenv("IORT_CDS_HOST", host)
    monkeypatch.setenv("DEMO_ONCE", "1")

    result = run(command)

    assert (result.exit_code, server.started) == (2, {})
    assert "setting host (IORT_CDS_HOST)" in result.stderr
    assert "profile sandbox" in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "http"),
        ("port", "-1"),
        ("port", "65536"),
        ("workers", "0"),
        ("profile", "staging"),
        ("zone", "Mars/Olympus"),
        ("today", "tomorrow"),
        ("null_means", "nothing"),
        ("unobtainable", "500"),
    ],
)
def test_a_wrong_setting_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"IORT_CDS_{name.upper()}", value)

    result = run("serve")

    assert (result.exit_code, server.started) == (2, {})
    assert result.stderr.startswith(f"setting {name} (IORT_CDS_{name.upper()}): ")


def test_all_wrong_settings_are_named_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IORT_CDS_WORKERS", "0")

    result = run("serve", "--port", "65536")

    named = {line.split(":")[0] for line in result.stderr.splitlines()}
    assert named == {"setting port (IORT_CDS_PORT)", "setting workers (IORT_CDS_WORKERS)"}


@pytest.mark.parametrize(
    ("flag", "value"), [("--port", "http"), ("--workers", "two"), ("--profile", "staging")]
)
def test_a_wrong_flag_is_named(server: Server, flag: str, value: str) -> None:
    result = run("serve", flag, value)

    assert (result.exit_code, server.started) == (2, {})
    assert flag in result.stderr


@pytest.mark.parametrize("flag", ["--guideline", "--readings"])
def test_nothing_is_started_with_a_broken_file_of_the_guideline(
    server: Server, tmp_path: Path, flag: str
) -> None:
    file = write(tmp_path / "own.yaml", b"readings:\n  nope: x\n")

    result = run("serve", flag, file)

    assert (result.exit_code, server.started) == (2, {})
    assert result.stderr.startswith("own.yaml")


def test_no_line_of_the_log_names_callers_or_paths(server: Server) -> None:
    run("serve")

    assert server.started["access_log"] is False
    assert server.started["log_config"]["loggers"]["cds_service"]["level"] == "INFO"
    assert "cds_service" not in LOGGING_CONFIG["loggers"]


def test_the_signal_that_uvicorn_raises_again_ends_the_process_as_a_success(
    server: Server,
) -> None:
    run("serve")

    with pytest.raises(SystemExit) as ended:
        signal.raise_signal(signal.SIGTERM)

    assert ended.value.code is None
