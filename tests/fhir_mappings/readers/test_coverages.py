"""Which plan an order is for."""

from datetime import date
from typing import Any

import pytest

from fhir_mappings.orders import Order
from fhir_mappings.readers.coverages import CoverageView, coverage_for
from fhir_mappings.resources import ServiceRequest
from tests.builders import Record
from tests.fhir_mappings.reading import held, reading_of

DAY = date(2026, 6, 15)


def view(record: Record, **members: Any) -> CoverageView | None:
    content = record.order(**members).last
    request = held(content).resource
    assert isinstance(request, ServiceRequest)
    raw = held(content).raw
    assert raw is not None
    order = Order("ServiceRequest/servicerequest-1", request, raw, DAY)
    return coverage_for(reading_of(record).record, order)


def covered(**members: Any) -> Record:
    return Record().add("Coverage", **{"status": "active", "payor": [{"display": "A"}], **members})


def found(record: Record, **members: Any) -> CoverageView:
    one = view(record, **members)
    assert one is not None
    return one


def test_no_coverage_is_none() -> None:
    assert view(Record()) is None


def test_the_coverage_that_the_order_names_counts() -> None:
    record = covered().add("Coverage", status="active", payor=[{"display": "B"}])
    named = {"insurance": [{"reference": "Coverage/coverage-2"}]}

    assert found(record.copy()).payors == ("A",)
    assert found(record.copy(), **named).payors == ("B",)
    lost = {"insurance": [{"reference": "Coverage/lost"}, {"reference": "Patient/p"}]}
    assert found(record.copy(), **lost).payors == ("A",)


def test_one_in_force_is_preferred() -> None:
    record = covered(status="cancelled").add("Coverage", payor=[{"display": "B"}])

    assert found(record).payors == ("B",)


@pytest.mark.parametrize(
    ("members", "active"),
    [
        ({}, True),
        ({"status": None}, True),
        ({"status": "cancelled"}, False),
        ({"period": {"start": "2026-01-01", "end": "2026-12-31"}}, True),
        ({"period": {"start": "2026-06-15", "end": "2026-06-15"}}, True),
        ({"period": {"end": "2026-06"}}, True),
        ({"period": {"end": "2026-06-14"}}, False),
        ({"period": {"start": "2026-06-16"}}, False),
        ({"period": {}}, True),
    ],
)
def test_a_coverage_is_in_force_by_status_and_period(members: dict[str, Any], active: bool) -> None:
    assert found(covered(**members)).active is active


def test_a_payor_is_known_by_display_identifier_and_organization() -> None:
    organization = {
        "resourceType": "Organization",
        "id": "o",
        "name": "Plan of Example",
        "identifier": [{"system": "urn:naic", "value": "12345"}, {"system": "urn:empty"}],
    }
    payors = [
        {"reference": "Organization/o", "display": "Example"},
        {"identifier": {"system": "urn:payer", "value": "7"}},
        {"reference": "Patient/p"},
    ]
    record = covered(payor=payors)
    record.resources.append(organization)
    one = found(record)

    assert one.payors == ("Example", "Plan of Example")
    assert one.identifiers == ("urn:naic|12345", "urn:payer|7")


def test_an_organization_without_name_and_a_coverage_without_payor_have_none() -> None:
    record = covered(payor=[{"reference": "Organization/o"}])
    record.resources.append({"resourceType": "Organization", "id": "o"})

    assert found(record).payors == ()
    assert found(covered(payor=None)).payors == ()
