"""Capabilities: read in the background, without a token, and never waited for."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cds_service.ehr import capabilities
from cds_service.ehr.addresses import Base
from cds_service.ehr.capabilities import Capabilities
from tests.cds_service.ehr.wire import BASE, Answer, Json, Wire, answer, hanging

R4: Json = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "resource": [
                {"type": "Condition", "searchParam": [{"name": "patient"}, {"name": "code"}]},
                {"type": "Observation", "searchParam": []},
                {"type": "Procedure"},
            ],
        },
        {
            "mode": "client",
            "resource": [{"type": "Coverage", "searchParam": [{"name": "_id"}]}],
        },
    ],
}


def wire_with(*answers: Answer) -> Wire:
    return Wire().on("metadata", *answers)


def read(wire: Wire, times: int = 1, turn: Callable[[], None] = lambda: None) -> Capabilities:
    """Have a statement read, several times one after another."""
    known = Capabilities()

    async def run() -> None:
        async with wire.client() as http:
            for _ in range(times):
                known.refresh(BASE, http)
                await asyncio.gather(*known._reading.values())
                turn()

    asyncio.run(run())
    return known


def test_nothing_is_known_at_first() -> None:
    assert Capabilities().parameters(BASE) == {}
    assert Capabilities().unfit(BASE) is None


def test_the_search_parameters_of_the_server_are_known_by_type() -> None:
    wire = wire_with(answer(R4))
    known = read(wire)

    assert known.parameters(BASE) == {"Condition": frozenset(["patient", "code"])}
    assert known.unfit(BASE) is None
    assert wire.asked == ["metadata"]


def test_no_token_is_sent() -> None:
    wire = wire_with(answer(R4))
    read(wire)
    assert "Authorization" not in wire.requests[0].headers


@pytest.mark.parametrize("version", ["4.0.1", "4.0.0", "4.3.0", "", None])
def test_a_server_of_our_version_or_of_none_is_fit(version: str | None) -> None:
    content = {name: one for name, one in {**R4, "fhirVersion": version}.items() if one is not None}
    assert read(wire_with(answer(content))).unfit(BASE) is None


@pytest.mark.parametrize(
    ("version", "shown"),
    [("3.0.2", "3.0.2"), ("5.0.0", "5.0.0"), ("1.0.2", "1.0.2"), ("x" * 99, "x" * 12)],
)
def test_another_version_is_named(version: str, shown: str) -> None:
    assert read(wire_with(answer({**R4, "fhirVersion": version}))).unfit(BASE) == shown


@pytest.mark.parametrize(
    "unusable",
    [
        answer(R4, 500),
        answer(R4, 401),
        answer(b"<html>"),
        answer(b""),
        answer([]),
        answer({"rest": None}),
        answer({"rest": [{"resource": [{"searchParam": "x"}]}]}),
        answer(b"[" * 100_000),
        httpx.ConnectError("down"),
        RuntimeError("anything"),
    ],
)
def test_from_a_statement_that_cannot_be_read_nothing_is_known(unusable: Answer) -> None:
    wire = wire_with(unusable)
    known = read(wire, 2)

    assert known.parameters(BASE) == {}
    assert known.unfit(BASE) is None
    assert len(wire.asked) == 1  # not again for a while


def test_a_statement_is_read_once_and_again_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = wire_with(answer({**R4, "fhirVersion": "3.0.2"}), answer(R4))
    assert read(wire, 3).unfit(BASE) == "3.0.2"
    assert len(wire.asked) == 1

    monkeypatch.setattr(capabilities, "_KEEP", -1.0)
    wire = wire_with(answer({**R4, "fhirVersion": "3.0.2"}), answer(R4))
    assert read(wire, 2).unfit(BASE) is None


def test_a_statement_that_is_being_read_is_not_asked_for_again() -> None:
    wire = wire_with(hanging())

    async def run() -> float:
        known = Capabilities()
        async with wire.client() as http:
            started = time.monotonic()
            for _ in range(3):
                known.refresh(BASE, http)
                await asyncio.sleep(0.01)
            await known.close()
            return time.monotonic() - started

    assert asyncio.run(run()) < 1
    assert wire.asked == ["metadata"]


def test_reading_ends_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_SECONDS", 0.02)
    assert read(wire_with(hanging())).parameters(BASE) == {}


def test_after_closing_it_may_begin_anew() -> None:
    wire = wire_with(hanging(), answer(R4))

    async def run() -> Any:
        known = Capabilities()
        async with wire.client() as http:
            known.refresh(BASE, http)
            await asyncio.sleep(0.01)
            await known.close()
            known.refresh(BASE, http)
            await asyncio.gather(*known._reading.values())
        return known.parameters(BASE)

    assert set(asyncio.run(run())) == {"Condition"}


def test_a_caller_that_makes_up_servers_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capabilities, "_SERVERS", 3)
    known = Capabilities()

    async def run() -> None:
        async with wire_with(answer(R4)).client() as http:
            for number in range(10):
                known.refresh(Base.parse(f"https://ehr.example.org/fhir/{number}"), http)
                await asyncio.sleep(0.01)
        await known.close()

    asyncio.run(run())

    assert len(known._known) <= 3
