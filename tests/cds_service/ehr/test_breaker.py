"""The breaker: a server that is down is not asked for a while."""

from cds_service.ehr.breaker import Breaker


class Clock:
    """A clock that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def open_breaker(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_after_three_failures_in_a_row_a_server_is_not_asked() -> None:
    clock = Clock()
    breaker = open_breaker(clock)

    assert not breaker.allows()
    clock.now += 19.9
    assert not breaker.allows()


def test_an_answer_between_failures_starts_the_count_again() -> None:
    breaker = Breaker(Clock())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.answered()
    assert breaker.allows()


def test_after_the_pause_one_request_finds_out_for_all() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += 20

    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert [breaker.allows() for _ in range(3)] == [True, True, True]


def test_a_server_that_is_still_down_is_left_for_another_pause() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += 20
    assert breaker.allows()
    clock.now += 3
    breaker.failed()

    clock.now += 19.9
    assert not breaker.allows()
    clock.now += 0.1
    assert breaker.allows()


def test_if_nobody_learns_the_outcome_another_request_finds_out_later() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now += 20
    assert breaker.allows()
    clock.now += 20
    assert breaker.allows()
