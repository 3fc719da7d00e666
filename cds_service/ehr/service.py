"""The EHR as the rest of the house sees it: what a request lacks comes from here."""

import asyncio
from collections.abc import Callable, Sequence

import httpx
from msgspec.structs import replace

from cds_service.ehr.access import Access, Denied, Gate
from cds_service.ehr.asking import Limits
from cds_service.ehr.gathering import Deadline, Gathered, Gatherer
from cds_service.ehr.network import Outbound, make_client
from cds_service.ehr.options import EhrOptions
from cds_service.ehr.references import key_at, unresolved
from cds_service.hooks.request import HookRequest, parse_authorization
from cds_service.intake.prefetch import Prefetch
from fhir_mappings.needs import BY_TYPE, NeedState, State
from fhir_mappings.orders import Order
from fhir_mappings.record import Delivery, Pool
from fhir_mappings.references import local_key
from fhir_mappings.terminology import Terminology

# What a state becomes beside evidence that was delivered before.
_BESIDE: dict[State, State] = {"unreadable": "partial", "empty": "present"}
# What asking makes good; a page that the server itself called incomplete stays so.
_MENDED = ("not-delivered", "truncated")


class Ehr:
    """Asks the FHIR servers of requests."""

    def __init__(
        self,
        terminology: Terminology,
        gate: Callable[[], Gate],
        limits: Limits,
        outbound: Outbound,
    ) -> None:
        """Make it.

        Args:
            terminology: whose codes are searched for.
            gate: returns the gate as it stands; EHRs are registered while the process runs.
            limits: of asking.
            outbound: how to get out.
        """
        self._gate = gate
        self._outbound = outbound
        self._gatherer = Gatherer(terminology, limits)
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def http(self) -> httpx.AsyncClient:
        """Return the shared client; it belongs to the running event loop."""
        loop = asyncio.get_running_loop()
        if self._http is None or self._loop is not loop:
            self._http = make_client(self._outbound, lambda *to: self._gate().may_connect(*to))
            self._loop = loop
        return self._http

    async def close(self) -> None:
        """Close all connections."""
        await self._gatherer.capabilities.close()
        if self._http is not None and self._loop is asyncio.get_running_loop():
            await self._http.aclose()
        self._http = None

    def access(self, request: HookRequest, caller: EhrOptions | None) -> Access | Denied | None:
        """Decide with what the server of a request may be asked; None where it names none."""
        if request.fhir_server is None:
            return None
        patient = bare_id(request.context.patient_id)
        authorization = parse_authorization(request.authorization)
        return self._gate().access(request.fhir_server, authorization, patient, caller)

    async def complete(
        self,
        access: Access | Denied | None,
        request: HookRequest,
        prefetch: Prefetch,
        orders: Sequence[Order],
        deadline: Deadline,
    ) -> Gathered:
        """Get what the prefetch of a request lacks, then what is referred to and not there.

        Args:
            access: to the server of the request.
            request: the request.
            prefetch: what it brought.
            orders: those that are judged.
            deadline: of the request.
        """
        if access is None:
            return Gathered()
        if isinstance(access, Denied):
            return _denied(access, prefetch)
        patient = bare_id(request.context.patient_id)
        first = await self._gatherer.complete(self.http(), access, patient, prefetch, deadline)
        first = replace(first, states=_merged(prefetch, first))
        pool = Pool([*prefetch.deliveries, *first.deliveries])
        wanted = unresolved(pool, orders, access.base)
        if not wanted:
            return first
        second = await self._gatherer.read(self.http(), access, wanted, deadline)
        return Gathered(
            deliveries=[*first.deliveries, *map(_placed, second.deliveries)],
            states={**first.states, **_lowered(prefetch, first, second)},
            notes=list(dict.fromkeys([*first.notes, *second.notes])),
            timings=[*first.timings, *second.timings],
        )

    async def read_orders(
        self, access: Access | Denied | None, references: Sequence[str], deadline: Deadline
    ) -> Gathered:
        """Read dispatched orders; the states are by key."""
        if not isinstance(access, Access):
            return Gathered()
        found = (key_at(access.base, one) for one in references)
        keys = [key for key in found if key is not None]
        return await self._gatherer.read(self.http(), access, keys, deadline)


def bare_id(patient: str) -> str:
    """Return the id of a patient, with or without its type before it."""
    return (local_key(patient) or patient).removeprefix("Patient/")


def _denied(denied: Denied, prefetch: Prefetch) -> Gathered:
    states = {
        name: NeedState(state.state, denied.why)
        for name, state in prefetch.states.items()
        if state.why == "not-delivered"
    }
    return Gathered(states=states, notes=[denied.note] if states else [])


def _merged(prefetch: Prefetch, gathered: Gathered) -> dict[str, NeedState]:
    """What the prefetch held stays evidence, even if the rest could not be read."""
    return {name: _beside(prefetch.states[name], found) for name, found in gathered.states.items()}


def _beside(before: NeedState, found: NeedState) -> NeedState:
    if found.complete and before.why not in _MENDED:
        return NeedState(before.state, before.why, found.query)
    held = before.state in ("present", "partial")
    state = _BESIDE.get(found.state, found.state) if held else found.state
    return NeedState(state, found.why, found.query)


def _placed(delivery: Delivery) -> Delivery:
    """Return what was read by reference as of the need that its type belongs to."""
    need = BY_TYPE.get(delivery.place.partition("/")[0])
    return Delivery(delivery.held, delivery.place, need.name if need is not None else None)


def _lowered(prefetch: Prefetch, first: Gathered, second: Gathered) -> dict[str, NeedState]:
    """What is referred to and could not be read makes its need partial; what is gone does not."""
    lowered = {}
    for key, found in second.states.items():
        need = BY_TYPE[key.partition("/")[0]].name
        state = first.states.get(need, prefetch.states[need])
        if not found.complete and found.why != "not-found" and state.complete:
            lowered[need] = NeedState("partial", found.why, found.query)
    return lowered
