"""Asking one query, with all that may go wrong: pages, refusals, retries, time."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import httpx
from fhirpy.base.exceptions import BaseFHIRError
from msgspec import Raw, Struct

from cds_service.ehr.addresses import Base
from cds_service.ehr.client import EhrClient, HttpError, TooLargeError
from cds_service.ehr.searches import Ask, Attempt, Query
from cds_service.intake.bundles import (
    Bundle,
    Kept,
    decode_searchset,
    outcome_reason,
    state_of,
)
from fhir_mappings.decode import decode_resource
from fhir_mappings.needs import NeedState, State, Why
from fhir_mappings.record import Held
from fhir_mappings.resources import OperationOutcome

_TRIES: Final = 3
_PAUSE: Final = 0.1  # seconds before the second try, doubled before the third, with jitter
_AT_ONCE: Final = 10  # queries of one attempt
_NEVER_OTHERWISE: Final = (401, 403, 404, 408, 410, 429)  # asking differently does not help


class Limits(Struct, frozen=True):
    """Limits of asking.

    Attributes:
        query_seconds: for one query.
        pages: of one search.
    """

    query_seconds: float = 3.0
    pages: int = 10


class Progress:
    """What an ask has brought so far; it stands even if time runs out in the middle.

    Attributes:
        state: how far the need is met.
        held: the resources that came.
        answered: whether the server answered at all, other than with an error of its own.
        seconds: how long it took.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.held: list[Held] = []
        self.answered = False
        self.seconds = 0.0
        self._state: NeedState | None = None

    @property
    def state(self) -> NeedState:
        """The state, naming the query; without an answer, time ran out."""
        found = self._state or NeedState("partial" if self.held else "unreadable", "timed-out")
        return NeedState(found.state, found.why, self.ask.shown)

    def begin(self) -> None:
        """Forget what an earlier attempt brought."""
        self.held.clear()
        self._state = None

    def settle(self, state: NeedState) -> None:
        """Note how an attempt ended."""
        self._state = state


