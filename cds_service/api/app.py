"""The application: routes, errors and middleware, put together."""

import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from cds_service import __version__
from cds_service.answer.cards import CardMaker
from cds_service.api import feedback, services
from cds_service.api.admission import Admission, Trust
from cds_service.api.cors import OriginsMiddleware, allowed_origins
from cds_service.api.errors import error_response, http_error
from cds_service.api.offers import discovery
from cds_service.api.state import State
from cds_service.factory import (
    build_assessor,
    build_ehr,
    build_store,
    guideline_text,
    open_registry,
)
from cds_service.operations import health, telemetry
from cds_service.operations.metrics import Metrics
from cds_service.operations.middleware import RequestMiddleware
from cds_service.settings import Settings
from cds_service.store.audit import Audit
from cds_service.store.replays import StoredReplays
from cds_service.store.store import Store
from cds_service.trust.replays import MemoryReplays

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application.

    Args:
        settings: those of the environment by default.

    Raises:
        GuidelineError, TerminologyError, RegistryError, StoreError: something that the settings
            name cannot be used.
    """
    settings = settings or Settings()
    state = _state(settings)
    app = FastAPI(
        title="iort-cds",
        version=__version__,
        description="Coverage of intraoperative radiation therapy orders, as CDS Hooks cards.",
        lifespan=_lifespan,
        telemetry=telemetry.NATIVE,
    )
    app.state.service = state
    app.add_exception_handler(HTTPException, http_error)
    app.add_middleware(
        RequestMiddleware,
        metrics=state.metrics,
        make_error=error_response,
        body_limit=settings.body_limit,
        concurrency=max(1, settings.concurrency // settings.workers),
    )
    # Browsers ask OPTIONS first and without credentials; this answers before anything else.
    app.add_middleware(OriginsMiddleware, origins=lambda: allowed_origins(state))
    app.include_router(services.router)
    app.include_router(feedback.router)
    app.include_router(health.make_router(_checks(state), state.metrics.registry))
    app.add_api_route(
        "/guideline",
        _guideline,
        response_class=PlainTextResponse,
        tags=["Guideline"],
        summary="How the guideline is read",
    )
    app.state.end_tracing = telemetry.setup(app)
    return app


def _state(settings: Settings) -> State:
    assessor = build_assessor(settings)
    sandbox = settings.profile == "sandbox"
    trust = Trust(open_registry(settings), sandbox=sandbox)
    ehr = build_ehr(settings, assessor.terminology, trust.gate)
    store = build_store(settings)
    replays = MemoryReplays() if store is None else StoredReplays(store)
    metrics = Metrics()
    audit = Audit(
        store,
        hash_key=settings.hash_key.get_secret_value(),
        retention_days=settings.retention_days,
        on_drop=metrics.audit_dropped,
    )
    return State(
        settings=settings,
        assessor=assessor,
        cards=CardMaker(assessor.guideline),
        discovery=discovery(assessor.terminology),
        guideline_text=guideline_text(settings.guideline),
        trust=trust,
        ehr=ehr,
        admission=Admission(settings, trust, ehr, replays),
        store=store,
        audit=audit,
        metrics=metrics,
    )


def _checks(state: State) -> dict[str, Callable[[], Any]]:
    """Return what has to work for the service to be ready."""
    checks: dict[str, Callable[[], Any]] = {"registry": state.trust.registry}
    if state.store is not None:
        checks["store"] = partial(_reach, state.store)
    return checks


def _reach(store: Store) -> None:
    with store.begin(read_only=True):
        pass


async def _guideline(request: Request) -> PlainTextResponse:
    """The guideline's data file: criteria, paths and readings, for people to read."""
    return PlainTextResponse(State.of(request).guideline_text)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.service
    readings = state.assessor.guideline.readings.values()
    unreviewed = sum(not one.reviewed_by for one in readings)
    if unreviewed:
        _log.warning("%d readings of the guideline are not clinically reviewed", unreviewed)
    if state.settings.profile == "sandbox":
        _log.warning("profile sandbox: every caller is let in; not for real patients")
    # What was loaded lives as long as the process, and what a request makes dies with it: fewer
    # collections that do not walk the former take most of the tail off the response times.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    yield
    await state.close()
    if app.state.end_tracing is not None:
        app.state.end_tracing()
