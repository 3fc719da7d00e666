"""The applications that are compared; each is one FastAPI route."""

import asyncio
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response

from benchmarks.bodies import resources
from cds_service.api.app import create_app

SLOW_SECONDS = 0.3
_ANSWER = orjson.dumps({"cards": []})


def echo() -> FastAPI:
    """The floor: FastAPI that parses the body with orjson and answers something."""
    app = FastAPI()

    @app.post("/cds-services/iort-coverage")
    async def call(request: Request) -> Response:
        orjson.loads(await request.body())
        return Response(_ANSWER, media_type="application/json")

    return app


def service() -> FastAPI:
    """This service."""
    return create_app()


def fhir() -> FastAPI:
    """An EHR that answers searches at once, but for Procedures."""
    app = FastAPI()
    held = resources()
    connections: set[Any] = set()
    queries: list[str] = []

    @app.get("/seen")
    async def seen() -> dict[str, int]:
        return {"queries": len(queries), "connections": len(connections)}

    @app.get("/fhir/{kind}")
    async def search(kind: str, request: Request) -> Response:
        if kind != "metadata":
            connections.add(request.client)
            queries.append(kind)
        if kind == "Procedure":
            await asyncio.sleep(SLOW_SECONDS)
        entries = [{"resource": one} for one in held.get(kind, ())]
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        return Response(orjson.dumps(bundle), media_type="application/fhir+json")

    return app


def validating() -> FastAPI:
    """Full validation: every resource of the prefetch through fhir.resources (R4B)."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - slow to import

    app = FastAPI()

    @app.post("/cds-services/iort-coverage")
    async def call(request: Request) -> Response:
        body = orjson.loads(await request.body())
        for value in body["prefetch"].values():
            get_fhir_model_class(value["resourceType"]).model_validate(value)
        return Response(_ANSWER, media_type="application/json")

    return app
