"""The demo: samples signed over HTTP, and the cards that come back."""

import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from cds_service.cli import demo as demo_module
from cds_service.cli.compose import compose_request
from tests.builders import breast
from tests.cds_service.cli.running import run, write

SAMPLES = Path(__file__).parents[3] / "sample_bundles"


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    level = logging.getLogger("cds_service").level
    yield
    logging.getLogger("cds_service").setLevel(level)


def shown(*arguments: object) -> str:
    """Run the demo once; return what it shows."""
    result = run("demo", "--once", "--port", 0, *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def parts_of(output: str) -> dict[str, str]:
    """Return what is shown for each record, by the name above it."""
    found = re.split(r"^(\S+) ─{20,}$", output, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_once_shows_a_card_for_each_sample_and_stops() -> None:
    output = shown()

    parts = parts_of(output)
    without = [name for name, part in parts.items() if "─ Evolent guideline " not in part]
    assert set(parts) == {file.name for file in SAMPLES.glob("*.json")}
    assert without == ["18-lumpectomy-only.json"]
    assert "No card: no order here is for intraoperative radiation" in parts[without[0]]
    assert output.splitlines()[-1].startswith("The service is at http://127.0.0.1:")


def test_a_card_shows_indicator_summary_criteria_and_source() -> None:
    output = shown(SAMPLES / "01-breast-covered.json")

    assert "─ info ─" in output
    assert "left breast: likely covered" in output
    assert re.search(r"BR-5 Negative surgical margins +met ", output)
    assert "─ Evolent guideline Evolent_CG_226" in output


def test_what_a_card_suggests_is_shown_as_buttons() -> None:
    output = shown(SAMPLES / "16-retroperitoneum-no-histology.json")

    assert re.search(r"\[ \w.* \]", output)


def test_the_samples_are_signed_on_their_own_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IORT_CDS_TODAY", "1999-01-01")

    assert "65 on 2026-06-15" in shown()


def test_the_environment_asks_for_one_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_ONCE", "1")
    monkeypatch.setenv("IORT_CDS_PORT", "0")

    assert run("demo", SAMPLES / "01-breast-covered.json").exit_code == 0


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("own.json", breast().bundle, "own.json"),
        ("own.json", b"\xef\xbb\xbf" + json.dumps(breast().bundle).encode(), "own.json"),
        ("own.json", compose_request(breast().bundle), "own.json"),
        ("own.jsonl", [breast().case], "case"),
        ("folder/own[/b].json", breast().bundle, "folder/own[/b].json"),
    ],
    ids=["a record", "with a mark", "a request", "cases", "a folder"],
)
def test_records_of_ones_own_are_signed(
    tmp_path: Path, name: str, content: Any, title: str
) -> None:
    write(tmp_path / name, content)

    assert "left breast: likely covered" in parts_of(shown(tmp_path))[title]


def test_what_a_case_could_not_deliver_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "cases.jsonl", [breast().unread("Observation").case])

    output = shown(file)

    assert "likely covered" not in output
    assert "Observation (not delivered) could not be read" in output


def test_what_cannot_be_signed_is_named_and_the_rest_is_signed(tmp_path: Path) -> None:
    unread = write(tmp_path / "a.json", b"SECRET")
    strange = write(tmp_path / "b.json", breast().without("Patient").bundle)
    endless = write(
        tmp_path / "c.json", json.dumps(breast().bundle).replace('"p"', "1e999", 1).encode()
    )
    write(tmp_path / "d.json", breast().bundle)
    other = {**compose_request(breast().bundle), "hook": "patient-view"}
    write(tmp_path / "e.json", other)

    output = shown(tmp_path)

    assert f"{unread}: not JSON" in output
    assert f"{strange} cannot be signed: the record holds no Patient" in output
    assert f"{endless} cannot be signed: " in output
    assert "likely covered" in parts_of(output)["d.json"]
    assert (
        "400: hook is none of order-sign, order-select, order-dispatch"
        in parts_of(output)["e.json"]
    )


def test_a_path_where_nothing_is_is_refused(tmp_path: Path) -> None:
    result = run("demo", "--once", tmp_path / "missing.json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "missing.json" in result.stderr


def test_no_proxy_of_the_environment_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert "likely covered" in shown(SAMPLES / "01-breast-covered.json")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_taken_port_is_named(taken_port: int) -> None:
    result = run("demo", "--once", "--port", taken_port)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"cannot listen on 127.0.0.1:{taken_port}; is the port taken?")


def test_an_address_of_version_6_is_shown_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    monkeypatch.setenv("IORT_CDS_HOST", "::1")

    output = shown(SAMPLES / "01-breast-covered.json")

    assert "The service is at http://[::1]:" in output
    assert "likely covered" in output


class Visitor:
    """Stands in for the user: calls the service once it goes on serving, then presses Ctrl+C."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/cds-services"
        self.seen: list[int] = []

    def wait(self) -> None:
        self.seen.append(httpx.get(self.url, trust_env=False).status_code)
        raise KeyboardInterrupt


def test_it_goes_on_serving_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    visitor = Visitor(port)
    threads = SimpleNamespace(Thread=threading.Thread, Event=lambda: visitor)
    monkeypatch.setattr(demo_module, "threading", threads)

    result = run("demo", SAMPLES / "01-breast-covered.json", "--port", port)

    assert (result.exit_code, visitor.seen) == (0, [200])
    assert result.stdout.splitlines()[-3:] == [
        f"The service is at {visitor.url}",
        "It goes on serving; stop it with Ctrl+C.",
        "Stopped.",
    ]
    with pytest.raises(httpx.ConnectError):
        httpx.get(visitor.url, trust_env=False)
