"""The one middleware: request ids, limits, the access line and the metrics of a request.

It is one layer and not five, because every request pays for each.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cds_service.faults import place_of
from cds_service.operations.context import RequestContext, begin, end, is_sane
from cds_service.operations.logs import ACCESS
from cds_service.operations.metrics import Metrics

PROBES: Final = frozenset(("/healthz", "/readyz", "/metrics"))
MakeError = Callable[[int, str], Response]
_RETRY_SECONDS: Final = "1"
_LENGTH_DIGITS: Final = 18
_GONE: Final = 499  # what a proxy would call it: nobody is there to be answered
_OUTCOMES: Final = {0: "gone", 4: "refused", 5: "failed"}
_access = logging.getLogger(ACCESS)
_log = logging.getLogger(__name__)


class _Refused(Exception):  # noqa: N818 - it is no error of ours
    """The body of a request is not read further."""


class RequestMiddleware:
    """Answers for each request but the probes, which are to be answered under any load.

    Args:
        app: the application.
        metrics: where requests are counted.
        make_error: makes the answer of an HTTP status and a message.
        body_limit: bytes that a body may have.
        concurrency: requests that this process answers at the same time; more are sent away.
        body_seconds: time in which a body has to arrive, as it holds a place meanwhile.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        make_error: MakeError,
        body_limit: int,
        concurrency: int,
        body_seconds: float = 10.0,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._make_error = make_error
        self._body_limit = body_limit
        self._concurrency = concurrency
        self._body_seconds = body_seconds
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        request_id, length = _read(scope["headers"])
        context = RequestContext(request_id)
        token = begin(context)
        exchange = _Exchange(self._body_limit, self._body_seconds, request_id, receive, send)
        self._in_flight += 1
        self._metrics.in_flight.inc()
        try:
            if self._in_flight > self._concurrency:
                exchange.refusal = (503, "busy", "too many requests at the same time")
            elif length > self._body_limit:
                exchange.refuse_size()
            else:
                await self._run(scope, exchange)
            if exchange.refusal is not None and not exchange.status:
                await self._refuse(scope, exchange, context)
        finally:
            self._in_flight -= 1
            self._metrics.in_flight.dec()
            self._finish(scope, context, exchange, perf_counter() - start)
            end(token)

    async def _run(self, scope: Scope, exchange: "_Exchange") -> None:
        """Run the application; what it raises is logged by its place and answered."""
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:
            if exchange.refusal is not None or exchange.gone:
                return  # it comes of that, and is no error of the application
            _log.error("a request could not be answered: %s", place_of(error))
            if exchange.status:
                exchange.status = 500
                raise
            exchange.refusal = (500, "", "an error in this service; it has been logged")

    async def _refuse(self, scope: Scope, exchange: "_Exchange", context: RequestContext) -> None:
        assert exchange.refusal is not None
        status, outcome, message = exchange.refusal
        exchange.refusal = None
        response = self._make_error(status, message)
        if status == 503:
            response.headers["retry-after"] = _RETRY_SECONDS
        if status in (408, 413):
            response.headers["connection"] = "close"  # what is still to come is not read
        context.outcome = outcome
        await response(scope, exchange.receive, exchange.send)

    def _finish(
        self, scope: Scope, context: RequestContext, exchange: "_Exchange", seconds: float
    ) -> None:
        outcome = context.outcome or _OUTCOMES.get(exchange.status // 100, "ok")
        status = exchange.status or _GONE
        self._metrics.answered(context, outcome, seconds)
        level = logging.WARNING if status >= 500 else logging.INFO
        if _access.isEnabledFor(level):
            _write(level, _line(scope, context, outcome, status, seconds))


class _Exchange:
    """The messages of one request."""

    __slots__ = (
        "_limit",
        "_receive",
        "_request_id",
        "_seconds",
        "_send",
        "_size",
        "_until",
        "_whole",
        "gone",
        "refusal",
        "status",
    )

    def __init__(
        self, limit: int, seconds: float, request_id: str, receive: Receive, send: Send
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._request_id = request_id
        self._receive = receive
        self._send = send
        self._size = 0
        self._until = 0.0
        self._whole = False
        self.gone = False
        self.status = 0
        self.refusal: tuple[int, str, str] | None = None

    async def receive(self) -> Message:
        """Receive a message; a body is counted while it comes, and never kept here."""
        if self._whole:
            return await self._receive()  # that the caller went away, whenever that is
        message = await self._receive_in_time()
        self._whole = not message.get("more_body", False)
        self.gone = message["type"] == "http.disconnect"
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            self.refuse_size()
            raise _Refused
        return message

    async def _receive_in_time(self) -> Message:
        # As asyncio.timeout_at does it, at half its cost.
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._until = self._until or loop.time() + self._seconds
        alarm = loop.call_at(self._until, self._stop, task)
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if self.refusal is None or task.uncancel() > 0:
                raise  # somebody else wants an end
            raise _Refused from None
        finally:
            alarm.cancel()

    def _stop(self, task: asyncio.Task[Any]) -> None:
        self.refusal = (408, "too-slow", "the body did not arrive in time")
        task.cancel()

    async def send(self, message: Message) -> None:
        """Send a message, unless the request was refused and something else will be sent."""
        if message["type"] == "http.response.start":
            if self.refusal is not None:
                return
            self.status = message["status"]
            named = (b"x-request-id", self._request_id.encode())
            message["headers"] = [*message.get("headers", ()), named]
        elif not self.status:
            return
        await self._send(message)

    def refuse_size(self) -> None:
        """Refuse the body for its size."""
        self.refusal = (413, "too-large", f"the body has more than {self._limit} bytes")


def _read(headers: list[tuple[bytes, bytes]]) -> tuple[str, int]:
    """Return the id of a request and the length of its body, as far as they are stated."""
    request_id, length = "", 0
    for name, value in headers:
        if name == b"content-length":
            # A number of more digits is no length of anything, and slow to read.
            length = int(value[: _LENGTH_DIGITS + 1]) if value.isdigit() else 0
        elif name == b"x-request-id":
            request_id = value.decode("latin-1")
    return (request_id if is_sane(request_id) else os.urandom(16).hex()), length


def _line(
    scope: Scope, context: RequestContext, outcome: str, status: int, seconds: float
) -> dict[str, Any]:
    # The route and never the path, in which anything may stand.
    line = {
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", None),
        "status": status,
        "outcome": outcome,
        "durationMs": round(seconds * 1000, 2),
    }
    if context.determinations:
        line["determinations"] = context.determinations
    if context.queries:
        line["queries"] = [
            {"type": one.type, "outcome": one.outcome, "ms": round(one.seconds * 1000, 1)}
            for one in context.queries
        ]
    return line


def _write(level: int, fields: dict[str, Any]) -> None:
    # Made by hand: the logger would walk the stack to name this very line.
    record = logging.LogRecord(ACCESS, level, "", 0, "request", None, None)
    record.__dict__["fields"] = fields
    _access.handle(record)
