"""The public keys of EHRs: from files, or fetched, kept, and fetched again when they change."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable
from typing import Final, Literal

import httpx

from cds_service.trust.jwks import LARGEST, JwksError, Key, KeySet, parse_jwks
from cds_service.trust.model import Ehr

_LOG: Final = logging.getLogger(__name__)
_FETCH_SECONDS: Final = 10.0  # a fetch may outlast the request that began it; the next one profits
_USUAL: Final = 3600.0  # seconds that keys are kept where their server says nothing
_SHORTEST: Final = 300.0
_LONGEST: Final = 86_400.0
_PAUSE: Final = 30.0  # seconds between fetches: nobody can have us flood a server with made-up kids
_COLD_PAUSE: Final = 5.0  # the same where no keys are there at all, so nobody can be let in
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE | re.ASCII)
_UNKEPT: Final = re.compile(r"\bno-(?:store|cache)\b", re.IGNORECASE)

NoKeyReason = Literal["unknown-key", "unfit-key", "keys-unavailable"]


class NoKeyError(Exception):
    """There is no key to verify a token with.

    Attributes:
        reason: no key has this id; the key is for something else; no keys could be had.
    """

    def __init__(self, reason: NoKeyReason) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyStore:
    """The keys of all EHRs.

    Args:
        client: fetches key sets; which addresses it may connect to is its own affair.
        clock: monotonic, in seconds.
    """

    def __init__(
        self, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._clock = clock
        self._held: dict[str, _Held] = {}

    async def key(self, ehr: Ehr, kid: str, algorithm: str, within: float) -> Key:
        """Return the key of an EHR that verifies a token.

        Args:
            ehr: whose key.
            kid: its id.
            algorithm: one that the EHR may sign with.
            within: seconds to wait for keys that have to be fetched.

        Raises:
            NoKeyError: there is none.
        """
        keys = ehr.keys
        if ehr.jwks_url is not None:
            keys = await self._fetched(ehr.jwks_url, ehr.name, kid, within)
        if keys is None:
            raise NoKeyError("keys-unavailable")
        if kid not in keys:
            raise NoKeyError("unknown-key")
        key = keys.find(kid, algorithm)
        if key is None:
            raise NoKeyError("unfit-key")
        return key

    async def aclose(self) -> None:
        """Give up all fetches that are under way."""
        tasks = [held.task for held in self._held.values() if held.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetched(self, url: str, name: str, kid: str, within: float) -> KeySet | None:
        held = self._held.setdefault(url, _Held())
        now = self._clock()
        if held.serves(kid, now):
            return held.keys
        if held.task is None and held.may_ask(now):
            held.asked = now
            held.task = asyncio.create_task(self._refresh(held, url, name))
        if held.task is not None:
            # All wait for the same fetch, and none that gives up stops it for the others.
            await asyncio.wait({held.task}, timeout=within)
        return held.keys

    async def _refresh(self, held: "_Held", url: str, name: str) -> None:
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                content, kept = await self._fetch(url)
            held.keys = parse_jwks(content)
            held.expires = self._clock() + kept
        except JwksError as error:
            _LOG.warning("the key set of %s %s", name, error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError, ValueError) as error:
            _LOG.warning("the key set of %s cannot be fetched: %s", name, type(error).__name__)
        finally:
            held.task = None

    async def _fetch(self, url: str) -> tuple[bytes, float]:
        # Not compressed, so that what is read cannot become larger than what is counted.
        headers = {
            "Accept": "application/jwk-set+json, application/json",
            "Accept-Encoding": "identity",
        }
        async with self._client.stream(
            "GET", url, headers=headers, timeout=_FETCH_SECONDS, follow_redirects=False
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise JwksError(f"was answered with status {response.status_code}")
            content = b""
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > LARGEST:
                    raise JwksError("is too large for a key set")
            return content, _kept(response.headers.get("Cache-Control", ""))


class _Held:
    """What is held of one URL.

    Attributes:
        keys: the last ones that were fetched; they serve on while new ones cannot be had.
        expires: when they have to be fetched again.
        asked: when the last fetch began.
        task: a fetch that is under way.
    """

    def __init__(self) -> None:
        self.keys: KeySet | None = None
        self.expires = -math.inf
        self.asked = -math.inf
        self.task: asyncio.Task[None] | None = None

    def serves(self, kid: str, now: float) -> bool:
        return self.keys is not None and kid in self.keys and now < self.expires

    def may_ask(self, now: float) -> bool:
        return now - self.asked >= (_COLD_PAUSE if self.keys is None else _PAUSE)


def _kept(cache_control: str) -> float:
    """Return for how many seconds keys are kept (RFC 9111 5.2.2), within our own bounds."""
    if _UNKEPT.search(cache_control):
        return _SHORTEST
    found = _MAX_AGE.search(cache_control)
    return min(max(float(found[1]), _SHORTEST), _LONGEST) if found else _USUAL
