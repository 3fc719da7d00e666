"""Coverage: which plan the order is for, as far as the record says."""

from datetime import date

from msgspec import Struct

from fhir_mappings.dates import parse_date
from fhir_mappings.elements import Reference
from fhir_mappings.orders import Order
from fhir_mappings.record import Entry, Record
from fhir_mappings.references import token
from fhir_mappings.resources import Coverage, Organization


class CoverageView(Struct, frozen=True):
    """A coverage, as far as it matters here.

    Attributes:
        reference: its key.
        status: Coverage.status.
        payors: the names of the payors.
        identifiers: their identifiers, as ``system|value``.
        active: whether status and period say that it is in force on the day of judging.
    """

    reference: str
    status: str | None
    payors: tuple[str, ...]
    identifiers: tuple[str, ...]
    active: bool


def coverage_for(record: Record, order: Order) -> CoverageView | None:
    """Return the coverage that the order names, else one that is in force, else any."""
    named = [record.find(one, order.name) for one in order.request.insurance or ()]
    views = [
        _view(record, entry, entry.resource, order.evaluated_on)
        for entry in named
        if entry is not None and isinstance(entry.resource, Coverage)
    ] or [
        _view(record, entry, coverage, order.evaluated_on)
        for entry, coverage in record.of_type(Coverage)
    ]
    return next((view for view in views if view.active), views[0] if views else None)


def _view(record: Record, entry: Entry, coverage: Coverage, day: date) -> CoverageView:
    names: list[str] = []
    identifiers: list[str] = []
    for reference in coverage.payor or ():
        _name(record, reference, entry.key, names, identifiers)
    return CoverageView(
        reference=entry.key,
        status=coverage.status,
        payors=tuple(dict.fromkeys(names)),
        identifiers=tuple(dict.fromkeys(identifiers)),
        active=coverage.status in ("active", None) and _in_force(coverage, day),
    )


def _name(
    record: Record, reference: Reference, owner: str, names: list[str], identifiers: list[str]
) -> None:
    if reference.display:
        names.append(reference.display)
    found = record.find(reference, owner)
    organization = found.resource if found is not None else None
    held = [reference.identifier]
    if isinstance(organization, Organization):
        held += organization.identifier or []
        if organization.name:
            names.append(organization.name)
    for identifier in held:
        known = token(identifier)
        if known is not None:
            identifiers.append(f"{known.system}|{known.value}")


def _in_force(coverage: Coverage, day: date) -> bool:
    period = coverage.period
    start = parse_date(period.start) if period else None
    end = parse_date(period.end) if period else None
    today = day.toordinal()
    return (start is None or start.first <= today) and (end is None or today <= end.last)
