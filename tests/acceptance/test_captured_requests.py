"""What real clients send is answered, or refused with a reason; with their tokens, signed anew."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.cds_service.api.calling import app_with, call, post
from tests.cds_service.trust.signing import private_key, token, write_registry
from tests.over_http import service
from tests.shared import captured_posts, needs_captured

pytestmark = needs_captured
BASE = "https://cds.example.org"
OURS = {
    "stub-order-sign": "iort-coverage",
    "stub-order-select": "iort-coverage-select",
    "stub-patient-view": "iort-coverage",
}
POSTS = list(captured_posts())
HOOKS = [(name, found) for name, found in POSTS if "hook" in found["body"]]
each_call = pytest.mark.parametrize(
    "captured", [one for _, one in HOOKS], ids=[f"{n}-{name}" for n, (name, _) in enumerate(HOOKS)]
)
each_post = pytest.mark.parametrize(
    "captured",
    [one for _, one in POSTS if one.get("jwt")],
    ids=[f"{n}-{name}" for n, (name, one) in enumerate(POSTS) if one.get("jwt")],
)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[FastAPI]:
    """A service in production that has both clients registered, with keys of the tests."""
    common = {"jwks": {"file": "keys.json"}, "lifetime": 86400, "leeway": 5, "private": True}
    registry = write_registry(
        tmp_path,
        sandbox={
            **common,
            "issuer": "https://sandbox.cds-hooks.org",
            "jku": "https://sandbox.cds-hooks.org/.well-known/jwks.json",
        },
        generator={
            **common,
            "issuer": "http://127.0.0.1:8090/fhir",
            "jku": "http://127.0.0.1:3000/public_keys",
            "algorithms": ["RS256"],
            "fhirServers": ["http://127.0.0.1:8090/fhir"],
        },
    )
    store = f"sqlite:///{tmp_path / 'store.db'}"
    app = app_with(profile="production", registry=registry, public_url=BASE, store=store)
    yield app
    app.state.service.audit.close()
    app.state.service.store.close()


def path_of(captured: dict[str, Any]) -> str:
    """Return the path of ours that a captured call would have gone to."""
    _, _, rest = captured["url"].partition("/cds-services/")
    name, _, feedback = rest.partition("/")
    return f"/cds-services/{OURS[name]}{'/' + feedback if feedback else ''}"


def signed_anew(captured: dict[str, Any], path: str) -> dict[str, str]:
    """Return the headers of a call, its token as it was but for address, time and signature."""
    jwt = captured["jwt"]
    now = time.time()
    lifetime = jwt["claims"]["exp"] - jwt["claims"]["iat"]
    claims = {**jwt["claims"], "aud": BASE + path, "iat": int(now), "exp": int(now) + lifetime}
    alg = jwt["header"]["alg"]
    found = token(claims, alg=alg, key=private_key(alg), says={**jwt["header"], "kid": alg})
    kept = ("accept", "content-type", "origin", "user-agent")
    headers = {name: one for name, one in captured["headers"].items() if name in kept}
    return {**headers, "authorization": f"{jwt['scheme']} {found}"}


@each_call
def test_a_captured_call_gets_cards_or_a_clear_refusal(captured: dict[str, Any]) -> None:
    response = post(captured["body"], service(date(2026, 6, 15)))

    if response.is_success:
        assert isinstance(response.json()["cards"], list)
    else:
        assert response.status_code in range(400, 500)
        assert response.json()["message"]


@each_post
def test_a_real_clients_token_is_accepted(captured: dict[str, Any], production: FastAPI) -> None:
    path = path_of(captured)
    headers = signed_anew(captured, path)
    ours = "feedback" in captured["body"] or captured["body"]["hook"] != "patient-view"

    response = call("POST", path, production, json=captured["body"], headers=headers)

    assert response.status_code == (200 if ours else 400)
    assert "unauthorized" not in response.text
