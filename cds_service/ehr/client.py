"""The FHIR client of one request: `fhirpy` over the shared HTTP client.

`fhirpy` as it is opens a connection for each request, and can be led to send the token to another
origin by a crafted link. Here its transport is ours: one pool, addresses compared by their parts,
and errors that carry status and ``Retry-After``.
"""

import email.utils
import time
from typing import Any, Final

import httpx
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import (
    AuthorizationError,
    BaseFHIRError,
    ForbiddenError,
    OperationOutcome,
    ResourceNotFound,
)
from fhirpy.base.utils import encode_params

from cds_service.ehr.addresses import Base

_LARGEST: Final = 30_000_000  # bytes of one answer
_ACCEPT: Final = "application/fhir+json, application/json;q=0.9"


class HttpError(BaseFHIRError):
    """An answer that is no success; its message says the status only.

    Attributes:
        status: of the answer.
        retry_after: seconds after which the server wants to be asked again.
    """

    status: int = 0
    retry_after: float | None = None

    @property
    def transient(self) -> bool:
        """Whether another try may succeed."""
        return self.status in (429, 502, 503, 504)


class UnauthorizedHttpError(HttpError, AuthorizationError):
    """401."""


class ForbiddenHttpError(HttpError, ForbiddenError):
    """403."""


class NotFoundHttpError(HttpError, ResourceNotFound):
    """404 and 410."""


class OtherHttpError(HttpError, OperationOutcome):
    """Any other status."""


class TooLargeError(BaseFHIRError):
    """An answer larger than any that makes sense."""


_ERRORS: Final[dict[int, type[HttpError]]] = {
    401: UnauthorizedHttpError,
    403: ForbiddenHttpError,
    404: NotFoundHttpError,
    410: NotFoundHttpError,
}


class EhrClient(AsyncFHIRClient):
    """Asks one FHIR server with one token; answers are bytes."""

    def __init__(self, base: Base, http: httpx.AsyncClient, token: str | None) -> None:
        super().__init__(str(base), f"Bearer {token}" if token else None)
        self._base = base
        self._http = http

    def _build_request_url(self, path: str, params: dict[str, Any] | None) -> str:
        """Return the address of a path below the base; nothing leads elsewhere."""
        if path.startswith("?"):
            return f"{self._base}{path}"
        query = f"?{encode_params(params)}" if params else ""  # type: ignore[no-untyped-call]
        return f"{self._base}/{path}{query}"

    async def _do_request(
        self,
        method: str,
        path: str,
        data: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        extra_headers: dict[str, str] | None = None,
        *,
        returning_status: bool = False,
    ) -> Any:  # noqa: ANN401 - the interface of fhirpy
        headers = {**self._build_request_headers(), "Accept": _ACCEPT, **(extra_headers or {})}
        url = self._build_request_url(path, params)
        async with self._http.stream(method, url, headers=headers, json=data) as response:
            if not response.is_success:
                raise _error_of(response)
            content = await _content(response)
        return (content, response.status_code) if returning_status else content


async def _content(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _LARGEST:
            raise TooLargeError("the answer is too large")
        parts.append(part)
    return b"".join(parts)


def _error_of(response: httpx.Response) -> HttpError:
    kind = _ERRORS.get(response.status_code, OtherHttpError)
    error = kind(f"status {response.status_code}")
    error.status = response.status_code
    error.retry_after = _seconds(response.headers.get("Retry-After"))
    return error


def _seconds(text: str | None) -> float | None:
    """Parse Retry-After: seconds, or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text[:9])
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return None
