"""Orders: what is ordered, for whom and when."""

from datetime import date

from msgspec import Raw, Struct

from fhir_mappings.dates import Span, parse_date
from fhir_mappings.record import Entry
from fhir_mappings.resources import ServiceRequest


class Order(Struct, frozen=True):
    """An order to judge.

    Attributes:
        name: ``ServiceRequest/id``, else its fullUrl, else its place in the bundle.
        raw: its JSON as it came; what is echoed has to be this.
        evaluated_on: the day on which it is judged, in local time.
    """

    name: str
    request: ServiceRequest
    raw: Raw
    evaluated_on: date

    @property
    def entry(self) -> Entry:
        """The order as an entry of a record, to cite it."""
        return Entry(self.name, self.request, self.raw)

    @property
    def ordered(self) -> Span:
        """The day of the order: when it was authored, else the day on which it is judged."""
        day = self.evaluated_on.toordinal()
        return parse_date(self.request.authored_on) or Span(day, day)

    @property
    def planned_day(self) -> date | None:
        """The earliest day of service that the order states."""
        request = self.request
        timing = request.occurrence_timing
        period = request.occurrence_period
        bounds = timing.repeat.bounds_period if timing and timing.repeat else None
        stated = (
            request.occurrence_date_time,
            period.start if period else None,
            timing.event[0] if timing and timing.event else None,
            bounds.start if bounds else None,
        )
        found = next((span for text in stated if (span := parse_date(text))), None)
        return date.fromordinal(found.first) if found else None
