"""Tokens that are verified with keys which have to be fetched."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import respx

from cds_service.trust.keys import KeyStore
from cds_service.trust.registry import load_registry
from cds_service.trust.replays import MemoryReplays
from cds_service.trust.tokens import Verifier
from tests.cds_service.trust.signing import (
    URL,
    Clock,
    Door,
    claims,
    entry,
    jwk,
    jwks,
    private_key,
    token,
    write_registry,
)

ADDRESS = "https://ehr.example.org/jwks"
OLD = jwks(jwk("ES384", "old"))


@pytest.fixture
def route() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.get(ADDRESS).respond(content=OLD)


def test_tokens_are_verified_with_fetched_keys(tmp_path: Path, route: respx.Route) -> None:
    ours = entry(jwks={"url": ADDRESS})
    registry = load_registry(write_registry(tmp_path, north=ours))
    door = Door(registry, client=httpx.AsyncClient())
    says = {"kid": "old", "jku": ADDRESS}
    assert door.reason(f"Bearer {token(says=says)}") == "accepted"
    strange = {"kid": "old", "jku": f"{ADDRESS}?"}
    assert door.reason(f"Bearer {token(says=strange)}") == "wrong-jku"
    forged = token(key=private_key("ES384", 1), says=says)
    assert door.reason(f"Bearer {forged}") == "wrong-signature"


def test_without_keys_nobody_gets_in(tmp_path: Path, route: respx.Route) -> None:
    route.respond(500)
    registry = load_registry(write_registry(tmp_path, north=entry(jwks={"url": ADDRESS})))
    door = Door(registry, client=httpx.AsyncClient())
    assert door.reason(f"Bearer {token(says={'kid': 'old'})}") == "keys-unavailable"


def test_a_slow_refresh_leaves_time_for_the_old_keys(tmp_path: Path, route: respx.Route) -> None:
    registry = load_registry(write_registry(tmp_path, north=entry(jwks={"url": ADDRESS})))
    clock = Clock()

    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200, content=OLD)

    async def tried() -> list[str]:
        async with httpx.AsyncClient() as client:
            keys = KeyStore(client, clock)
            verifier = Verifier(lambda: registry, keys, MemoryReplays(clock), clock)
            texts = [
                token(claims(jti=jti, exp=clock.now + 3600), says={"kid": "old"}) for jti in "ab"
            ]
            first = await verifier.verify(f"Bearer {texts[0]}", [URL], 2.0)
            route.mock(side_effect=never)
            clock.now += 3600
            second = await verifier.verify(f"Bearer {texts[1]}", [URL], 0.4)
            await keys.aclose()
            return [first.jti, second.jti]

    assert asyncio.run(tried()) == ["a", "b"]
