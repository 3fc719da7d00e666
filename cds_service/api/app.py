"""The application: routes, errors and middleware, put together."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from cds_service import __version__
from cds_service.answer.cards import CardMaker
from cds_service.api import services
from cds_service.api.errors import http_error
from cds_service.api.offers import discovery
from cds_service.api.state import State
from cds_service.factory import build_assessor, build_ehr, guideline_text
from cds_service.settings import Settings

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: those of the environment by default.

    Raises:
        GuidelineError, TerminologyError: a file that the settings name cannot be used.
    """
    settings = settings or Settings()
    assessor = build_assessor(settings)
    app = FastAPI(
        title="iort-cds",
        version=__version__,
        description="Coverage of intraoperative radiation therapy orders, as CDS Hooks cards.",
        lifespan=_lifespan,
    )
    app.state.service = State(
        settings,
        assessor,
        CardMaker(assessor.guideline),
        discovery(assessor.terminology),
        guideline_text(settings.guideline),
        build_ehr(settings, assessor.terminology),
    )
    app.add_exception_handler(HTTPException, http_error)
    # Browsers ask OPTIONS first and without credentials; this answers before any route.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )
    app.include_router(services.router)
    app.add_api_route(
        "/guideline",
        _guideline,
        response_class=PlainTextResponse,
        tags=["Guideline"],
        summary="How the guideline is read",
    )
    return app


async def _guideline(request: Request) -> PlainTextResponse:
    """The guideline's data file: criteria, paths and readings, for people to read."""
    return PlainTextResponse(State.of(request).guideline_text)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.service
    unreviewed = [
        one.id for one in state.assessor.guideline.readings.values() if not one.reviewed_by
    ]
    if unreviewed:
        _log.warning("%d readings of the guideline are not clinically reviewed", len(unreviewed))
    # What was loaded lives as long as the process, and what a request makes dies with it: fewer
    # collections that do not walk the former take most of the tail off the response times.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    yield
    await state.ehr.close()
