"""The application: what browsers may do, what it publishes, and what it says at the start."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator

from cds_service import __version__
from cds_service.api import app as module
from cds_service.api.app import create_app
from cds_service.factory import guideline_text
from cds_service.guideline.errors import GuidelineError
from tests.cds_service.api.calling import (
    PATH,
    app_with,
    call,
    post,
    request_of,
    shared_app,
    start,
    with_context,
)

ORIGIN = "https://sandbox.example.org"


def preflight(path: str, method: str, headers: str, app: FastAPI | None = None) -> httpx.Response:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": headers,
    }
    return call("OPTIONS", path, app, headers=asked)


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [("/cds-services", "GET", "authorization"), (PATH, "POST", "authorization,content-type")],
)
def test_a_browser_may_call_without_credentials_first(path: str, method: str, headers: str) -> None:
    response = preflight(path, method, headers)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert method in response.headers["access-control-allow-methods"]
    allowed = response.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in headers.split(","))
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("body", [request_of(), [], {}, with_context(draftOrders=None)])
def test_a_browser_may_read_answers_and_errors(body: Any) -> None:
    response = call("POST", PATH, headers={"origin": ORIGIN}, json=body)

    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [([ORIGIN], ORIGIN), (f"https://a.example; {ORIGIN}", ORIGIN), (["https://a.example"], None),
     ("", None)],
)  # fmt: skip
def test_origins_of_the_settings_and_no_others_may_call(origins: Any, allowed: str | None) -> None:
    app = app_with(cors_origins=origins)
    asked = preflight(PATH, "POST", "authorization,content-type", app)
    answered = call("GET", "/cds-services", app, headers={"origin": ORIGIN})

    assert asked.headers.get("access-control-allow-origin") == allowed
    assert answered.headers.get("access-control-allow-origin") == allowed


def test_the_guideline_is_there_to_be_read() -> None:
    response = call("GET", "/guideline")

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == guideline_text()


def test_the_guideline_to_be_read_is_the_one_that_decides(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(f"# our copy\n{guideline_text()}", "utf-8")

    assert call("GET", "/guideline", app_with(guideline=own)).text.startswith("# our copy")


def test_a_guideline_that_cannot_be_used_starts_no_service(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("site: breast", "utf-8")

    with pytest.raises(GuidelineError, match=r"own\.yaml"):
        app_with(guideline=own)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IORT_CDS_PUBLIC_URL", "https://cds.example.org")
    monkeypatch.setenv("IORT_CDS_TODAY", "2026-06-15")

    (card,) = post(request_of(), create_app()).json()["cards"]
    assert card["source"]["url"] == "https://cds.example.org/guideline"


# --- OpenAPI


def document() -> dict[str, Any]:
    response = call("GET", "/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def operation() -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"]["/cds-services/{service_id}"]["post"]
    return found


def body_schema() -> dict[str, Any]:
    body = operation()["requestBody"]
    assert body["required"]
    schema: dict[str, Any] = body["content"]["application/json"]["schema"]
    return schema


def test_the_openapi_document_is_valid() -> None:
    parsed = OpenAPI.model_validate(document())

    assert parsed.info.version == __version__
    assert set(document()["paths"]) == {
        "/cds-services",
        "/cds-services/{service_id}",
        "/cds-services/{service_id}/feedback",
        "/guideline",
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_the_answers_that_are_documented_are_those_that_are_given() -> None:
    assert set(operation()["responses"]) == {"200", "4XX"}


def test_the_body_in_the_openapi_document_is_a_schema_by_itself() -> None:
    schema = body_schema()

    Draft202012Validator.check_schema(schema)
    assert "$ref" not in str(schema)


def test_a_real_request_is_one_by_the_openapi_document() -> None:
    assert Draft202012Validator(body_schema()).is_valid(request_of())


@pytest.mark.parametrize(
    "body",
    [
        request_of(hook=None),
        request_of(hookInstance=None),
        request_of(context=None),
        request_of(hook="patient-view"),
        with_context(patientId=""),
        with_context(patientId=None),
        {**request_of(), "hookInstance": ""},
        [],
    ],
)
def test_what_the_openapi_document_rules_out_is_refused(body: Any) -> None:
    assert not Draft202012Validator(body_schema()).is_valid(body)
    assert post(body).status_code == 400


# --- the start


@pytest.mark.usefixtures("collector")
def test_the_start_warns_of_readings_that_nobody_reviewed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, module.__name__):
        start(shared_app())

    assert "readings of the guideline are not clinically reviewed" in caplog.text


@pytest.mark.usefixtures("collector")
def test_the_start_is_silent_when_all_readings_are_reviewed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = yaml.safe_load(guideline_text())
    for reading in data["readings"].values():
        reading.update(reviewedBy="A. Reviewer", reviewedOn="2026-01-31")
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")

    with caplog.at_level(logging.WARNING, module.__name__):
        start(app_with(guideline=own))

    assert "readings" not in caplog.text


@pytest.mark.usefixtures("collector")
def test_what_is_loaded_once_is_left_out_of_collections() -> None:
    frozen, thresholds = start(shared_app())

    assert frozen > 0
    assert thresholds[0] > 700
