"""What an order says of itself and of its target."""

from datetime import date
from typing import Any

import msgspec
import pytest

from fhir_mappings.orders import Order
from fhir_mappings.readers.orders import OrderReader
from fhir_mappings.resources import ServiceRequest
from tests.builders import MCODE, Record, concept
from tests.fhir_mappings.reading import facts, held, kinds
from tests.judging import assessor

DAY = date(2026, 6, 15)


def order(code: str = "cpt|77425", **members: Any) -> Order:
    content = Record().order(code, **members).last
    request = held(content).resource
    assert isinstance(request, ServiceRequest)
    return Order("ServiceRequest/o", request, msgspec.Raw(msgspec.json.encode(content)), DAY)


def read(code: str = "cpt|77425", **members: Any) -> list[Any]:
    return list(OrderReader(assessor().terminology, order(code, **members)).findings())


def extension(kind: str, code: str) -> dict[str, Any]:
    url = f"{MCODE}procedure-{kind}"
    return {"url": "urn:outer", "extension": [{"url": url, "valueCodeableConcept": concept(code)}]}


@pytest.mark.parametrize(
    ("code", "members", "kind"),
    [
        ("cpt|77425", {}, "iort"),
        ("cpt|77469", {}, "companion"),
        ("cpt|77412", {}, "other"),
        ("sct|168524008", {}, "iort"),
        ("sct|168524008", {"extension": [extension("modality", "sct|394902000")]}, "hdr-iort"),
        ("cpt|77425", {"extension": [extension("modality", "sct|394902000")]}, "iort"),
        ("HDR IORT", {}, "hdr-iort"),
        ("IORT planning", {}, "other"),
        ("http://x.example|1", {"orderDetail": [{"text": "IORT to the tumor bed"}]}, "iort"),
        ("sct|1217123003", {"extension": [extension("technique", "sct|168524008")]}, "iort"),
        (
            "cpt|77412",
            {"extension": [extension("technique", "sct|168524008")]},
            "iort",
        ),
        ("cpt|77425", {"doNotPerform": True}, "not-to-be-done"),
    ],
)
def test_a_service_is_recognised_by_code_then_words_then_technique(
    code: str, members: dict[str, Any], kind: str
) -> None:
    (service,) = facts(read(code, **members), "service")

    assert service.kind == kind


def test_without_code_nothing_is_recognised() -> None:
    found = OrderReader(assessor().terminology, order().__class__(
        "ServiceRequest/o", ServiceRequest(), msgspec.Raw(b"{}"), DAY
    )).service()  # fmt: skip

    assert found.fact.evidence[0].value == "no code"


@pytest.mark.parametrize(
    ("members", "counts"),
    [
        ({}, [1]),
        ({"quantityQuantity": {"value": 3}}, [3]),
        ({"quantityQuantity": {"value": 1}, "occurrenceTiming": {"repeat": {"count": 5}}}, [1, 5]),
        ({"quantityRatio": {"numerator": {"value": 2}}}, [2]),
        ({"quantityRange": {"high": {"value": 4}}}, [4]),
        ({"quantityRatio": {}, "quantityRange": {}}, [1]),
    ],
)
def test_fractions_are_those_that_are_stated(members: dict[str, Any], counts: list[float]) -> None:
    assert [one.count for one in facts(read(**members), "fractions")] == counts


@pytest.mark.parametrize(
    ("code", "members", "expected"),
    [
        ("cpt|77425", {}, [("electrons", "code")]),
        ("cpt|77424", {}, [("x-ray", "code")]),
        (
            "cpt|77425",
            {"extension": [extension("modality", "sct|438629002")]},
            [("electrons", "code"), ("electronic-brachytherapy", "detail")],
        ),
        ("IORT with Intrabeam", {}, [("electronic-brachytherapy", "code")]),
        (
            "cpt|77425",
            {"note": [{"text": "Mobetron"}]},
            [("electrons", "code"), ("electrons", "detail")],
        ),
    ],
)
def test_the_modality_of_code_and_details_is_told_apart(
    code: str, members: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = facts(read(code, **members), "modality")

    assert [(one.kind, one.stated) for one in found] == expected


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("boost to the tumor bed", "boost"),
        ("IORT as sole modality", "sole"),
        ("no external beam planned, boost alone", "sole"),
        ("at lumpectomy", None),
    ],
)
def test_boost_or_sole_modality_is_read_from_words(text: str, purpose: str | None) -> None:
    found = facts(read(note=[{"text": text}]), "intent")

    assert [one.purpose for one in found] == ([purpose] if purpose else [])


def test_the_code_itself_says_during_surgery_and_a_text_may_say_otherwise() -> None:
    plain = facts(read(), "setting")
    told = facts(read(note=[{"text": "given outside the operating room"}]), "setting")

    assert [one.place for one in plain] == ["during-surgery"]
    assert [one.place for one in told] == ["during-surgery", "outside-surgery"]


def test_notes_and_details_state_facts_of_the_target_and_the_label_does_not() -> None:
    assert "recurrence" in kinds(read(note=[{"text": "Local recurrence"}]))
    assert "recurrence" in kinds(read(orderDetail=[{"text": "for local recurrence"}]))
    assert "recurrence" not in kinds(read("IORT for local recurrence"))


@pytest.mark.parametrize(
    ("text", "state", "covers"),
    [
        ("EBRT completed", "given", "target"),
        ("EBRT planned", "planned", "target"),
        ("Prior EBRT in 2019", "given", "unspecified"),
        ("radiation-naive", "never", "unspecified"),
    ],
)
def test_external_beam_on_the_order_is_of_this_episode_unless_it_says_earlier(
    text: str, state: str, covers: str
) -> None:
    (found,) = facts(read(note=[{"text": text}]), "radiation")

    assert (found.state, found.covers) == (state, covers)


@pytest.mark.parametrize(
    ("members", "planned"),
    [
        ({}, None),
        ({"occurrenceDateTime": "2026-07-02T08:00:00Z"}, date(2026, 7, 2)),
        ({"occurrencePeriod": {"start": "2026-07"}}, date(2026, 7, 1)),
        ({"occurrenceTiming": {"event": ["2026-07-03"]}}, date(2026, 7, 3)),
        (
            {"occurrenceTiming": {"repeat": {"boundsPeriod": {"start": "2026-07-04"}}}},
            date(2026, 7, 4),
        ),
        ({"occurrenceDateTime": "soon"}, None),
    ],
)
def test_the_day_of_service_is_the_first_that_is_stated(
    members: dict[str, Any], planned: date | None
) -> None:
    assert order(**members).planned_day == planned


def test_an_order_without_date_is_of_the_day_it_is_judged() -> None:
    assert order(authoredOn=None).ordered.first == DAY.toordinal()
    assert order().entry.key == "ServiceRequest/o"
