"""How often a caller may call: one bucket of tokens per caller, in the memory of this process."""

import time
from collections.abc import Callable

_MINUTE = 60.0


class RateLimiter:
    """The rates of all callers; not for several threads.

    Each worker process has its own, so each allows its share of the limit. A bucket holds what a
    minute allows, and at least one request: a caller that was silent may send that much at once.

    Args:
        workers: the number of processes that share the limit.
        most: callers that are remembered; the one that was silent longest is forgotten first.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, workers: int = 1, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._workers = workers
        self._most = most
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def check(self, key: str, per_minute: float) -> float | None:
        """Count a request of a caller.

        Args:
            key: who calls.
            per_minute: requests that it may send, over all workers.

        Returns:
            None if it is within the rate, else the seconds after which the next one will be.
        """
        now = self._clock()
        share = per_minute / self._workers
        most = max(share, 1.0)
        tokens, counted = self._buckets.pop(key, (most, now))
        tokens = min(most, tokens + (now - counted) * share / _MINUTE)
        wait = None
        if tokens >= 1.0:
            tokens -= 1.0
        else:
            wait = (1.0 - tokens) * _MINUTE / share
        self._buckets[key] = (tokens, now)  # at the end: the order is that of the last request
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return wait
