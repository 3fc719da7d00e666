"""What is known of the EHRs that are trusted."""

from typing import Literal

from msgspec import Struct

from cds_service.ehr.addresses import Base
from cds_service.ehr.options import EhrOptions
from cds_service.trust.jwks import KeySet


class Ehr(Struct, frozen=True, kw_only=True):
    """An EHR that is trusted.

    Attributes:
        options: how it is asked for data.
        issuer: the `iss` of its tokens.
        keys: its keys, where a file holds them.
        jwks_url: where they are fetched from else.
        jkus: what its tokens may say in `jku`.
        algorithms: what its tokens may be signed with.
        leeway: seconds by which clocks may differ.
        lifetime: seconds that its tokens may be good for.
        tenants: its tenants that are served; every one if None.
        replay: whether the very same token may be used more than once.
        origins: the origins of its pages, as browsers write them.
        rate: its requests per minute; as many as the setting says if None.
        hosts: the hosts and ports that it may have us connect to.
    """

    options: EhrOptions
    issuer: str
    keys: KeySet | None
    jwks_url: str | None
    jkus: frozenset[str]
    algorithms: frozenset[str]
    leeway: float
    lifetime: float
    tenants: frozenset[str] | None
    replay: Literal["strict", "tolerant"]
    origins: tuple[str, ...]
    rate: int | None
    hosts: frozenset[tuple[str, int]]

    @property
    def name(self) -> str:
        """Under which logs and metrics know it."""
        return self.options.name


class Registry:
    """All EHRs that are trusted."""

    def __init__(self, ehrs: list[Ehr]) -> None:
        self.ehrs = tuple(ehrs)
        self._by_issuer = {ehr.issuer: ehr for ehr in ehrs}
        self._private = {at for ehr in ehrs if ehr.options.private for at in ehr.hosts}

    def of_issuer(self, issuer: str) -> Ehr | None:
        """Return the EHR whose tokens name an issuer, compared character by character."""
        return self._by_issuer.get(issuer)

    def of_server(self, base: Base) -> Ehr | None:
        """Return the EHR that a FHIR server belongs to."""
        return next((ehr for ehr in self.ehrs if ehr.options.serves(base)), None)

    def is_private(self, host: str, port: int) -> bool:
        """Tell whether a host and port may have a private address."""
        return (host, port) in self._private

    @property
    def origins(self) -> frozenset[str]:
        """The origins of all pages that may call."""
        return frozenset(origin for ehr in self.ehrs for origin in ehr.origins)
