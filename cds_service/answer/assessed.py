"""An assessment with what a card needs beside it."""

from msgspec import Struct

from cds_service.answer.assessment import Assessment
from cds_service.guideline.deciding import Decision
from cds_service.guideline.supporting import Supporting
from fhir_mappings.orders import Order


class Assessed(Struct, frozen=True, kw_only=True):
    """An assessment with what a card needs beside it.

    Attributes:
        procedure: what is ordered in a few words, such as ``Electron IORT``.
        target: the tumor in a few words, such as ``left breast``.
        patient: ``Patient/id``, None where it is not known.
        stored: whether the EHR holds the order, so that it can be referred to.
        documents: supporting documents with their evidence.
        decision: the decision behind the assessment.
    """

    assessment: Assessment
    order: Order
    procedure: str
    target: str
    patient: str | None
    stored: bool
    documents: tuple[Supporting, ...]
    decision: Decision
