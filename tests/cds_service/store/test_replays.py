"""A token is used once, whichever worker it comes to."""

import asyncio
from collections.abc import Iterator

import pytest

from cds_service.store.replays import StoredReplays
from cds_service.store.store import Store
from cds_service.trust.replays import Replays, ReplaysError, Use

HASH, OTHER = "a" * 64, "b" * 64
NOW = 1_780_000_000.0


@pytest.fixture
def stores(url: str) -> Iterator[list[Store]]:
    """The stores of two workers on one database."""
    opened = [Store.open(url), Store.open(url)]
    yield opened
    for one in opened:
        one.close()


def use(
    replays: Replays,
    *,
    issuer: str = "https://ehr.example.org",
    jti: str = "jti-1",
    token: str = HASH,
    expires: float = NOW + 300,
) -> Use:
    async def ask() -> Use:
        return await replays.use(issuer, jti, token, expires)

    return asyncio.run(ask())


def test_a_token_is_told_from_one_that_was_used_before(store: Store) -> None:
    replays = StoredReplays(store, lambda: NOW)

    assert use(replays) == "first"
    assert use(replays) == "same"
    assert use(replays, token=OTHER) == "other"
    assert use(replays) == "same"  # and nothing changed by that
    assert use(replays, jti="x" * 256) == "first"
    assert use(replays, issuer="https://other.example.org") == "first"


def test_an_id_may_be_used_again_after_its_token_expired(store: Store) -> None:
    now = [NOW]
    replays = StoredReplays(store, lambda: now[0])
    use(replays)

    now[0] = NOW + 299.5
    assert use(replays, token=OTHER, expires=NOW + 900) == "other"
    now[0] = NOW + 300
    assert use(replays, token=OTHER, expires=NOW + 900) == "first"
    assert use(replays, expires=NOW + 900) == "other"


def test_exactly_one_of_many_at_once_is_first(stores: list[Store]) -> None:
    workers = [StoredReplays(one, lambda: NOW) for one in stores]

    async def ask() -> list[Use]:
        tokens = [HASH, OTHER] * 12
        return await asyncio.gather(
            *(
                workers[turn % 3 % 2].use("issuer", "jti", token, NOW + 300)
                for turn, token in enumerate(tokens)
            )
        )

    found = asyncio.run(ask())

    assert found.count("first") == 1
    assert (found.count("same"), found.count("other")) == (11, 12)


def test_a_store_that_is_down_cannot_tell() -> None:
    store = Store("postgresql://user:secret@127.0.0.1:9/none")

    with pytest.raises(ReplaysError, match=r"^the store fails: OperationalError$"):
        use(StoredReplays(store))

    store.close()
