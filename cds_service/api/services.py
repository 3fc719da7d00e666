"""The CDS Hooks endpoints: discovery and the services themselves."""

import logging
import traceback
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cds_service.api.answering import answer
from cds_service.api.errors import error_response
from cds_service.api.offers import HOOKS, SERVICE_IDS
from cds_service.api.schema import REQUEST_BODY
from cds_service.api.state import State
from cds_service.ehr.options import EhrOptions
from cds_service.hooks.cards import Cards
from cds_service.hooks.request import HookRequest, RequestError, parse_request

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
    summary="Judge IORT orders",
    responses={"4XX": {"description": "An OperationOutcome that says why there is no answer"}},
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def call(service_id: str, request: Request) -> Response:
    """Answer a hook with cards (CDS Hooks 2.0, "Calling a CDS Service").

    Each service answers whichever of our hooks the body names: real clients mix them.
    """
    if service_id not in SERVICE_IDS:
        return error_response(404, "no service of this id")
    try:
        hook_request = parse_request(await request.body())
    except RequestError as error:
        return error_response(400, str(error))
    if hook_request.hook not in HOOKS:
        return error_response(400, f"hook is none of {', '.join(HOOKS)}")
    state = State.of(request)
    return await _answer(state, hook_request, state.base_url(request), None)


async def _answer(
    state: State, hook_request: HookRequest, base_url: str, caller: EhrOptions | None
) -> Response:
    try:
        found = await answer(state, hook_request, base_url, caller)
    except Exception as error:  # noqa: BLE001 - the one boundary
        # An error of ours must never read as "no recommendations, all clear". Its message is not
        # logged: it may quote the record.
        _log.error("an order could not be judged: %s", _place_of(error))
        return _cards(Cards([state.cards.notice(*_FAILED, base_url)]))
    if found.cards is None:
        return error_response(412, "data that decide could not be obtained")
    return _cards(Cards(found.cards))


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} in {places}"


def _cards(cards: Cards) -> Response:
    return _json(_ENCODER.encode(cards))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
