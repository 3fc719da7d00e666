"""Feedback over HTTP: kept before it is acknowledged, and never lost silently."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds_service.store.store import Store
from tests.cds_service.api.calling import PATH, app_with, call, cards_of, request_of
from tests.cds_service.trust.signing import entry, write_registry
from tests.shared import captured_posts, needs_captured

FEEDBACK = f"{PATH}/feedback"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'feedback.db'}"


@pytest.fixture
def app(url: str) -> Any:
    app = app_with(store=url)
    yield app
    app.state.service.audit.close()
    app.state.service.store.close()


def item(card: str, **members: Any) -> dict[str, Any]:
    whole = {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-06-15T10:00:00Z",
        "overrideReason": {"reason": {"code": "plan-confirmed", "system": "urn:x"}},
    }
    return {**whole, **members}


def rows(url: str, table: str) -> list[Any]:
    from sqlalchemy import text

    store = Store.open(url)
    try:
        with store.begin(read_only=True) as connection:
            return list(connection.execute(text(f"select * from {table}")))
    finally:
        store.close()


def test_feedback_is_kept_and_answered_with_nothing(app: FastAPI, url: str) -> None:
    (card, *_) = cards_of(request_of(), app)
    body = {"feedback": [item(card["uuid"]), item("another-card")]}

    responses = [call("POST", FEEDBACK, app, json=body) for _ in range(2)]

    assert [(one.status_code, one.content) for one in responses] == [(200, b"")] * 2
    assert len(rows(url, "feedback")) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "feedback is missing"),
        ({"feedback": [{"outcome": "SECRET"}]}, "feedback[0].outcome"),
        ([], "the body is not a JSON object"),
    ],
)
def test_what_is_wrong_with_feedback_is_named(app: FastAPI, body: Any, told: str) -> None:
    response = call("POST", FEEDBACK, app, json=body)

    assert response.status_code == 400
    assert told in response.json()["message"]
    assert "SECRET" not in response.text


def test_feedback_for_a_service_that_is_not_offered_is_refused(app: FastAPI) -> None:
    path = "/cds-services/unknown/feedback"

    assert call("POST", path, app, json={"feedback": []}).status_code == 404


def test_where_feedback_is_not_kept_it_is_not_acknowledged() -> None:
    response = call("POST", FEEDBACK, app_with(), json={"feedback": [item("c")]})

    assert response.status_code == 503


def test_feedback_that_could_not_be_stored_is_not_acknowledged() -> None:
    broken = app_with(store="postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    response = call("POST", FEEDBACK, broken, json={"feedback": [item("c")]})
    broken.state.service.audit.close()
    broken.state.service.store.close()

    assert response.status_code == 503
    assert response.json()["message"] == "feedback could not be stored"


def test_each_answer_is_recorded_with_its_cards(app: FastAPI, url: str) -> None:
    cards = cards_of(request_of(), app)
    app.state.service.audit.close()

    assert len(rows(url, "audit")) == 1
    assert {row.uuid for row in rows(url, "cards")} == {card["uuid"] for card in cards}


@needs_captured
def test_what_a_real_client_reports_is_kept(app: FastAPI) -> None:
    posts = [found["body"] for _, found in captured_posts() if "feedback" in found["body"]]

    answers = [call("POST", FEEDBACK, app, json=body).status_code for body in posts]

    assert answers
    assert set(answers) == {200}


def test_feedback_of_strangers_is_refused(tmp_path: Path) -> None:
    registry = write_registry(tmp_path, north=entry())
    app = app_with(profile="production", registry=registry, public_url="https://cds.example.org")

    assert call("POST", FEEDBACK, app, json={"feedback": [item("c")]}).status_code == 401
