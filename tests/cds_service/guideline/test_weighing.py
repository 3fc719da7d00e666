"""Evidence weighed: the strongest, then the latest; ties that disagree contradict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.guideline.model import Criterion, Says
from cds_service.guideline.weighing import Item, current, remarks, weigh
from fhir_mappings.dates import parse_date
from fhir_mappings.facts import Evidence, Fact, Margin, NotUnderstood

ASKED = Criterion(id="X", short="", item="", refuted="", asks="", cite="")


def fact(name: str, date: str | None = None, **more: Any) -> Fact:
    path, text = more.pop("path", "Observation.value"), more.pop("text", False)
    evidence = Evidence(
        reference=f"Observation/{name}", path=path, value="", rank="pathology", text_derived=text
    )
    return Fact(evidence=(evidence,), rank="pathology", when=parse_date(date), **more)


def item(says: Says, name: str = "a", date: str | None = None, tier: int = 0, **more: Any) -> Item:
    within = more.pop("within", 0)
    return Item(fact(name, date, **more), says, tier, within)


def asked(*prefer: Says, over_time: bool = False) -> Criterion:
    return Criterion(
        id="X",
        short="",
        item="",
        refuted="",
        asks="",
        cite="",
        prefer=prefer,
        prefer_over_time=over_time,
    )


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], None),
        ([item("support")], None),
        ([item("met")], "met"),
        ([item("met"), item("not-met", "b", tier=1)], "met"),
        ([item("met", date="2026-01-01"), item("not-met", "b", "2026-02-01")], "not-met"),
        ([item("met", date="2026-01-01"), item("not-met", "b", "2026-01-01")], "conflict"),
        ([item("met"), item("not-met", "b", "2026-01-01")], "not-met"),
        ([item("met", date="2026-01"), item("not-met", "b", "2026-01-20")], "conflict"),
        ([item("met"), item("not-met", "b")], "conflict"),
        ([item("met"), item("unclear", "b")], "unclear"),
        ([item("not-met"), item("unclear", "b")], "not-met"),
        ([item("met"), item("not-met", "b"), item("unclear", "c")], "conflict"),
        ([item("met", within=1), item("not-met", "b")], "not-met"),
        ([item("met"), item("not-met", "b", corrected=True)], "not-met"),
    ],
)
def test_the_strongest_then_the_latest_counts(items: list[Item], expected: str | None) -> None:
    assert weigh(ASKED, items).says == expected
    assert weigh(ASKED, items[::-1]).says == expected


def test_two_codings_of_one_element_that_disagree_contradict_before_any_preference() -> None:
    codings = [
        item("met", path="Observation.value.coding[0]"),
        item("not-met", path="Observation.value.coding[1]"),
    ]

    assert weigh(asked("met", over_time=True), codings).says == "conflict"


def test_a_text_may_say_several_things_and_the_criterion_prefers() -> None:
    said = [item("met", text=True), item("not-met", text=True)]

    assert weigh(asked("not-met", "met"), said).says == "not-met"
    assert weigh(ASKED, said).says == "conflict"


def test_a_preference_may_hold_over_time() -> None:
    items = [item("met", date="2026-01-01"), item("not-met", "b", "2026-02-01")]

    assert weigh(asked("met", over_time=True), items).says == "met"
    assert weigh(asked("met"), items).says == "not-met"
    assert weigh(asked("unclear", over_time=True), items).says == "met"  # none is preferred


dates = st.sampled_from([None, "2026", "2026-01", "2026-01-15", "2026-02-01"])
items_given = st.lists(
    st.builds(
        item,
        st.sampled_from(["met", "not-met", "unclear", "support"]),
        st.sampled_from("abcd"),
        dates,
        st.integers(0, 2),
        within=st.integers(0, 1),
        corrected=st.booleans(),
    ),
    max_size=5,
)


@given(items_given, st.randoms())
def test_the_order_of_evidence_never_matters(items: list[Item], random: Any) -> None:
    shuffled = items[:]
    random.shuffle(shuffled)

    assert weigh(ASKED, items).says == weigh(ASKED, shuffled).says


@given(items_given)
def test_weaker_evidence_never_outvotes(items: list[Item]) -> None:
    verdict = weigh(ASKED, items)
    weaker = [*items, item("not-met", "z", "2030-01-01", tier=9)]

    if verdict.says is not None:
        assert weigh(ASKED, weaker).says == verdict.says


def margin(status: Any, date: str | None, **more: Any) -> Margin:
    evidence = Evidence(
        reference=f"Observation/{status}", path="Observation.value", value="", rank="pathology"
    )
    members = {"rank": "pathology", "basis": "final", "when": parse_date(date), **more}
    return Margin(evidence=(evidence,), status=status, **members)


def test_a_later_fact_of_its_series_replaces_an_earlier_one() -> None:
    first, second = margin("involved", "2026-05-01"), margin("uninvolved", "2026-06-01")
    frozen = margin("involved", "2026-04-01", basis="frozen")

    assert current([first, second]) == [second]
    assert current([first, frozen]) == [first, frozen]
    assert current([first, margin("uninvolved", None)]) == [first]
    assert current([fact("a", "2026-01-01"), fact("b", "2026-02-01")]) != []


def test_what_does_not_count_replaces_nothing() -> None:
    first = margin("involved", "2026-05-01")

    assert current([first, margin("uninvolved", "2026-06-01", standing="preliminary")]) == [first]


def because(items: list[Item], decided: tuple[Item, ...], says: Says | None) -> list[str]:
    return [one.because for one in remarks(items, decided, says)]


def test_what_does_not_decide_is_shown_with_its_reason() -> None:
    winner = item("met", "w", "2026-06-01")
    others = [
        item("not-met", "a", "2026-01-01"),
        item("not-met", "b", tier=1),
        item("support", "c"),
        item("met", "d", standing="preliminary"),
        item("met", "e", "2026-01-01"),
    ]

    assert because([winner, *others], (winner,), "met") == [
        "older",
        "weaker",
        "support",
        "preliminary",
    ]
    assert because(others[:1], (), None) == []


def test_a_value_that_is_not_understood_is_called_so() -> None:
    evidence = Evidence(reference="Observation/x", path="v", value="?", rank="pathology")
    unknown = NotUnderstood(evidence=(evidence,), rank="pathology", about="T")

    assert because([Item(unknown, "support", 0, 0)], (), None) == ["not-understood"]
