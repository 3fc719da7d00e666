"""Tokens that were used before, so that one which was overheard cannot be used again."""

import heapq
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final, Literal, Protocol

Use = Literal["first", "same", "other"]
"""How a token id is used: for the first time; again by the very same token; by another one."""

CAPACITY: Final = 100_000  # of one issuer: at 600 requests a minute, tokens of well over two hours


class ReplaysError(Exception):
    """Whether a token was used before cannot be told now; whoever asks has to refuse it."""


class Replays(Protocol):
    """Remembers which tokens were used."""

    async def use(self, issuer: str, jti: str, token_hash: str, expires: float) -> Use:
        """Note that a token is used, and tell whether its id was used before.

        Noting and telling are one step: of several calls at the same time with the same issuer
        and id, in this process or another, exactly one is told "first". A call that is told
        "same" or "other" changes nothing.

        Args:
            issuer: who issued the token; ids of different issuers have nothing to do with another.
            jti: its id: 1 to 256 characters, all of them printable.
            token_hash: SHA-256 of the token in hexadecimal digits, 64 of them.
            expires: seconds since 1970 from when on it may be forgotten, since nobody accepts it.

        Raises:
            ReplaysError: it cannot be told.
        """
        ...  # pragma: no cover


class MemoryReplays:
    """Remembers in this process alone, so it serves an installation with a single worker.

    Each issuer has room of its own: one that floods us locks nobody else out. Where the room is
    used up by tokens that are still good, a new one is refused rather than an old one forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.time, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._used: dict[str, _Issued] = {}

    async def use(self, issuer: str, jti: str, token_hash: str, expires: float) -> Use:
        """Note that a token is used, and tell whether its id was used before.

        Raises:
            ReplaysError: the issuer has too many tokens that are still good.
        """
        issued = self._used.setdefault(issuer, _Issued())
        issued.forget(self._clock())
        key = sha256(jti.encode()).digest()  # as long as any other, whatever the id is
        before = issued.hashes.get(key)
        if before is not None:
            return "same" if before == token_hash else "other"
        if len(issued.hashes) >= self._capacity:
            raise ReplaysError("too many tokens of this issuer are in use")
        issued.note(key, token_hash, expires)
        return "first"


class _Issued:
    """What one issuer's tokens were."""

    def __init__(self) -> None:
        self.hashes: dict[bytes, str] = {}
        self._by_expiry: list[tuple[float, bytes]] = []

    def note(self, key: bytes, token_hash: str, expires: float) -> None:
        self.hashes[key] = token_hash
        heapq.heappush(self._by_expiry, (expires, key))

    def forget(self, now: float) -> None:
        while self._by_expiry and self._by_expiry[0][0] <= now:
            _, key = heapq.heappop(self._by_expiry)
            del self.hashes[key]
