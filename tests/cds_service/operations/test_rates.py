"""Rates of callers."""

import pytest

from cds_service.operations.rates import RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_minutes_requests_pass_and_the_next_has_to_wait(clock: Clock) -> None:
    rates = RateLimiter(clock=clock)
    assert [rates.check("a", 3) for _ in range(4)] == [None, None, None, 20.0]


def test_after_the_wait_one_more_passes(clock: Clock) -> None:
    rates = RateLimiter(clock=clock)
    for _ in range(3):
        rates.check("a", 3)
    clock.now += 10
    assert rates.check("a", 3) == pytest.approx(10.0)
    clock.now += 10.001
    assert rates.check("a", 3) is None
    assert rates.check("a", 3) is not None


def test_silence_saves_up_no_more_than_a_minute(clock: Clock) -> None:
    rates = RateLimiter(clock=clock)
    rates.check("a", 2)
    clock.now += 3600
    assert [rates.check("a", 2) is None for _ in range(3)] == [True, True, False]


def test_callers_do_not_wait_for_one_another(clock: Clock) -> None:
    rates = RateLimiter(clock=clock)
    assert rates.check("a", 1) is None
    assert rates.check("a", 1) is not None
    assert rates.check("b", 1) is None


def test_workers_share_the_limit(clock: Clock) -> None:
    rates = RateLimiter(workers=2, clock=clock)
    assert [rates.check("a", 4) for _ in range(3)] == [None, None, 30.0]


def test_a_share_below_one_still_lets_one_pass(clock: Clock) -> None:
    rates = RateLimiter(workers=4, clock=clock)
    assert [rates.check("a", 1) for _ in range(2)] == [None, 240.0]


def test_the_caller_that_was_silent_longest_is_forgotten(clock: Clock) -> None:
    rates = RateLimiter(most=2, clock=clock)
    for key in ("a", "b", "a", "c"):
        rates.check(key, 2)
    assert rates.check("a", 2) is not None  # known: both of its tokens are gone
    assert [rates.check("b", 2) for _ in range(2)] == [None, None]  # forgotten, so full again
