"""Whether an EHR may be asked at all, and with what.

``fhirServer`` and ``fhirAuthorization`` come from the caller, so both are checked before anything
is sent anywhere (CDS Hooks, "FHIR Resource Access").
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from cds_service.ehr.addresses import AddressError, Base, is_loopback
from cds_service.ehr.network import IpAddress, is_public
from cds_service.ehr.options import EhrOptions
from cds_service.ehr.scopes import Scopes, parse_scopes
from cds_service.hooks.request import FhirAuthorization
from fhir_mappings.needs import Why

SANDBOX: Final = EhrOptions(name="sandbox", open=True)


class Access(Struct, frozen=True, kw_only=True):
    """What an EHR may be asked with.

    Attributes:
        token: None where none is needed.
        scopes: what the token allows; None where no scope was said.
        seconds: how long the token lasts.
    """

    base: Base
    options: EhrOptions
    token: str | None = None
    scopes: Scopes | None = None
    seconds: float | None = None

    def __repr__(self) -> str:
        return f"Access({self.options.name})"

    def may_search(self, kind: str) -> bool:
        """Tell whether the token allows to search for a type."""
        return self.scopes is None or self.scopes.allow_search(kind)

    def may_read(self, kind: str) -> bool:
        """Tell whether the token allows to read resources of a type."""
        return self.scopes is None or self.scopes.allow_read(kind)


class Denied(Struct, frozen=True):
    """Why an EHR is not asked.

    Attributes:
        why: of every need that it would have been asked for.
        note: for the card.
    """

    why: Why
    note: str


class Gate:
    """Decides which FHIR servers may be asked."""

    def __init__(
        self,
        registered: Iterable[EhrOptions],
        *,
        sandbox: bool,
        is_private: Callable[[str, int], bool] | None = None,
    ) -> None:
        """Make a gate.

        Args:
            registered: the EHRs that are known.
            sandbox: whether a server on the loopback needs no registration, and no token.
            is_private: tells of other hosts and ports whether they may have private addresses.
        """
        self._registered = tuple(registered)
        self._sandbox = sandbox
        self._is_private = is_private

    def access(
        self,
        server: str,
        authorization: FhirAuthorization | None,
        patient: str,
        caller: EhrOptions | None = None,
    ) -> Access | Denied:
        """Decide on a request.

        Args:
            server: its `fhirServer`.
            authorization: its `fhirAuthorization`.
            patient: the bare id of the patient of its context.
            caller: the EHR that signed the request; only its own servers are asked then.
        """
        try:
            base = Base.parse(server)
        except AddressError as error:
            return Denied("not-delivered", f"The address of the FHIR server {error}; not asked.")
        options = self._options(base, caller)
        if options is None:
            return Denied("not-delivered", "The FHIR server is not registered here; not asked.")
        if base.scheme != "https" and not (options.private or self._is_sandbox(base)):
            return Denied("not-delivered", "The FHIR server is not reached by https; not asked.")
        return self._with_token(base, options, authorization, patient)

    def may_connect(self, host: str, port: int, address: IpAddress) -> bool:
        """Tell whether a name may lead to an address: a private one only where registered."""
        if is_public(address):
            return True
        if self._sandbox and is_loopback(host):
            return address.is_loopback
        if self._is_private is not None and self._is_private(host, port):
            return True
        return any(
            (one.host, one.port) == (host, port)
            for options in self._registered
            if options.private
            for one in options.servers
        )

    def _options(self, base: Base, caller: EhrOptions | None) -> EhrOptions | None:
        known = self._registered if caller is None else (caller,)
        found = next((one for one in known if one.serves(base)), None)
        return SANDBOX if found is None and self._is_sandbox(base) else found

    def _is_sandbox(self, base: Base) -> bool:
        return self._sandbox and is_loopback(base.host)

    def _with_token(
        self,
        base: Base,
        options: EhrOptions,
        authorization: FhirAuthorization | None,
        patient: str,
    ) -> Access | Denied:
        if authorization is None:
            if options.open or self._sandbox:
                return Access(base=base, options=options)
            return Denied("not-authorised", "The request brought no access token.")
        problem = _problem(authorization, options, patient)
        if problem is not None:
            return Denied("not-authorised", problem)
        scopes = parse_scopes(authorization.scope) if authorization.scope.strip() else None
        return Access(
            base=base,
            options=options,
            token=authorization.token,
            scopes=scopes,
            seconds=authorization.seconds,
        )


def _problem(authorization: FhirAuthorization, options: EhrOptions, patient: str) -> str | None:
    """Say why a token is not used."""
    if not authorization.bearer or not _is_header_safe(authorization.token):
        return "The access token is of a type that is not known; not used."
    if authorization.seconds is not None and authorization.seconds <= 0:
        return "The access token has expired; not used."
    if authorization.patient not in (None, "", patient, f"Patient/{patient}"):
        return "The access token is for another patient; not used."
    if options.client_id is not None and authorization.subject != options.client_id:
        return "The access token is for another service; not used."
    return None


def _is_header_safe(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
