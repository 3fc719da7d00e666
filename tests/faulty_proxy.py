"""A FHIR server on the loopback that fails as it is told to, and remembers what it was asked.

It answers from a backend: another server (`Forward`) or resources in memory (`memory_fhir`). What
goes wrong is said by resource type, and can be anything that real servers, and bad ones, do::

    with FaultyProxy(MemoryFhir(resources)) as server:
        server.fault("Observation", status(403))
        ...ask the service with fhirServer = server.url...
    assert not any("authorization" in one.headers for one in server.seen)
"""

import asyncio
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode

import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

Json = dict[str, Any]
PAGES: Final = ""  # the type of a query for another page, which names none
_PATH: Final = "/fhir"
_SECONDS: Final = 30.0
_LONGEST: Final = 1_000_000  # bytes of a request's head


class Query(Struct, frozen=True):
    """A request as it came.

    Attributes:
        base: the address of the proxy, for links.
        path: below the base, such as ``Condition`` or ``Patient/p``.
        parameters: of the search, in their order.
        headers: by name in lower case.
    """

    base: str
    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def type(self) -> str:
        """The resource type; empty for what goes to the base itself, as pages and batches do."""
        return self.path.partition("/")[0]

    @property
    def is_search(self) -> bool:
        """Whether it is the first page of a search."""
        return self.method == "GET" and self.path == self.type != PAGES

    def get(self, name: str) -> str | None:
        """Return the value of a search parameter."""
        return next((value for known, value in self.parameters if known == name), None)

    def __str__(self) -> str:
        query = urlencode(self.parameters, safe=",|:/")
        return f"{self.path}?{query}" if query else self.path


class Reply(Struct, frozen=True):
    """An answer, and how it is sent.

    Attributes:
        wait: seconds before anything is sent.
        pace: seconds between one byte and the next.
        cut: bytes of the body after which the connection is closed; below 0, not even the head.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}
    wait: float = 0
    pace: float = 0
    cut: int | None = None

    @property
    def json(self) -> Any:
        """The body."""
        return msgspec.json.decode(self.body)


Backend = Callable[[Query], Reply]
# A fault gets the query, and a function that asks the backend.
Fault = Callable[[Query, Callable[[], Reply]], Reply]
Condition = Callable[[Query], bool]


class _Rule(NamedTuple):
    type: str
    fault: Fault
    when: Condition
    times: list[int]

    def takes(self, query: Query) -> bool:
        """Tell whether the fault befalls a query, and count it if it does."""
        if self.type not in ("*", query.type) or not self.times[0] or not self.when(query):
            return False
        self.times[0] -= 1
        return True


class FaultyProxy:
    """The server, in a thread of its own.

    Attributes:
        url: its base address.
        seen: what it was asked, in order.
        page_size: the `_count` that every search gets, whatever it asked for; None to leave it.
    """

    def __init__(self, backend: Backend) -> None:
        self.url = ""
        self.seen: list[Query] = []
        self.page_size: int | None = None
        self._backend = backend
        self._rules: list[_Rule] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_SECONDS)

    def fault(
        self, kind: str, fault: Fault, *, when: Condition = lambda _: True, times: int = -1
    ) -> None:
        """Let queries fail; of several rules for a query, the latest counts.

        Args:
            kind: the resource type; ``*`` for all, `PAGES` for the pages after the first.
            fault: what happens.
            when: only queries of which this is true.
            times: only so many of them, all by default.
        """
        self._rules.insert(0, _Rule(kind, fault, when, [times]))

    def heal(self) -> None:
        """Take all faults back, and forget what was asked."""
        self._rules.clear()
        self.seen.clear()
        self.page_size = None

    def asked(self, kind: str) -> list[Query]:
        """Return what was asked of a type."""
        return [query for query in self.seen if query.type == kind]

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_LONGEST)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{_PATH}"
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (query := await self._read(reader)) is not None:
                self.seen.append(query)
                rule = next((rule for rule in self._rules if rule.takes(query)), None)
                # The backend may block; other queries must not wait for it.
                reply = await asyncio.to_thread(self._reply, query, rule)
                await _send(writer, reply)
                if reply.cut is not None:
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller is gone, or the test is over; Python 3.11 would report the latter
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Query | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        line, *fields = head.split("\r\n")
        method, target, _ = line.split(" ")
        pairs = (field.partition(":") for field in fields if field)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path, _, query = target.partition("?")
        below = path.removeprefix(_PATH).strip("/")
        parameters = tuple(parse_qsl(query, keep_blank_values=True))
        return Query(self.url, method, below, parameters, headers, body)

    def _reply(self, query: Query, rule: _Rule | None) -> Reply:
        if self.page_size is not None and query.is_search:
            kept = tuple(one for one in query.parameters if one[0] != "_count")
            query = replace(query, parameters=(*kept, ("_count", str(self.page_size))))

        def ask() -> Reply:
            try:
                return self._backend(query)
            except httpx.HTTPError as error:
                return Reply(str(error).encode(), 502)

        return ask() if rule is None else rule.fault(query, ask)


class Forward:
    """Answers from another FHIR server; its links lead to the proxy then.

    Token and cookies stay here: the other server is not the one that they are for.
    """

    def __init__(self, base: str, client: httpx.Client) -> None:
        self._base = base.rstrip("/")
        self._client = client

    def __call__(self, query: Query) -> Reply:
        """Ask the other server."""
        kept = {"accept", "content-type"} & query.headers.keys()
        answer = self._client.request(
            query.method,
            f"{self._base}/{query.path}".rstrip("/"),
            params=query.parameters,
            headers={name: query.headers[name] for name in kept},
            content=query.body,
        )
        body = answer.content.replace(self._base.encode(), query.base.encode())
        return Reply(body, answer.status_code, {"content-type": answer.headers["content-type"]})


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    await asyncio.sleep(reply.wait)
    if reply.cut is not None and reply.cut < 0:
        return
    headers = {"content-type": "application/fhir+json", **reply.headers}
    headers["content-length"] = str(len(reply.body))
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {reply.status} {_phrase(reply.status)}\r\n{fields}\r\n"
    writer.write(head.encode("latin-1"))
    body = reply.body[: reply.cut]
    for start in range(0, len(body), 1 if reply.pace else len(body) or 1):
        writer.write(body[start : start + 1] if reply.pace else body)
        await writer.drain()
        await asyncio.sleep(reply.pace)
    await writer.drain()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