class Asker:
    """Asks one server for one request."""

    def __init__(
        self, client: EhrClient, base: Base, limits: Limits, left: Callable[[], float]
    ) -> None:
        """Make an asker.

        Args:
            client: asks.
            base: where pages have to lie.
            limits: of asking.
            left: how many seconds are left for the whole request.
        """
        self._client = client
        self._base = base
        self._limits = limits
        self._left = left

    async def run(self, progress: Progress) -> None:
        """Ask until an attempt succeeds or nothing else is left to try."""
        started = asyncio.get_running_loop().time()
        try:
            await self._run(progress)
        finally:
            progress.seconds = asyncio.get_running_loop().time() - started

    async def _run(self, progress: Progress) -> None:
        for attempt in progress.ask.attempts:
            progress.begin()
            try:
                progress.settle(await self._attempt(attempt, progress))
            except _Refused as refused:
                state: State = "partial" if progress.held else "unreadable"
                progress.settle(NeedState(state, why_of(refused.error)))
            else:
                return

    async def _attempt(self, attempt: Attempt, progress: Progress) -> NeedState:
        """Ask the queries of an attempt at once.

        Raises:
            _Refused: the server does not take such a query.
        """
        slots = asyncio.Semaphore(_AT_ONCE)
        asked = [self._query(query, progress, slots) for query in attempt]
        found = await asyncio.gather(*asked, return_exceptions=True)
        states: list[NeedState] = []
        for one in found:
            if isinstance(one, BaseException):
                raise one
            states.append(one)
        return united(states)

    async def _query(self, query: Query, progress: Progress, slots: asyncio.Semaphore) -> NeedState:
        try:
            async with slots:
                content = await self._get(query, progress)
        except HttpError as error:
            if 400 <= error.status < 500 and error.status not in _NEVER_OTHERWISE:
                raise _Refused(error) from None
            return NeedState("unreadable", why_of(error))
        except _FAILURES as error:
            return NeedState("unreadable", why_of(error))
        if query.searches:
            return await self._pages(content, progress)
        return _take_read(content, query, progress)

    async def _pages(self, content: bytes, progress: Progress) -> NeedState:
        """Take a searchset with the pages after it."""
        seen: set[str] = set()
        states: list[NeedState] = []
        while True:
            bundle = decode_searchset(Raw(content))
            if bundle is None:
                return united([*states, _no_searchset(content)])
            progress.held += bundle.held
            states.append(state_of(Bundle(bundle.held)))
            if bundle.next is None:
                return united(states)
            path = self._base.page(bundle.next)
            if path is None or path in seen or len(states) == self._limits.pages:
                return united([*states, NeedState("partial", "truncated")])
            seen.add(path)
            try:
                content = await self._get(Query(path), progress)
            except _FAILURES as error:
                return united([*states, NeedState("unreadable", why_of(error))])

    async def _get(self, query: Query, progress: Progress, number: int = 1) -> bytes:
        """Send one query, and again where that may help within the time that is left."""
        try:
            async with asyncio.timeout(self._limits.query_seconds):
                content: bytes = await self._client.execute(
                    query.path, "get", params=dict(query.parameters)
                )
        except (HttpError, httpx.TransportError) as error:
            progress.answered |= isinstance(error, HttpError) and error.status < 500
            pause = self._pause(error, number)
            if pause is None:
                raise
        else:
            progress.answered = True
            return content
        await asyncio.sleep(pause)
        return await self._get(query, progress, number + 1)

    def _pause(self, error: HttpError | httpx.TransportError, number: int) -> float | None:
        """Return for how long to wait before the next try; None if there is to be none."""
        if isinstance(error, httpx.TimeoutException) or number == _TRIES:
            return None
        wanted: float | None = None
        if isinstance(error, HttpError):
            if not error.transient:
                return None
            wanted = error.retry_after
        own = _PAUSE * 2 ** (number - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        pause = own if wanted is None else max(wanted, own)
        return pause if pause < self._left() else None


class _Refused(Exception):  # noqa: N818 - control flow between attempts
    """The server does not take such a query; another one may do."""

    def __init__(self, error: HttpError) -> None:
        self.error = error


_FAILURES = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, BaseFHIRError)
_OF_STATUS: Final[dict[int, Why]] = {
    401: "not-authorised",
    403: "not-authorised",
    404: "not-found",
    408: "timed-out",
    410: "not-found",
}


def _no_searchset(content: bytes) -> NeedState:
    resource = decode_resource(Raw(content)).resource
    if isinstance(resource, OperationOutcome):
        return NeedState("unreadable", outcome_reason(resource))
    return NeedState("unreadable", "invalid")


def _take_read(content: bytes, query: Query, progress: Progress) -> NeedState:
    """Take a resource that was read by id; another one than was asked for is none."""
    kind, _, name = query.path.partition("/")
    decoded = decode_resource(Raw(content))
    if decoded.type != kind or (decoded.resource is not None and decoded.resource.id != name):
        return _no_searchset(content)
    progress.held.append(Kept(decoded.resource, None, Raw(content)))
    return NeedState("present")


def why_of(error: Exception) -> Why:
    """Return why a need could not be met."""
    if isinstance(error, HttpError):
        return _OF_STATUS.get(error.status, "server-error")
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return "timed-out"
    return "invalid" if isinstance(error, (TooLargeError, httpx.DecodingError)) else "server-error"


def united(states: list[NeedState]) -> NeedState:
    """Return the state of a need that several answers meet together."""
    lacking = next((one for one in states if not one.complete), None)
    if lacking is None:
        return next((one for one in states if one.state == "present"), states[0])
    if all(one.state == "unreadable" for one in states):
        return NeedState("unreadable", lacking.why)
    return NeedState("partial", lacking.why)
