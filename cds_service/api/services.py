"""The CDS Hooks endpoints: discovery and the services themselves."""

import logging
from typing import Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cds_service.api.admission import Refused
from cds_service.api.answering import answer
from cds_service.api.errors import error_response
from cds_service.api.offers import HOOKS, SERVICE_IDS
from cds_service.api.schema import REQUEST_BODY
from cds_service.api.state import State
from cds_service.faults import place_of
from cds_service.hooks.cards import Card, Cards
from cds_service.hooks.request import HookRequest, RequestError, parse_request
from cds_service.operations.context import current
from cds_service.sessions import Session
from cds_service.store.records import Answer
from cds_service.trust.tokens import Caller

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
    state = State.of(request)
    try:
        await state.admission.admit_to_discovery(request, state.base_url(request))
    except Refused as refused:
        return refused.response
    return _json(state.discovery)


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
    state = State.of(request)
    base_url = state.base_url(request)
    try:
        caller = await state.admission.admit(request, base_url)
        hook_request = parse_request(await request.body())
    except Refused as refused:
        return refused.response
    except RequestError as error:
        return error_response(400, str(error))
    if hook_request.hook not in HOOKS:
        return error_response(400, f"hook is none of {', '.join(HOOKS)}")
    context = current()
    context.service, context.hook = service_id, hook_request.hook
    context.hook_instance = hook_request.hook_instance
    context.issuer = caller.issuer if caller is not None else ""
    return await _answer(state, hook_request, base_url, caller)


async def _answer(
    state: State, request: HookRequest, base_url: str, caller: Caller | None
) -> Response:
    context = current()
    try:
        options = caller.ehr.options if caller is not None else None
        found = await answer(state, request, base_url, options)
    except Exception as error:  # noqa: BLE001 - the one boundary
        # An error of ours must never read as "no recommendations, all clear". Its message is not
        # logged: it may quote the record.
        _log.error("an order could not be judged: %s", place_of(error))
        context.outcome = "failed"
        return _cards([state.cards.notice(*_FAILED, base_url)])
    context.determinations += [one.assessment.determination for one in found.session.assessed]
    for timing in found.gathered.timings:
        context.queried(timing.type, timing.outcome, timing.seconds)
    if found.cards is None:
        return error_response(412, "data that decide could not be obtained")
    if found.session.assessed:
        _record(state, request, context.issuer, found.session, found.cards)
    return _cards(found.cards)


def _record(
    state: State, request: HookRequest, issuer: str, session: Session, cards: list[Card]
) -> None:
    """Record the answer for a dispute a year later; it never delays or fails the answer."""
    state.audit.record(
        Answer(
            hook=request.hook,
            hook_instance=request.hook_instance,
            issuer=issuer,
            assessed=session.assessed,
            pool=session.pool,
            cards=cards,
        )
    )


def _cards(cards: list[Card]) -> Response:
    return _json(_ENCODER.encode(Cards(cards)))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
