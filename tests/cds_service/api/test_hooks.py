"""order-select and order-dispatch: what each hook answers for, whatever id it is sent to."""

from typing import Any

import pytest

from tests.asking import asking, cards_for, server_of
from tests.builders import breast, concept
from tests.cds_service.api.calling import PATH, cards_of, post, request_of
from tests.faulty_proxy import FaultyProxy
from tests.memory_fhir import MemoryFhir

ORDER = "ServiceRequest/servicerequest-1"
PATHS = [PATH, f"{PATH}-select", f"{PATH}-dispatch"]


def selecting(*selections: str) -> dict[str, Any]:
    record = breast().without("Observation", 2)
    record.order("Mammogram")
    request = request_of(record, hook="order-select")
    request["context"]["selections"] = list(selections)
    return request


def dispatching(*orders: str, held: bool = True) -> dict[str, Any]:
    request = request_of(hook="order-dispatch")
    drafts = request["context"].pop("draftOrders")["entry"]
    request["context"]["dispatchedOrders"] = list(orders)
    if held:
        request["prefetch"]["serviceRequests"]["entry"] += drafts
    return request


@pytest.mark.parametrize("path", PATHS)
def test_each_id_answers_whichever_hook_is_named(path: str) -> None:
    for request in (request_of(), selecting(ORDER), dispatching(ORDER)):
        (card, *_) = post(request, path=path).json()["cards"]

        assert card["summary"].startswith("Electron IORT, left breast:")


def test_what_is_not_selected_is_not_judged() -> None:
    assert cards_of(selecting()) == []
    assert cards_of(selecting("ServiceRequest/servicerequest-2")) == []


@pytest.mark.parametrize("name", [ORDER, f"https://ehr.example.org/fhir/{ORDER}"])
def test_a_selected_order_is_judged_and_no_documents_are_demanded(name: str) -> None:
    record = breast().without("Observation", 0)
    request = request_of(record, hook="order-select")
    request["context"]["selections"] = [name]

    (card,) = cards_of(request)

    assert "not documented: T category" in card["summary"]
    assert card["indicator"] == "info"
    assert "suggestions" not in card


@pytest.mark.parametrize("odd", [None, 7, "ServiceRequest/servicerequest-1", [7, None]])
def test_odd_selections_select_nothing(odd: Any) -> None:
    request = request_of(hook="order-select")
    request["context"]["selections"] = odd

    assert cards_of(request) == []


def test_selecting_without_orders_is_no_surprise() -> None:
    request = selecting(ORDER)
    del request["context"]["draftOrders"]

    assert cards_of(request) == []


def test_a_dispatched_order_is_judged_from_the_prefetch() -> None:
    (card, *_) = cards_of(dispatching(ORDER))

    assert card["extension"]["org.iort-cds.assessment"]["order"] == ORDER


def test_a_dispatched_order_that_cannot_be_read_is_named() -> None:
    cards = cards_of(dispatching(ORDER, "ServiceRequest/gone"))

    assert [card["summary"] for card in cards[1:]] == [
        "ServiceRequest/gone could not be read; it was not checked for IORT coverage"
    ]
    assert cards[-1]["indicator"] == "info"


def test_without_prefetch_and_server_every_dispatched_order_is_named() -> None:
    cards = cards_of(dispatching(ORDER, "odd", held=False))

    assert [card["summary"].partition(" could")[0] for card in cards] == [ORDER, "An order"]


def test_a_dispatched_order_of_another_kind_gets_no_card() -> None:
    request = dispatching(ORDER)
    request["prefetch"]["serviceRequests"]["entry"][-1]["resource"]["code"] = concept("cpt|77067")

    assert cards_of(request) == []


# --- with a server behind the request


def test_a_dispatched_order_is_read_from_the_server_with_its_record() -> None:
    record = breast()
    record.last["status"] = "active"
    with FaultyProxy(server_of(record)) as server:
        request = asking(record, server.url, hook="order-dispatch")
        request["context"] = {
            "patientId": "p",
            "dispatchedOrders": [ORDER, "ServiceRequest/gone"],
        }

        first, *others = cards_for(request)

    assert first["extension"]["org.iort-cds.assessment"]["order"] == ORDER
    assert first["extension"]["org.iort-cds.assessment"]["determination"] == "likely-covered"
    assert [card["summary"] for card in others] == [
        "ServiceRequest/gone could not be read; it was not checked for IORT coverage"
    ]


def test_a_draft_that_the_server_also_holds_is_one_order() -> None:
    record = breast()
    with FaultyProxy(MemoryFhir(record.resources)) as server:
        cards = cards_for(asking(record, server.url))

    assert len(cards) == 1
    assert "Another IORT order" not in cards[0]["detail"]


def test_an_ordinary_order_asks_the_server_nothing() -> None:
    record = breast().without("ServiceRequest").order("Mammogram")
    with FaultyProxy(server_of(record)) as server:
        assert cards_for(asking(record, server.url)) == []

    assert server.seen == []


def test_what_the_prefetch_brought_is_not_asked_again() -> None:
    record = breast()
    with FaultyProxy(server_of(record)) as server:
        request = {**asking(record, server.url), "prefetch": request_of(record)["prefetch"]}
        del request["prefetch"]["procedures"]
        cards_for(request)

    assert {one.type for one in server.seen} - {"metadata"} == {"Procedure"}
