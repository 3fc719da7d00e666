"""Getting the record: everything that the prefetch did not bring, asked at once, within a deadline.

What comes in time is evidence; what does not is named, with the query that was late.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from typing import Final

import httpx
from msgspec import Struct
from msgspec.structs import replace

from cds_service.ehr.access import Access
from cds_service.ehr.addresses import Base
from cds_service.ehr.asking import Asker, Limits, Progress
from cds_service.ehr.breaker import Breaker
from cds_service.ehr.capabilities import Capabilities
from cds_service.ehr.client import EhrClient
from cds_service.ehr.searches import Ask, Query, Searching, asks_for
from cds_service.intake.prefetch import Prefetch
from fhir_mappings.needs import NEEDS, NeedState, Why
from fhir_mappings.record import Delivery
from fhir_mappings.terminology import Terminology

_ID: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9\-._~]{1,128}")
_DOWN: Final = "The FHIR server has not answered lately, so it was not asked again."
_SERVERS: Final = 1000  # whose state is remembered
_READS: Final = 20  # resources that are read one by one for one request


class Timing(Struct, frozen=True):
    """How one ask went, for logs and metrics.

    Attributes:
        type: the resource type that was asked for.
        outcome: ``ok``, or why not.
    """

    type: str
    seconds: float
    outcome: str


class Gathered(Struct, frozen=True, kw_only=True):
    """What an EHR brought.

    Attributes:
        deliveries: to be added to those of the prefetch.
        states: of the needs that were asked for.
        notes: for the card.
        timings: of the asks.
        down: whether the server is taken to be down, and was not asked.
    """

    deliveries: list[Delivery] = []
    states: Mapping[str, NeedState] = {}
    notes: list[str] = []
    timings: list[Timing] = []
    down: bool = False


class Deadline:
    """When a request has to be answered, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._until - time.monotonic()


class Gatherer:
    """Asks EHRs; one for the process."""

    def __init__(self, terminology: Terminology, limits: Limits) -> None:
        self._terminology = terminology
        self._limits = limits
        self._breakers: dict[Base, Breaker] = {}
        self.capabilities = Capabilities()

    async def complete(
        self,
        http: httpx.AsyncClient,
        access: Access,
        patient: str,
        prefetch: Prefetch,
        deadline: Deadline,
    ) -> Gathered:
        """Ask for every need that the prefetch left open.

        A need that was null or refused in the prefetch is not asked for again: the client said so.
        """
        asks = list(self._asks(access, patient, prefetch))
        found = await self._ask_allowed(http, access, asks, deadline)
        self.capabilities.refresh(access.base, http)
        return found

    async def read(
        self,
        http: httpx.AsyncClient,
        access: Access,
        references: Iterable[str],
        deadline: Deadline,
    ) -> Gathered:
        """Read resources by ``Type/id``; the states are by reference.

        Of too many references, the first are read.
        """
        asks = [
            Ask((one,), one.partition("/")[0], ((Query(one),),))
            for one in dict.fromkeys(references)
            if _is_readable(one)
        ]
        found = await self._ask_allowed(http, access, asks[:_READS], deadline)
        return _and_refused(found, _refused(asks[_READS:], "truncated"))

    def _asks(self, access: Access, patient: str, prefetch: Prefetch) -> Iterable[Ask]:
        open_needs = [need for need in NEEDS if _is_open(prefetch.states[need.name])]
        for need in NEEDS:
            link = prefetch.pages.get(need.name)
            path = access.base.page(link) if link else None
            if path is not None and _is_truncated(prefetch.states[need.name]):
                yield Ask((need.name,), need.type, ((Query(path),),))
        if _ID.fullmatch(patient) is None:
            return
        searching = Searching(
            patient, access.options.bare, self.capabilities.parameters(access.base)
        )
        yield from asks_for(open_needs, self._terminology, searching)

    async def _ask_allowed(
        self, http: httpx.AsyncClient, access: Access, asks: list[Ask], deadline: Deadline
    ) -> Gathered:
        """Ask what the token allows, of a server that speaks our version."""
        version = self.capabilities.unfit(access.base)
        if version is not None:
            return _refused(asks, "invalid", f"The FHIR server is of version {version}, not R4.")
        allowed = [ask for ask in asks if _is_allowed(access, ask)]
        denied = [ask for ask in asks if ask not in allowed]
        found = await self._ask_all(http, access, allowed, deadline)
        return _and_refused(found, _refused(denied, "not-authorised"))

    async def _ask_all(
        self, http: httpx.AsyncClient, access: Access, asks: list[Ask], deadline: Deadline
    ) -> Gathered:
        if not asks:
            return Gathered()
        seconds = min(deadline.left(), access.seconds or deadline.left())
        if seconds <= 0:
            return _refused(asks, "timed-out")
        breaker = self._breaker(access.base)
        if not breaker.allows():
            return replace(_refused(asks, "server-error", _DOWN), down=True)
        own = Deadline(seconds)
        client = EhrClient(access.base, http, access.token)
        asker = Asker(client, access.base, self._limits, own.left)
        running = [Progress(ask) for ask in asks]
        await _within(seconds, [asker.run(one) for one in running])
        (breaker.answered if any(one.answered for one in running) else breaker.failed)()
        return Gathered(
            deliveries=[_delivery(one) for one in running if one.held],
            states={name: one.state for one in running for name in one.ask.needs},
            timings=[_timing(one) for one in running],
        )

    def _breaker(self, base: Base) -> Breaker:
        if base not in self._breakers and len(self._breakers) >= _SERVERS:
            self._breakers.clear()  # a caller may make up any number of paths below its own base
        return self._breakers.setdefault(base, Breaker(time.monotonic))


async def _within(seconds: float, runs: Iterable[object]) -> None:
    """Run everything at once, and stop what is not done in time."""
    tasks = [asyncio.ensure_future(one) for one in runs]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, timeout=seconds)
    finally:  # also where the request itself is given up
        for task in tasks:
            task.cancel()
    for failure in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(failure, Exception):
            raise failure


def _is_open(state: NeedState) -> bool:
    return state.why == "not-delivered" and not state.complete


def _is_truncated(state: NeedState) -> bool:
    return state.state == "partial" and state.why != "not-delivered"


def _is_allowed(access: Access, ask: Ask) -> bool:
    searches = ask.attempts[0][0].searches
    return access.may_search(ask.type) if searches else access.may_read(ask.type)


def _is_readable(reference: str) -> bool:
    kind, _, name = reference.partition("/")
    return kind.isalpha() and _ID.fullmatch(name) is not None


def _refused(asks: Iterable[Ask], why: Why, note: str = "") -> Gathered:
    states = {name: NeedState("unreadable", why, ask.shown) for ask in asks for name in ask.needs}
    return Gathered(states=states, notes=[note] if note and states else [])


def _and_refused(found: Gathered, refused: Gathered) -> Gathered:
    return replace(found, states={**refused.states, **found.states})


def _delivery(progress: Progress) -> Delivery:
    need = progress.ask.needs[0]
    known = any(one.name == need for one in NEEDS)
    return Delivery(progress.held, progress.ask.shown, need if known else None)


def _timing(progress: Progress) -> Timing:
    state = progress.state
    outcome = "ok" if state.complete else state.why or state.state
    return Timing(progress.ask.type, progress.seconds, outcome)
