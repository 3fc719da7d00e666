"""Calling the service in tests, inside one process."""

import asyncio
import gc
import json
from datetime import date
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI

from cds_service.answer.assessment import EXTENSION
from cds_service.api.app import create_app
from cds_service.cli.compose import compose_request
from cds_service.settings import Settings
from tests.builders import DAY, Record, breast

PATH = "/cds-services/iort-coverage"
Json = dict[str, Any]


def app_with(**settings: Any) -> FastAPI:
    """The service with settings off their defaults, on the day of the test records."""
    return create_app(Settings(**{"today": date.fromisoformat(DAY), **settings}))


@cache
def shared_app() -> FastAPI:
    """The service at its defaults."""
    return app_with()


def call(method: str, path: str, app: FastAPI | None = None, **how: Any) -> httpx.Response:
    """Send any request."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app or shared_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
            return await client.request(method, path, **how)

    return asyncio.run(send())


def post(body: Any, app: FastAPI | None = None, path: str = PATH) -> httpx.Response:
    """Send a body, bytes as they are and anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return call("POST", path, app, content=content)


def cards_of(body: Any, app: FastAPI | None = None) -> list[Json]:
    """Send a body and return the cards of the answer."""
    response = post(body, app)
    assert response.status_code == httpx.codes.OK, response.text
    cards: list[Json] = response.json()["cards"]
    assert not any("an error in this service" in card["summary"] for card in cards)
    return cards


def assessments_of(body: Any, app: FastAPI | None = None) -> list[Json]:
    """Send a body and return the assessments in the answer."""
    return [card["extension"][EXTENSION] for card in cards_of(body, app) if "extension" in card]


def determinations(body: Any, app: FastAPI | None = None) -> list[str]:
    """Send a body and return what was found of each order."""
    return [one["determination"] for one in assessments_of(body, app)]


def request_of(record: Record | None = None, **changes: Any) -> Json:
    """The request in which the order of a record is signed; None takes a member out."""
    record = record or breast()
    request = {**compose_request(record.bundle, record.unavailable), **changes}
    return {name: value for name, value in request.items() if name not in changes or value}


def with_context(record: Record | None = None, **changes: Any) -> Json:
    """A request with other members of its context."""
    request = request_of(record)
    request["context"].update(changes)
    return request


def with_prefetch(record: Record | None = None, **changes: Any) -> Json:
    """A request with other values under some prefetch keys."""
    request = request_of(record)
    request["prefetch"].update(changes)
    return request


def without_prefetch(*keys: str, record: Record | None = None) -> Json:
    """A request that lacks some prefetch keys."""
    request = request_of(record)
    for key in keys:
        del request["prefetch"][key]
    return request


def unavailable(body: Any, app: FastAPI | None = None) -> dict[str, tuple[str, str | None]]:
    """Send a body and return what is named as unread: its state and why."""
    (assessment,) = assessments_of(body, app)
    return {
        one["need"]: (one["state"], one.get("why")) for one in assessment.get("unavailable", [])
    }


def start(app: FastAPI) -> tuple[int, tuple[int, int, int]]:
    """Start an application; return what the collector leaves alone and when it runs."""

    async def run() -> tuple[int, tuple[int, int, int]]:
        async with app.router.lifespan_context(app):
            return gc.get_freeze_count(), gc.get_threshold()

    return asyncio.run(run())
