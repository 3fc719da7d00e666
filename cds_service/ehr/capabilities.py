"""What servers say they can do: read in the background, and never waited for."""

import asyncio
import time
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from cds_service.ehr.addresses import Base
from cds_service.ehr.client import EhrClient

_KEEP: Final = 24 * 3600.0
_RETRY: Final = 600.0
_SERVERS: Final = 1000  # whose statements are remembered
_SECONDS: Final = 20.0


class _Parameter(Struct):
    name: str = ""


class _Resource(Struct, rename="camel"):
    type: str = ""
    search_param: list[_Parameter] = []


class _Rest(Struct):
    mode: str = ""
    resource: list[_Resource] = []


class _Statement(Struct, rename="camel"):
    fhir_version: str = ""
    rest: list[_Rest] = []


class _Known(Struct, frozen=True):
    until: float
    version: str = ""
    parameters: dict[str, frozenset[str]] = {}


_STATEMENT = msgspec.json.Decoder(_Statement)


class Capabilities:
    """The CapabilityStatements of servers, as far as they count."""

    def __init__(self) -> None:
        self._known: dict[Base, _Known] = {}
        self._reading: dict[Base, asyncio.Task[None]] = {}

    def parameters(self, base: Base) -> dict[str, frozenset[str]]:
        """Return the search parameters by type; empty where nothing is known."""
        known = self._known.get(base)
        return known.parameters if known is not None else {}

    def unfit(self, base: Base) -> str | None:
        """Return the FHIR version of a server that speaks neither R4 nor R4B."""
        known = self._known.get(base)
        if known is None or not known.version or known.version.startswith(("4.0", "4.3")):
            return None
        return known.version[:12]

    def refresh(self, base: Base, http: httpx.AsyncClient) -> None:
        """See to it that a server's statement is read, some time after this request."""
        known = self._known.get(base)
        if base in self._reading or (known is not None and known.until > time.monotonic()):
            return
        if len(self._known) >= _SERVERS:
            self._known.clear()  # a caller may make up any number of paths below its own base
        task = asyncio.create_task(self._read(base, http))
        self._reading[base] = task
        task.add_done_callback(lambda _: self._reading.pop(base, None))

    async def close(self) -> None:
        """Stop reading."""
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, base: Base, http: httpx.AsyncClient) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                # Without a token: the statement is public, and a token is for its request only.
                content = await EhrClient(base, http, None).execute("metadata", "get")
            statement = _STATEMENT.decode(content)
        except Exception:  # noqa: BLE001 - whatever it is, nothing is known then
            self._known[base] = _Known(time.monotonic() + _RETRY)
            return
        self._known[base] = _Known(
            time.monotonic() + _KEEP,
            statement.fhir_version,
            {
                one.type: frozenset(parameter.name for parameter in one.search_param)
                for rest in statement.rest
                if rest.mode != "client"
                for one in rest.resource
                if one.search_param
            },
        )
