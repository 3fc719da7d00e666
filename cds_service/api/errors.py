"""Errors over HTTP: an OperationOutcome, with the three members that simple clients look for."""

import json
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

_ISSUES = {
    400: "invalid",
    401: "login",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    412: "processing",
    413: "too-long",
    429: "throttled",
    503: "transient",
}


def error_response(status: int, message: str) -> Response:
    """Return an error; the message names members, never values.

    Args:
        status: the HTTP status.
        message: what is wrong.
    """
    body = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": _ISSUES.get(status, "exception"),
                "details": {"text": message},
                "diagnostics": message,
            }
        ],
        "status": status,
        "error": HTTPStatus(status).phrase,
        "message": message,
    }
    return Response(json.dumps(body), status, media_type="application/json")


async def http_error(_: Request, error: Exception) -> Response:
    """Answer an error that the framework raised, such as an unknown path."""
    assert isinstance(error, HTTPException)
    response = error_response(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response
