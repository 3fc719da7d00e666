"""Keys that are fetched: kept, refreshed, never asked for too often, and never waited for long."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from cds_service.trust.jwks import LARGEST, Key
from cds_service.trust.keys import KeyStore, NoKeyError
from cds_service.trust.model import Ehr
from cds_service.trust.registry import load_registry
from tests.cds_service.trust.signing import (
    Clock,
    entry,
    jwk,
    jwks,
    write_registry,
)

ADDRESS = "https://ehr.example.org/jwks"
OLD = jwks(jwk("ES384", "old"))
NEW = jwks(jwk("ES384", "new"))
Tried = Callable[["Store"], Awaitable[Any]]


class Store:
    """A key store with a clock to turn."""

    def __init__(self, client: httpx.AsyncClient, ehr: Ehr) -> None:
        self.clock = Clock(1000.0)
        self.store = KeyStore(client, self.clock)
        self.ehr = ehr

    async def key(self, kid: str = "old", within: float = 2.0) -> Key:
        return await self.store.key(self.ehr, kid, "ES384", within)

    async def reason(self, kid: str = "old", within: float = 2.0) -> str:
        try:
            await self.key(kid, within)
        except NoKeyError as error:
            return error.reason
        return "found"


@pytest.fixture
def ehr(tmp_path: Path) -> Ehr:
    north = entry(jwks={"url": ADDRESS})
    return load_registry(write_registry(tmp_path, north=north)).ehrs[0]


@pytest.fixture
def route() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.get(ADDRESS).respond(content=OLD)


@pytest.fixture
def run(ehr: Ehr) -> Callable[[Tried], Any]:
    def running(tried: Tried) -> Any:
        async def inner() -> Any:
            async with httpx.AsyncClient() as client:
                store = Store(client, ehr)
                try:
                    return await tried(store)
                finally:
                    await store.store.aclose()

        return asyncio.run(inner())

    return running


def test_keys_are_fetched_once_and_kept(run: Any, route: respx.Route) -> None:
    async def tried(store: Store) -> None:
        assert await store.key() is await store.key()
        store.clock.now += 3599
        await store.key()
        assert route.call_count == 1
        store.clock.now += 1
        await store.key()
        assert route.call_count == 2

    run(tried)
    request = route.calls[0].request
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=600", 600),
        ("public, Max-Age=7200, must-revalidate", 7200),
        ('max-age="600"', 600),
        ("max-age=1", 300),
        ("max-age=999999999", 86_400),
        ("max-age=99999999999999999999", 86_400),
        ("max-age=-5", 3600),
        ("max-age=soon", 3600),
        ("s-maxage=600", 3600),
        ("no-store", 300),
        ("no-cache, max-age=7200", 300),
        ("", 3600),
    ],
)
def test_how_long_keys_are_kept(run: Any, route: respx.Route, header: str, seconds: int) -> None:
    async def tried(store: Store) -> None:
        await store.key()
        store.clock.now += seconds - 1
        await store.key()
        assert route.call_count == 1
        store.clock.now += 1
        await store.key()
        assert route.call_count == 2

    route.respond(content=OLD, headers={"Cache-Control": header})
    run(tried)


def test_a_new_key_is_found_by_its_unknown_id(run: Any, route: respx.Route) -> None:
    async def tried(store: Store) -> None:
        assert await store.reason("new") == "unknown-key"
        route.respond(content=NEW)
        store.clock.now += 29
        assert await store.reason("new") == "unknown-key"
        assert route.call_count == 1
        store.clock.now += 1
        assert await store.reason("new") == "found"
        assert route.call_count == 2
        assert await store.reason("old") == "unknown-key"  # it was taken back
        assert [await store.reason(f"made-up-{n}") for n in range(5)] == ["unknown-key"] * 5
        assert await store.reason("new") == "found"
        assert route.call_count == 2

    run(tried)


@pytest.mark.parametrize(
    "how",
    [
        {"status_code": 500, "content": NEW},
        {"status_code": 203, "content": NEW},
        {"status_code": 302, "headers": {"Location": "https://evil.example.net/"}},
        {"content": b"<html>"},
        {"content": gzip.compress(NEW), "headers": {"Content-Encoding": "gzip"}},
        {"content": b'{"keys": []}'},
        {"content": b" " * (LARGEST + 1)},
        {"side_effect": httpx.ConnectError("no address here")},
        {"side_effect": httpx.ReadTimeout("")},
        {"side_effect": httpx.InvalidURL("")},
        {"side_effect": httpx.StreamClosed()},
        {"side_effect": OSError()},
        {"side_effect": UnicodeError()},
    ],
)
def test_old_keys_serve_while_new_ones_cannot_be_had(
    run: Any, route: respx.Route, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def tried(store: Store) -> None:
        await store.key()
        if "side_effect" in how:
            route.mock(**how)
        else:
            route.respond(**how)
        store.clock.now += 4000
        assert await store.reason() == "found"
        assert await store.reason() == "found"
        assert route.call_count == 2
        store.clock.now += 30
        route.mock(return_value=httpx.Response(200, content=NEW), side_effect=None)
        assert await store.reason() == "unknown-key"
        assert await store.reason("new") == "found"
        assert route.call_count == 3

    with caplog.at_level(logging.WARNING):
        run(tried)
    assert "the key set of north" in caplog.text
    assert "ehr.example.org" not in caplog.text


def test_without_any_keys_a_failed_fetch_is_tried_again_soon(run: Any, route: respx.Route) -> None:
    async def tried(store: Store) -> None:
        route.respond(503)
        assert await store.reason() == "keys-unavailable"
        store.clock.now += 4.9
        assert await store.reason() == "keys-unavailable"
        assert route.call_count == 1
        store.clock.now += 0.1
        route.respond(content=OLD)
        assert await store.reason() == "found"

    run(tried)


def slow(event: asyncio.Event, content: bytes, begun: list[httpx.Request] | None = None) -> Any:
    async def answer(request: httpx.Request) -> httpx.Response:
        if begun is not None:
            begun.append(request)
        await event.wait()
        return httpx.Response(200, content=content)

    return answer


def test_many_requests_at_once_fetch_once(run: Any, route: respx.Route) -> None:
    async def tried(store: Store) -> None:
        event = asyncio.Event()
        route.mock(side_effect=slow(event, OLD))
        waiting = [asyncio.create_task(store.reason()) for _ in range(20)]
        waiting += [asyncio.create_task(store.reason("made-up")) for _ in range(5)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()  # one client goes away; the others still get their keys
        await asyncio.sleep(0)
        event.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1:] == ["found"] * 19 + ["unknown-key"] * 5
        assert route.call_count == 1

    run(tried)


def test_a_slow_server_is_not_waited_for_longer_than_there_is_time(
    run: Any, route: respx.Route
) -> None:
    async def tried(store: Store) -> None:
        event = asyncio.Event()
        route.mock(side_effect=slow(event, OLD))
        assert await store.reason(within=0.01) == "keys-unavailable"
        assert await store.reason(within=-1) == "keys-unavailable"
        event.set()
        assert await store.reason(within=1) == "found"  # by the fetch that went on
        assert route.call_count == 1

    run(tried)


def test_old_keys_serve_while_a_refresh_is_slow(run: Any, route: respx.Route) -> None:
    async def tried(store: Store) -> None:
        await store.key()
        begun: list[httpx.Request] = []
        route.mock(side_effect=slow(asyncio.Event(), NEW, begun))
        store.clock.now += 3600
        assert await store.reason(within=0.01) == "found"
        store.clock.now += 60
        assert await store.reason(within=0.01) == "found"
        assert len(begun) == 1

    run(tried)


def test_a_fetch_ends_by_itself(
    run: Any,
    route: respx.Route,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def tried(store: Store) -> None:
        route.mock(side_effect=slow(asyncio.Event(), OLD))
        assert await store.reason(within=5) == "keys-unavailable"

    monkeypatch.setattr("cds_service.trust.keys._FETCH_SECONDS", 0.01)
    run(tried)
    assert "TimeoutError" in caplog.text


def test_no_more_is_read_than_a_key_set_may_have(run: Any, route: respx.Route) -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while len(read) < 1000:
            read.append(1)
            yield b" " * 65_536

    async def tried(store: Store) -> None:
        route.mock(return_value=httpx.Response(200, content=endless()))
        assert await store.reason() == "keys-unavailable"
        assert len(read) == LARGEST // 65_536 + 1

    run(tried)


def test_a_closed_client_is_a_failed_fetch(ehr: Ehr) -> None:
    async def tried() -> str:
        client = httpx.AsyncClient()
        await client.aclose()
        return await Store(client, ehr).reason()

    assert asyncio.run(tried()) == "keys-unavailable"
