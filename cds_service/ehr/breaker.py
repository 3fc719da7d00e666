"""A breaker: while a server is down, it is not asked, so that clinicians do not wait for it."""

from collections.abc import Callable
from typing import Final

_FAILURES: Final = 3  # requests in a row in which the server answered nothing
_OPEN_SECONDS: Final = 20.0


class Breaker:
    """The breaker of one server; times are of a monotonic clock, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._closed_again_at = 0.0

    def allows(self) -> bool:
        """Tell whether the server may be asked; after a pause, one request finds out."""
        if self._failures < _FAILURES:
            return True
        now = self._clock()
        if now < self._closed_again_at:
            return False
        self._closed_again_at = now + _OPEN_SECONDS  # the others wait for what this one finds
        return True

    def answered(self) -> None:
        """Note that the server answered."""
        self._failures = 0

    def failed(self) -> None:
        """Note that the server could not be reached or answered nothing but errors of its own."""
        self._failures += 1
        if self._failures >= _FAILURES:
            self._closed_again_at = self._clock() + _OPEN_SECONDS
