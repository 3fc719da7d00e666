"""Discovery: what this service offers (CDS Hooks 2.0, "Discovery")."""

from msgspec import Struct


class Service(Struct, rename="camel", frozen=True, kw_only=True):
    """One service."""

    hook: str
    id: str
    title: str
    description: str
    version: str
    usage_requirements: str
    prefetch: dict[str, str]


class Services(Struct, frozen=True):
    """The services of this server."""

    services: list[Service]
