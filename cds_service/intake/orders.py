"""The orders of a request or of a bundle."""

from collections.abc import Iterator
from datetime import date

from msgspec import Raw, Struct

from cds_service.intake.bundles import Bundle
from fhir_mappings.orders import Order
from fhir_mappings.resources import ServiceRequest

_OVER = ("entered-in-error", "revoked")


class Draft(Struct, frozen=True):
    """A ServiceRequest to judge.

    Attributes:
        name: ``ServiceRequest/id``, else its fullUrl, else its place.
        raw: its JSON as it came.
    """

    name: str
    request: ServiceRequest
    raw: Raw

    def order(self, evaluated_on: date) -> Order:
        """Return it as an order judged on a day."""
        return Order(self.name, self.request, self.raw, evaluated_on)


def drafts_of(bundle: Bundle, *, place: str, drafts_only: bool) -> list[Draft]:
    """Return the ServiceRequests to judge.

    Args:
        bundle: the draft orders of a request, or a record with the orders in it.
        place: what a draft without id and fullUrl is named after.
        drafts_only: in a record only those of status draft are being signed; in a request all
            are, whatever their status, because signing happens again.
    """
    drafts: dict[str, Draft] = {}
    for draft, at in _drafts(bundle, place, drafts_only=drafts_only):
        known = drafts.setdefault(draft.name, draft)
        if known.raw != draft.raw:  # some clients give all their drafts one id
            drafts[at] = Draft(at, draft.request, draft.raw)
    return list(drafts.values())


def _drafts(bundle: Bundle, place: str, *, drafts_only: bool) -> Iterator[tuple[Draft, str]]:
    for number, held in enumerate(bundle.held):
        request = held.resource
        if not isinstance(request, ServiceRequest) or request.status in _OVER:
            continue
        if held.raw is None or (drafts_only and request.status != "draft"):
            continue
        named = f"ServiceRequest/{request.id}" if request.id else held.full_url
        at = f"{place}.entry[{number}]"
        yield Draft(named or at, request, held.raw), at
