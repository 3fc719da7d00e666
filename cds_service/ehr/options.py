"""What is known of one EHR before it calls: where its data are, and how it wants to be asked."""

from typing import Literal

from msgspec import Struct

from cds_service.ehr.addresses import Base


class EhrOptions(Struct, frozen=True, kw_only=True):
    """How to ask one EHR.

    Attributes:
        name: under which logs and metrics know it.
        servers: the base addresses at or below which its FHIR servers lie.
        client_id: the id of this service at its authorization server, the `subject` of tokens.
        open: whether it may be asked without a token.
        private: whether its addresses may be private ones, and plain http.
        bare: whether Observations may be searched for by patient alone.
        null_means: what null says in the prefetch of a search; the setting's if None.
    """

    name: str
    servers: tuple[Base, ...] = ()
    client_id: str | None = None
    open: bool = False
    private: bool = False
    bare: bool = False
    null_means: Literal["empty", "unreadable"] | None = None

    def serves(self, base: Base) -> bool:
        """Tell whether a FHIR server is one of this EHR."""
        return any(one.holds(base) for one in self.servers)
