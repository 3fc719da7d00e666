"""The memory of tokens in one process: exact, bounded, and forgetting in time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.trust.replays import MemoryReplays, Replays, ReplaysError, Use
from tests.cds_service.trust.signing import NOW, Clock


def use(replays: Replays, jti: str, token_hash: str = "h", issuer: str = "i") -> Use:
    return asyncio.run(replays.use(issuer, jti, token_hash, NOW + 100))


def test_the_first_use_is_told_apart() -> None:
    replays = MemoryReplays(Clock())
    assert use(replays, "a") == "first"
    assert use(replays, "a") == "same"
    assert use(replays, "a", "other") == "other"
    assert use(replays, "a") == "same"
    assert use(replays, "b") == "first"
    assert use(replays, "a", issuer="j") == "first"


def test_what_nobody_accepts_any_more_is_forgotten() -> None:
    clock = Clock()
    replays = MemoryReplays(clock)
    assert use(replays, "a") == "first"
    clock.now += 99.9
    assert use(replays, "a") == "same"
    clock.now += 0.1
    assert use(replays, "a") == "first"


def test_a_full_memory_refuses_rather_than_forgets_and_only_that_issuer() -> None:
    clock = Clock()
    replays = MemoryReplays(clock, capacity=2)
    assert [use(replays, jti) for jti in "ab"] == ["first", "first"]
    with pytest.raises(ReplaysError):
        use(replays, "c")
    assert use(replays, "a") == "same"
    assert use(replays, "c", issuer="j") == "first"
    clock.now += 100
    assert use(replays, "c") == "first"


@given(st.lists(st.tuples(st.sampled_from("ij"), st.sampled_from("ab"), st.integers(0, 5))))
def test_within_their_time_ids_are_first_once(uses: list[tuple[str, str, int]]) -> None:
    clock = Clock(0.0)
    replays = MemoryReplays(clock)
    good_until: dict[tuple[str, str], float] = {}
    for issuer, jti, seconds in uses:
        clock.now += 1
        known = good_until.get((issuer, jti), 0.0) > clock.now
        found = asyncio.run(replays.use(issuer, jti, "h", clock.now + seconds))
        assert found == ("same" if known else "first")
        if not known:
            good_until[issuer, jti] = clock.now + seconds
