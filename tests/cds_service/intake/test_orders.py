"""Which resources are orders to judge, and what they are called."""

from datetime import date
from typing import Any

import pytest

from cds_service.intake.bundles import decode_bundle, decode_searchset
from cds_service.intake.orders import Draft, drafts_of
from tests.cds_service.intake.reading import bundle, condition, raw

URN = "urn:uuid:11111111-2222-3333-4444-555555555555"


def request(name: str | None = "r", status: str | None = "draft", **members: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"resourceType": "ServiceRequest", **members}
    given = {"id": name, "status": status}
    return {**content, **{key: one for key, one in given.items() if one is not None}}


def drafts(content: Any, *, drafts_only: bool = False) -> list[Draft]:
    found = decode_bundle(raw(content))
    assert found is not None
    return drafts_of(found, place="draftOrders", drafts_only=drafts_only)


@pytest.mark.parametrize(
    ("status", "signed", "recorded"),
    [
        ("draft", True, True),
        ("active", True, False),
        ("completed", True, False),
        (None, True, False),
        ("entered-in-error", False, False),
        ("revoked", False, False),
    ],
)
def test_all_orders_of_a_request_are_judged_and_only_the_drafts_of_a_record(
    status: str | None, *, signed: bool, recorded: bool
) -> None:
    content = bundle(condition(), request(status=status))

    assert bool(drafts(content)) == signed
    assert bool(drafts(content, drafts_only=True)) == recorded


def test_an_order_is_named_by_its_id_its_full_url_or_its_place() -> None:
    entry = [
        {"fullUrl": URN, "resource": request()},
        {"fullUrl": URN, "resource": request(None)},
        {"resource": request(None)},
        {"resource": request("", note=[])},
    ]
    found = drafts({"resourceType": "Bundle", "entry": entry})

    assert [one.name for one in found] == [
        "ServiceRequest/r",
        URN,
        "draftOrders.entry[2]",
        "draftOrders.entry[3]",
    ]


def test_an_order_that_came_twice_is_judged_once() -> None:
    assert len(drafts(bundle(request(), request()))) == 1


def test_different_orders_of_one_id_are_told_apart_by_their_place() -> None:
    found = drafts(bundle(request(), request(note=[{"text": "left"}]), request()))

    assert [one.name for one in found] == ["ServiceRequest/r", "draftOrders.entry[1]"]
    assert found[1].request.note is not None


def test_an_order_keeps_its_json_and_is_judged_on_a_day() -> None:
    (draft,) = drafts(bundle(request(priority="urgent")))
    order = draft.order(date(2026, 6, 15))

    assert order.raw == raw(request(priority="urgent"))
    assert (order.name, order.evaluated_on) == ("ServiceRequest/r", date(2026, 6, 15))


def test_without_its_json_nothing_is_an_order() -> None:
    found = decode_searchset(raw(bundle(request())))

    assert found is not None
    assert drafts_of(found, place="draftOrders", drafts_only=False) == []
