"""Feedback on cards (CDS Hooks 2.0, "Feedback")."""

import logging

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cds_service.api.admission import Refused
from cds_service.api.errors import error_response
from cds_service.api.offers import SERVICE_IDS
from cds_service.api.state import State
from cds_service.hooks.feedback import parse_feedback
from cds_service.hooks.request import RequestError
from cds_service.operations.context import current
from cds_service.store.errors import StoreError

_log = logging.getLogger(__name__)

router = APIRouter(tags=["CDS Hooks"])


@router.post(
    "/cds-services/{service_id}/feedback",
    summary="Report what became of cards",
    responses={"4XX": {"description": "An OperationOutcome that says what is wrong"}},
)
async def report(service_id: str, request: Request) -> Response:
    """Keep feedback; the answer is empty, and given once it is safely stored."""
    if service_id not in SERVICE_IDS:
        return error_response(404, "no service of this id")
    state = State.of(request)
    try:
        caller = await state.admission.admit(request, state.base_url(request))
        items = parse_feedback(await request.body())
    except Refused as refused:
        return refused.response
    except RequestError as error:
        return error_response(400, str(error))
    context = current()
    context.service = service_id
    context.issuer = caller.issuer if caller is not None else ""
    if state.store is None:
        return error_response(503, "feedback is not kept here")
    try:
        await to_thread.run_sync(state.store.save_feedback, context.issuer, items)
    except StoreError as error:
        _log.error("feedback could not be stored: %s", error)
        return error_response(503, "feedback could not be stored")
    for item in items:
        state.metrics.feedback(item.outcome)
    return Response()
