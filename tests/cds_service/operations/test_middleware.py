"""The middleware: ids, limits, the access line and the counts."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from cds_service.operations.context import current, known
from cds_service.operations.logs import ACCESS
from cds_service.operations.metrics import Metrics
from cds_service.operations.middleware import RequestMiddleware

LIMIT = 1000
Asgi = Callable[[Scope, Receive, Send], Any]
router = APIRouter()


@router.post("/echo/{name}")
async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


@router.post("/guarded")
async def guarded(request: Request) -> Response:
    try:
        await request.body()
    except Exception:  # noqa: BLE001 - as a route does that never fails
        return PlainTextResponse("all clear")
    return PlainTextResponse("read")


@router.post("/judge")
async def judge() -> Response:
    context = current()
    context.service, context.hook, context.issuer = "iort-coverage", "order-sign", "https://ehr"
    context.hook_instance = "d15-77"
    context.determinations.append("likely-covered")
    context.queried("Observation", "ok", 0.1234)
    context.outcome = "judged"
    return PlainTextResponse("")


@router.post("/fail")
async def fail() -> Response:
    raise ValueError("Mary Smith")


@router.post("/break")
async def break_off() -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError("Mary Smith")

    return StreamingResponse(parts())


@router.get("/healthz")
async def healthz() -> Response:
    return PlainTextResponse("" if known() is None else "known")


def make_error(status: int, message: str) -> Response:
    return PlainTextResponse(message, status)


class Made:
    """An application behind the middleware, and what is to be seen of it."""

    def __init__(self, app: Asgi | None = None, **limits: Any) -> None:
        self.metrics = Metrics()
        limits = {"body_limit": LIMIT, "concurrency": 2, **limits}
        limits |= {"metrics": self.metrics, "make_error": make_error}
        self.app: Asgi
        if app is not None:
            self.app = RequestMiddleware(app, **limits)
        else:
            self.app = inner = FastAPI()
            inner.include_router(router)
            inner.add_middleware(RequestMiddleware, **limits)

    def send(self, path: str, content: Any = b"", method: str = "POST", **how: Any) -> Any:
        async def sending() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
                return await client.request(method, path, content=content, **how)

        return asyncio.run(sending())

    def counted(self, outcome: str) -> float:
        labels = {"service": "none", "hook": "none", "outcome": outcome}
        return self.metrics.registry.get_sample_value("iort_cds_requests_total", labels) or 0.0

    @property
    def in_flight(self) -> float | None:
        return self.metrics.registry.get_sample_value("iort_cds_requests_in_flight")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.INFO, logger="cds_service")

    def read() -> list[dict[str, Any]]:
        return [one.__dict__["fields"] for one in caplog.records if one.name == ACCESS]

    return read


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


def test_each_request_gets_an_id() -> None:
    made = Made()
    ids = {made.send("/echo/a").headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(one) == 32 for one in ids)


@pytest.mark.parametrize(
    ("sent", "taken"),
    [("abc-1.2:3_4", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("", False)],
)
def test_an_id_that_came_is_kept_if_it_looks_like_one(sent: str, taken: bool) -> None:
    response = Made().send("/echo/a", headers={"x-request-id": sent})
    assert (response.headers["x-request-id"] == sent) is taken


def test_the_access_line_says_what_became_of_a_request(lines: Any) -> None:
    made = Made()
    made.send("/judge")
    (line,) = lines()
    assert line.pop("durationMs") >= 0
    assert line == {
        "method": "POST",
        "route": "/judge",
        "status": 200,
        "outcome": "judged",
        "determinations": ["likely-covered"],
        "queries": [{"type": "Observation", "outcome": "ok", "ms": 123.4}],
    }
    value = made.metrics.registry.get_sample_value
    labels = {"service": "iort-coverage", "hook": "order-sign", "outcome": "judged"}
    assert value("iort_cds_requests_total", labels) == 1.0
    assert value("iort_cds_determinations_total", {"determination": "likely-covered"}) == 1.0
    assert made.in_flight == 0.0


def test_the_access_line_names_the_route_and_never_the_path(lines: Any) -> None:
    made = Made()
    made.send("/echo/Smith?name=Mary")
    made.send("/Smith")
    assert [(line["route"], line["status"], line["outcome"]) for line in lines()] == [
        ("/echo/{name}", 200, "ok"),
        (None, 404, "refused"),
    ]


def test_no_access_line_below_the_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="cds_service")
    made = Made()
    made.send("/echo/a")
    made.send("/fail")
    assert [one.__dict__["fields"]["status"] for one in caplog.records if one.name == ACCESS] == [
        500
    ]


def test_probes_pass_by() -> None:
    made = Made(concurrency=0)
    response = made.send("/healthz", method="GET")
    assert (response.status_code, response.text) == (200, "")
    assert "x-request-id" not in response.headers


def test_other_protocols_pass_by() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    made = Made(app)
    asyncio.run(made.app({"type": "lifespan"}, nothing, sink))
    assert seen == ["lifespan"]


def test_bodies_up_to_the_limit_pass() -> None:
    made = Made()
    assert len(made.send("/echo/a", b"x" * LIMIT).content) == LIMIT
    assert len(made.send("/echo/a", chunks(400, 600)).content) == LIMIT


@pytest.mark.parametrize("path", ["/echo/a", "/guarded"])
@pytest.mark.parametrize("content", [b"x" * (LIMIT + 1), (600, 401, 10**9)])
def test_larger_bodies_are_refused(path: str, content: Any, lines: Any) -> None:
    made = Made()
    body = content if isinstance(content, bytes) else chunks(*content[:2])
    response = made.send(path, body)
    assert response.status_code == 413
    assert response.text == "the body has more than 1000 bytes"
    assert response.headers["connection"] == "close"
    assert "x-request-id" in response.headers
    assert made.counted("too-large") == 1.0
    assert lines()[0]["status"] == 413


@pytest.mark.parametrize("stated", [b"9" * 5000, b"99999999999999999999"])
def test_absurd_lengths_are_refused(stated: bytes) -> None:
    response = Made().send("/echo/a", chunks(1), headers={b"content-length": stated})
    assert response.status_code == 413


def test_a_length_that_is_no_number_is_not_believed() -> None:
    made = Made()
    headers = {"content-length": "few"}
    assert made.send("/echo/a", chunks(1), headers=headers).status_code == 200
    assert made.send("/echo/a", chunks(LIMIT, 1), headers=headers).status_code == 413


def test_a_body_that_grows_after_the_answer_began_ends_it() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await receive()
        await receive()

    made = Made(app)
    sent = run(made.app, [part(600, more=True), part(600)])
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert made.counted("ok") == 1.0


def test_a_body_that_does_not_come_is_not_waited_for(lines: Any) -> None:
    made = Made(body_seconds=0.05)
    sent = run(made.app, [part(1, more=True)], then=asyncio.sleep(60))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert made.counted("too-slow") == 1.0


def test_once_the_body_is_there_it_may_take_longer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await receive()  # waits for the caller to go away, as a stream does
        await PlainTextResponse("late")(scope, receive, send)

    made = Made(app, body_seconds=0.02)
    sent = run(made.app, [part(1)], then=asyncio.sleep(0.1, {"type": "http.disconnect"}))
    assert sent[0]["status"] == 200


@pytest.mark.parametrize("late", [False, True])
def test_a_request_that_is_cancelled_counts_as_gone(late: bool, lines: Any) -> None:
    made = Made(body_seconds=0.05 if late else 10.0)

    async def cancelling() -> None:
        async def receive() -> Message:
            if late:  # both want an end at the same time
                time.sleep(0.1)
                asyncio.get_running_loop().call_soon(task.cancel)
            await asyncio.sleep(60)
            raise AssertionError

        task = asyncio.create_task(made.app(scope_of(), receive, sink))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelling())
    assert lines()[0]["status"] == 499
    assert made.counted("gone") == 1.0
    assert made.in_flight == 0.0


def test_a_caller_that_goes_away_is_no_error(lines: Any, caplog: pytest.LogCaptureFixture) -> None:
    made = Made()
    assert run(made.app, [part(1, more=True), {"type": "http.disconnect"}]) == []
    assert lines()[0]["outcome"] == "gone"
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_requests_over_the_limit_are_sent_away_at_once(lines: Any) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await PlainTextResponse("")(scope, receive, send)

    made = Made(app)

    async def three() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=made.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cds") as client:
            return await asyncio.gather(*(client.get("/") for _ in range(3)))

    responses = asyncio.run(three())
    assert sorted(one.status_code for one in responses) == [200, 200, 503]
    (busy,) = (one for one in responses if one.status_code == 503)
    assert busy.headers["retry-after"] == "1"
    assert made.counted("busy") == 1.0
    assert made.send("/").status_code == 200


def test_an_error_is_answered_and_logged_by_its_place(
    lines: Any, caplog: pytest.LogCaptureFixture
) -> None:
    made = Made()
    response = made.send("/fail")
    assert response.status_code == 500
    assert response.text == "an error in this service; it has been logged"
    assert "ValueError in fail:" in caplog.text
    assert "Mary" not in caplog.text + response.text
    assert made.counted("failed") == 1.0
    assert lines()[0]["status"] == 500


def test_an_error_in_the_middle_of_an_answer_breaks_it_off(lines: Any) -> None:
    made = Made()
    with pytest.raises(ValueError, match="Mary"):
        made.send("/break")
    assert lines()[0]["outcome"] == "failed"


def scope_of() -> Scope:
    return {
        "type": "http", "method": "POST", "path": "/echo/a", "headers": [], "query_string": b"",
        "root_path": "", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip


def part(size: int, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def sink(_: Message) -> None:
    pass


def run(app: Asgi, messages: list[Message], then: Any = None) -> list[Message]:
    """Give messages to an application; return what it sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        message: Message = messages.pop(0) if messages else await then
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope_of(), receive, send))
    return sent


@contextmanager
def served(made: Made) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        config = uvicorn.Config(made.app, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([free],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_over_the_wire_a_refused_body_is_not_read() -> None:
    read = []

    def endless() -> Iterator[bytes]:
        for count in range(2000):
            read.append(count)
            yield b"x" * 100_000

    with served(Made()) as url, httpx.Client(base_url=url, trust_env=False) as client:
        response = client.post("/echo/a", content=endless())
        assert response.status_code == 413
        assert len(read) < 2000
        assert client.post("/echo/a", content=b"x" * 5_000_000).status_code == 413
        assert client.post("/echo/a", content=b"small").text == "small"
