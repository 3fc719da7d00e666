"""Signing an order whose record has to be asked from a FHIR server, in tests."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from cds_service.answer.assessment import EXTENSION
from tests.builders import Record
from tests.cds_service.api.calling import PATH, app_with, request_of
from tests.memory_fhir import MemoryFhir

Json = dict[str, Any]
TOKEN = "the-access-token"


def server_of(record: Record, **how: Any) -> MemoryFhir:
    """A server that holds a record, but for the drafts."""
    held = [one for one in record.resources if one.get("status") != "draft"]
    return MemoryFhir(held, **how)


def asking(record: Record, url: str, *, token: str | None = TOKEN, **members: Any) -> Json:
    """A request without prefetch, that names a server and brings a token for it."""
    request = {**request_of(record), "prefetch": {}, "fhirServer": url}
    if token is not None:
        request["fhirAuthorization"] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.rs",
            "subject": "iort-cds",
        }
    return {**request, **members}


def cards_for(request: Json, app: FastAPI | None = None) -> list[Json]:
    """Send a request, and close the connections that it took."""
    own = app or app_with()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=own)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
                return await client.post(PATH, json=request, timeout=60)
        finally:
            await own.state.service.ehr.close()

    response = asyncio.run(send())
    assert response.status_code == httpx.codes.OK, response.text
    cards: list[Json] = response.json()["cards"]
    return cards


def assessment_for(request: Json, app: FastAPI | None = None) -> Json:
    """Send a request; return the assessment of its one order."""
    first, *_ = cards_for(request, app)
    assessment: Json = first["extension"][EXTENSION]
    return assessment
