"""Who may call: tokens are verified and callers are counted, before anything else is looked at."""

import logging
from typing import Final

import httpx
from fastapi import Request
from fastapi.responses import Response

from cds_service.api.errors import error_response
from cds_service.ehr.access import Gate
from cds_service.ehr.service import Ehr
from cds_service.operations.rates import RateLimiter
from cds_service.settings import Settings
from cds_service.trust.keys import KeyStore
from cds_service.trust.model import Registry
from cds_service.trust.registry import RegistryWatch
from cds_service.trust.replays import Replays
from cds_service.trust.tokens import Caller, Unauthorized, Verifier, audiences_for

_SECONDS: Final = 2.0  # that verifying a token may take, keys that have to be fetched included
_log = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818 - it is the caller who is refused
    """A request that is not answered.

    Attributes:
        response: what is answered instead.
    """

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Trust:
    """The registry as it stands, and the gate that follows from it."""

    def __init__(self, watch: RegistryWatch | None, *, sandbox: bool) -> None:
        """Follow a registry; None where no EHR is registered."""
        self._watch = watch
        self._none = Registry([])
        self._sandbox = sandbox
        self._gate: tuple[Registry, Gate] | None = None

    def registry(self) -> Registry:
        """Return the EHRs that are trusted now."""
        return self._none if self._watch is None else self._watch.current()

    def gate(self) -> Gate:
        """Return what decides which servers may be asked now."""
        registry = self.registry()
        if self._gate is None or self._gate[0] is not registry:
            options = [one.options for one in registry.ehrs]
            gate = Gate(options, sandbox=self._sandbox, is_private=registry.is_private)
            self._gate = registry, gate
        return self._gate[1]


class Admission:
    """Lets callers in."""

    def __init__(self, settings: Settings, trust: Trust, ehr: Ehr, replays: Replays) -> None:
        """Make it.

        Args:
            settings: profile, rates, and whether discovery is open.
            trust: who is trusted.
            ehr: its connections fetch the keys of EHRs.
            replays: remembers which tokens were used.
        """
        self._settings = settings
        self._trust = trust
        self._sandbox = settings.profile == "sandbox"
        self._ehr = ehr
        self._replays = replays
        self._rates = RateLimiter(settings.workers)
        self._verifying: tuple[httpx.AsyncClient, KeyStore, Verifier] | None = None

    async def admit(self, request: Request, base_url: str) -> Caller | None:
        """Let a caller in; None is somebody whom the sandbox lets in without a token.

        Raises:
            Refused: the token is not accepted, or the caller calls too often.
        """
        path = request.url.path
        # Several headers of one name are one for us: whoever sends two hides one of them.
        authorization = ", ".join(request.headers.getlist("authorization")) or None
        try:
            audiences = audiences_for(base_url, path)
            caller = await self._verifier().verify(authorization, audiences, _SECONDS)
        except Unauthorized as refused:
            # A token of an EHR that is registered has to hold in the sandbox as well.
            if self._sandbox and refused.ehr is None:
                return None
            _log.warning("a caller was refused: %s, %s", refused.reason, refused.ehr or "unknown")
            raise Refused(_unauthorized()) from None
        rate = caller.ehr.rate or self._settings.rate_limit
        wait = self._rates.check(caller.issuer, rate)
        if wait is not None:
            raise Refused(_too_often(wait))
        return caller

    async def close(self) -> None:
        """Stop fetching keys."""
        if self._verifying is not None:
            await self._verifying[1].aclose()

    def _verifier(self) -> Verifier:
        http = self._ehr.http()
        if self._verifying is None or self._verifying[0] is not http:
            keys = KeyStore(http)
            self._verifying = http, keys, Verifier(self._trust.registry, keys, self._replays)
        return self._verifying[2]

    async def admit_to_discovery(self, request: Request, base_url: str) -> None:
        """Let a caller see what is offered.

        Raises:
            Refused: discovery is not open, and the token is not accepted.
        """
        if not self._settings.discovery_open:
            await self.admit(request, base_url)


def _unauthorized() -> Response:
    response = error_response(401, "unauthorized")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _too_often(wait: float) -> Response:
    response = error_response(429, "too many requests")
    response.headers["Retry-After"] = str(int(wait) + 1)
    return response
