"""Who is let in: registered callers in production, everybody but impostors in the sandbox."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from tests.cds_service.api.calling import PATH, app_with, call, request_of
from tests.cds_service.trust.signing import (
    claims,
    entry,
    private_key,
    token,
    write_registry,
)

BASE = "https://cds.example.org"
URL = f"{BASE}{PATH}"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return write_registry(tmp_path, north=entry(fhirServers=["https://fhir.example.org/r4"]))


@pytest.fixture
def production(registry: Path) -> FastAPI:
    return app_with(profile="production", registry=registry, public_url=BASE)


def bearer(url: str = URL, **members: Any) -> dict[str, str]:
    """The header of a good token, fresh each time; members of its claims may differ."""
    now = time.time()
    whole = claims(aud=url, iat=now, exp=now + 300, jti=str(uuid4()), **members)
    return {"Authorization": f"Bearer {token(whole)}"}


def forged(url: str = URL) -> dict[str, str]:
    """The header of a token of a registered issuer, signed by somebody else."""
    now = time.time()
    whole = claims(aud=url, iat=now, exp=now + 300, jti=str(uuid4()))
    return {"Authorization": f"Bearer {token(whole, key=private_key('ES384', 1))}"}


def sign_order(app: FastAPI, headers: Any = None, path: str = PATH) -> httpx.Response:
    return call("POST", path, app, json=request_of(), headers=headers)


def test_a_registered_caller_gets_cards(production: FastAPI) -> None:
    assert sign_order(production, bearer()).json()["cards"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic x"},
        {"Authorization": "Bearer nonsense"},
        bearer(iss="https://nobody.example.org"),
        bearer(url=f"{URL}/"),
        bearer(url=f"{BASE}/cds-services"),
        bearer(url=f"http://cds{PATH}"),
        forged(),
    ],
)
def test_anybody_else_is_refused_without_a_word(production: FastAPI, headers: Any) -> None:
    response = sign_order(production, headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["message"] == "unauthorized"


def test_two_tokens_are_none(production: FastAPI) -> None:
    headers = [*bearer().items(), *bearer().items()]

    assert sign_order(production, headers).status_code == 401


def test_a_token_is_good_once(production: FastAPI) -> None:
    headers = bearer()

    assert [sign_order(production, headers).status_code for _ in range(2)] == [200, 401]


def test_the_sandbox_lets_everybody_in(registry: Path) -> None:
    app = app_with(registry=registry)
    stranger = bearer(iss="https://nobody.example.org")

    assert [sign_order(app, one).status_code for one in ({}, stranger)] == [200, 200]


def test_a_token_of_a_registered_issuer_has_to_hold_in_the_sandbox_too(registry: Path) -> None:
    app = app_with(registry=registry, public_url=BASE)

    assert sign_order(app, bearer()).status_code == 200
    assert sign_order(app, forged()).status_code == 401


def test_discovery_is_open_unless_the_setting_closes_it(registry: Path) -> None:
    settings = {"profile": "production", "registry": registry, "public_url": BASE}
    closed = app_with(discovery_open=False, **settings)
    token_for_it = bearer(url=f"{BASE}/cds-services")

    assert call("GET", "/cds-services", app_with(**settings)).status_code == 200
    assert call("GET", "/cds-services", closed).status_code == 401
    assert call("GET", "/cds-services", closed, headers=token_for_it).status_code == 200


def test_a_caller_that_calls_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    registry = write_registry(tmp_path, north=entry(rate=2))
    app = app_with(profile="production", registry=registry, public_url=BASE)

    answers = [sign_order(app, bearer()) for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 31


def test_pages_of_a_registered_ehr_may_call_and_no_others(tmp_path: Path) -> None:
    page = "https://app.example.org"
    registry = write_registry(tmp_path, north=entry(origins=[page]))
    app = app_with(profile="production", registry=registry, public_url=BASE)

    def allowed(origin: str) -> str | None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        response = call("OPTIONS", PATH, app, headers=asked)
        found: str | None = response.headers.get("access-control-allow-origin")
        return found

    assert allowed(page) == page
    assert allowed("https://evil.example.org") is None


def test_only_a_callers_own_server_is_asked(production: FastAPI) -> None:
    request = {**request_of(), "fhirServer": "https://fhir.example.org.evil/r4", "prefetch": {}}

    (card, *_) = call("POST", PATH, production, json=request, headers=bearer()).json()["cards"]

    notes = card["extension"]["org.iort-cds.assessment"]["notes"]
    assert [one["text"] for one in notes] == ["The FHIR server is not registered here; not asked."]
