"""The CDS Hooks endpoints: discovery and the service itself."""

import logging
import traceback
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cds_service.api.errors import error_response
from cds_service.api.schema import REQUEST_BODY
from cds_service.api.state import State
from cds_service.guideline.model import Guideline
from cds_service.hooks.cards import Cards
from cds_service.hooks.discovery import Service, Services
from cds_service.hooks.request import HookRequest, RequestError, parse_request
from cds_service.sessions import Session, sign
from fhir_mappings.needs import prefetch_templates
from fhir_mappings.terminology import Terminology

SERVICE_ID: Final = "iort-coverage"
HOOK: Final = "order-sign"
_UNOBTAINABLE: Final = frozenset(("not-delivered", "not-authorised", "not-found"))
_NO_ORDERS: Final = (
    "No orders were received; nothing was checked",
    "The request has no Bundle with orders under context.draftOrders, so there was no order to "
    "judge. This says nothing about coverage.",
)
_UNREAD_ORDER: Final = (
    "An order could not be read; it was not checked for IORT coverage",
    "Something under context.draftOrders could not be read, so it is not known whether it orders "
    "IORT. This says nothing about its coverage.",
)
_FAILED: Final = (
    "IORT coverage could not be evaluated: an error in this service",
    "Nothing was judged, because of an error in this service. Check coverage with the plan; the "
    "error has been logged.",
)
_ENCODER = msgspec.json.Encoder()
_log = logging.getLogger(__name__)

router = APIRouter(tags=["CDS Hooks"])


@router.get("/cds-services", summary="What this server offers")
async def discover(request: Request) -> Response:
    """Answer discovery (CDS Hooks 2.0, "Discovery")."""
    return _json(State.of(request).discovery)


@router.post(
    "/cds-services/{service_id}",
    summary="Judge the IORT orders that are being signed",
    responses={"4XX": {"description": "An OperationOutcome that says why there is no answer"}},
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def call(service_id: str, request: Request) -> Response:
    """Answer a signed order with cards (CDS Hooks 2.0, "Calling a CDS Service")."""
    if service_id != SERVICE_ID:
        return error_response(404, "no service of this id")
    try:
        hook_request = parse_request(await request.body())
    except RequestError as error:
        return error_response(400, str(error))
    if hook_request.hook != HOOK:
        return error_response(400, f"hook is not one of this service: {HOOK}")
    state = State.of(request)
    base_url = state.base_url(request)
    try:
        return _answer(state, hook_request, base_url)
    except Exception as error:  # noqa: BLE001 - the one boundary
        # An error of ours must never read as "no recommendations, all clear". Its message is not
        # logged: it may quote the record.
        _log.error("an order could not be judged: %s", _place_of(error))
        card = state.cards.notice(*_FAILED, base_url)
        return _json(_ENCODER.encode(Cards([card])))


def discovery(terminology: Terminology) -> bytes:
    """Return the body of discovery."""
    service = Service(
        hook=HOOK,
        id=SERVICE_ID,
        title="Coverage of intraoperative radiation therapy",
        description=(
            "Tells, while an order for intraoperative radiation therapy (IORT) is being signed, "
            "how likely the payer is to cover it under the guideline Evolent_CG_226, why, and what "
            "documentation is missing. Other orders get no card."
        ),
        version="2.0.1",
        usage_requirements=(
            "Judges what the prefetch delivers. What is not delivered is named as unread, "
            "never taken as absent."
        ),
        prefetch=prefetch_templates(terminology),
    )
    return _ENCODER.encode(Services([service]))


def _answer(state: State, hook_request: HookRequest, base_url: str) -> Response:
    settings = state.settings
    today = settings.current_date()
    session = sign(state.assessor, hook_request, lambda _: today, settings.null_means)
    if settings.unobtainable == "412" and _lacks_data(state.assessor.guideline, session):
        return error_response(412, "data that decide could not be obtained from the prefetch")
    cards = state.cards.cards(session.assessed, base_url)
    if not session.received:
        cards.append(state.cards.notice(*_NO_ORDERS, base_url))
    if session.unread:
        cards.append(state.cards.notice(*_UNREAD_ORDER, base_url))
    return _json(_ENCODER.encode(Cards(cards)))


def _lacks_data(guideline: Guideline, session: Session) -> bool:
    """Tell whether an answer fails for want of data that were neither delivered nor allowed."""
    for assessment in (one.assessment for one in session.assessed):
        deciding = {
            source
            for one in assessment.criteria
            if one.unknown_kind == "retrieval"
            for source in guideline.criteria[one.id].reads
        }
        if assessment.determination == "unable-to-evaluate" and any(
            gap.why in _UNOBTAINABLE and gap.type in deciding for gap in assessment.unavailable
        ):
            return True
    return False


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} in {places}"


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
