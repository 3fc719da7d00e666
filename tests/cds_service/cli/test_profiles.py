"""What each profile asks for before it serves."""

from pathlib import Path
from typing import Any

import pytest

from tests.cds_service.cli.running import run, write
from tests.cds_service.cli.test_serve import Server, server
from tests.cds_service.trust.signing import entry, write_registry

__all__ = ["server"]


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """Everything that production needs."""
    return {
        "PROFILE": "production",
        "REGISTRY": str(write_registry(tmp_path, north=entry())),
        "PUBLIC_URL": "https://cds.example.org",
        "STORE": f"sqlite:///{tmp_path / 'store.db'}",
        "HASH_KEY": "a-key",
    }


def serve_with(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], *flags: str) -> Any:
    for name, value in settings.items():
        monkeypatch.setenv(f"IORT_CDS_{name}", value)
    return run("serve", *flags)


def test_production_serves_with_everything_it_needs_anywhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, production: dict[str, str]
) -> None:
    result = serve_with(monkeypatch, production, "--host", "0.0.0.0")

    assert (result.exit_code, result.stderr) == (0, "")
    assert server.settings is not None
    assert server.settings.hash_key.get_secret_value() == "a-key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY", None),
        ("PUBLIC_URL", None),
        ("PUBLIC_URL", "http://cds.example.org"),
        ("STORE", ""),
        ("HASH_KEY", None),
    ],
)
def test_production_names_what_it_lacks(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    production: dict[str, str],
    name: str,
    value: str | None,
) -> None:
    settings = {key: one for key, one in production.items() if key != name}
    if value is not None:
        settings[name] = value

    result = serve_with(monkeypatch, settings)

    assert result.exit_code == 2
    assert f"profile production needs these settings: {name.lower()} " in result.stderr
    assert server.started == {}


@pytest.mark.parametrize(
    ("members", "exit_code"),
    [({}, 2), ({"clientId": "iort-cds"}, 0), ({"open": True}, 0)],
)
def test_production_tells_tokens_for_us_from_others(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    production: dict[str, str],
    members: dict[str, Any],
    exit_code: int,
) -> None:
    north = entry(fhirServers=["https://fhir.example.org/r4"], **members)
    write_registry(Path(production["REGISTRY"]).parent, north=north)

    result = serve_with(monkeypatch, production)

    assert result.exit_code == exit_code
    assert ("needs the clientId of these EHRs: north" in result.stderr) == (exit_code == 2)


def test_the_sandbox_listens_elsewhere_only_when_told_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = serve_with(monkeypatch, {"HOST": "0.0.0.0"})
    allowed = serve_with(monkeypatch, {}, "--allow-remote")

    assert (refused.exit_code, allowed.exit_code) == (2, 0)
    assert "--allow-remote" in refused.stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("REGISTRY", b"ehrs: {north: {issuer: SECRET}}", "jwks: Field required"),
        ("REGISTRY", None, "cannot be read"),
        ("CA_BUNDLE", b"SECRET", "a certificate (ca_bundle, client_certificate) cannot be used"),
        ("CLIENT_CERTIFICATE", None, "a certificate (ca_bundle, client_certificate)"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    said: str,
) -> None:
    file = tmp_path / "file"
    if content is not None:
        write(file, content)

    result = serve_with(monkeypatch, {name: str(file)})

    assert result.exit_code == 2
    assert said in result.stderr
    assert "SECRET" not in result.stderr
    assert server.started == {}


def test_a_store_that_cannot_be_used_is_named(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = serve_with(monkeypatch, {"STORE": "mysql://secret@db/cds"})

    assert result.exit_code == 2
    assert "IORT_CDS_STORE" in result.stderr
    assert "secret" not in result.stderr
