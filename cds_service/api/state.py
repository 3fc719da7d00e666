"""What every request needs, made once per process."""

from typing import Self

from fastapi import Request
from msgspec import Struct

from cds_service.answer.cards import CardMaker
from cds_service.api.admission import Admission, Trust
from cds_service.assess import Assessor
from cds_service.ehr.service import Ehr
from cds_service.operations.metrics import Metrics
from cds_service.settings import Settings
from cds_service.store.audit import Audit
from cds_service.store.store import Store


class State(Struct, frozen=True, kw_only=True):
    """The state of the application.

    Attributes:
        discovery: the body of discovery, which never changes while the process runs.
        guideline_text: the guideline's data file, for people to read.
        store: where feedback is kept; None where nothing is.
    """

    settings: Settings
    assessor: Assessor
    cards: CardMaker
    discovery: bytes
    guideline_text: str
    trust: Trust
    ehr: Ehr
    admission: Admission
    store: Store | None
    audit: Audit
    metrics: Metrics

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the state of the application that a request came to."""
        state: Self = request.app.state.service
        return state

    def base_url(self, request: Request) -> str:
        """Return where this service is reached from outside."""
        return self.settings.public_url or str(request.base_url).rstrip("/")

    async def close(self) -> None:
        """End what runs beside the requests."""
        await self.admission.close()
        await self.ehr.close()
        self.audit.close()
        if self.store is not None:
            self.store.close()
