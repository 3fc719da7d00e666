"""What every request needs, made once per process."""

from typing import Self

from fastapi import Request
from msgspec import Struct

from cds_service.answer.cards import CardMaker
from cds_service.assess import Assessor
from cds_service.ehr.service import Ehr
from cds_service.settings import Settings


class State(Struct, frozen=True):
    """The state of the application.

    Attributes:
        discovery: the body of discovery, which never changes while the process runs.
        guideline_text: the guideline's data file, for people to read.
    """

    settings: Settings
    assessor: Assessor
    cards: CardMaker
    discovery: bytes
    guideline_text: str
    ehr: Ehr

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return the state of the application that a request came to."""
        state: Self = request.app.state.service
        return state

    def base_url(self, request: Request) -> str:
        """Return where this service is reached from outside."""
        return self.settings.public_url or str(request.base_url).rstrip("/")
