"""The applications that are compared; each is one FastAPI route."""

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response

from cds_service.api.app import create_app

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
