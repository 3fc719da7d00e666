"""Histology, invasion, size, nodes, recurrence and risk."""

from typing import Any

import pytest

from fhir_mappings.readers.observations import read_observations
from tests.builders import Record, concept
from tests.fhir_mappings.reading import facts, kinds, proof, reading_of


def read(code: str, value: Any = None, **members: Any) -> list[Any]:
    record = Record().observation(code, value, **members)
    return list(read_observations(reading_of(record), None))


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("loinc|31206-6", "icdo|8500/3", {"invasive"}),
        ("loinc|31206-6", "icdo|8500/2", {"in-situ"}),
        ("loinc|31206-6", "sct|82711006", {"invasive"}),
        ("Histology", "Invasive ductal carcinoma", {"invasive"}),
        ("loinc|31206-6", "text:Ductal carcinoma in situ", {"in-situ"}),
        ("sct|370052007", "sct|10828004", {"invasive"}),
        ("sct|370052007", "sct|260385009", {"in-situ"}),
    ],
)
def test_histology_is_read_from_codes_and_words(code: str, value: str, told: set[str]) -> None:
    (fact,) = facts(read(code, value), "histology")

    assert fact.behaviours == told
    assert fact.rank == "pathology"


def test_a_histology_that_is_not_understood_is_kept_as_such() -> None:
    assert kinds(read("loinc|31206-6", "text:see report")) == ["not-understood"]
    assert kinds(read("loinc|31206-6")) == []
    assert kinds(read("sct|370052007", "text:perhaps")) == []


def test_of_several_codings_the_one_that_says_yes_or_no_tells_of_invasion() -> None:
    value = {"valueCodeableConcept": concept("icdo|8500/2", "sct|10828004")}
    (fact,) = facts(read("sct|370052007", value), "histology")

    assert fact.behaviours == {"invasive"}
    assert proof(fact)[1] == "Observation.value.coding[1]"


def test_a_disease_in_words_is_a_histology() -> None:
    (fact,) = facts(read("Histology", "Angiosarcoma"), "histology")

    assert "angiosarcoma" in fact.diseases


@pytest.mark.parametrize(
    ("value", "members", "size", "rank"),
    [
        ((1.2, "cm"), {}, 12, "clinical-staging"),
        ("text:14 mm", {}, 14, "clinical-staging"),
        ((12, "mm"), {"specimen": {"reference": "Specimen/x"}}, 12, "pathology"),
        (
            (12, "mm"),
            {"category": [{"text": "lab"}, {"coding": [{"code": "laboratory"}]}]},
            12,
            "pathology",
        ),
    ],
)
def test_a_size_is_in_millimetres(
    value: Any, members: dict[str, Any], size: float, rank: str
) -> None:
    (fact,) = facts(read("loinc|21889-1", value, **members), "tumor-size")

    assert (fact.smallest, fact.largest, fact.rank) == (size, size, rank)


def test_a_size_without_upper_bound_is_open() -> None:
    quantity = {"valueQuantity": {"value": 20, "unit": "mm", "comparator": ">"}}
    (fact,) = facts(read("loinc|21889-1", quantity), "tumor-size")

    assert fact.smallest > 20
    assert fact.largest == float("inf")


def test_no_length_is_no_size() -> None:
    assert read("loinc|21889-1", "text:small") == []
    assert read("loinc|21889-1") == []


@pytest.mark.parametrize(("count", "stem"), [(0, "N0"), (2, "N1")])
def test_sentinel_nodes_tell_the_pathological_n(count: int, stem: str) -> None:
    (fact,) = facts(read("loinc|92832-5", (count, "1")), "category")

    assert (fact.stem, fact.basis, fact.rank) == (stem, "pathological", "pathology")


def test_a_node_count_without_number_is_nothing() -> None:
    assert read("loinc|92832-5", "text:none seen") == []


@pytest.mark.parametrize(
    ("code", "value", "extent"),
    [
        ("loinc|21983-2", "Local", "local"),
        ("loinc|21983-2", "text:loco-regional", "local"),
        ("loinc|21983-2", "Regional nodes", "regional"),
        ("loinc|21983-2", "Distant", "distant"),
        ("loinc|21983-2", "None", "none"),
        ("loinc|21983-2", "Never disease-free", "none"),
        ("loinc|21983-2", "no local recurrence", "none"),
        ("loinc|21983-2", "http://x.example|4|Local recurrence", "local"),
        ("loinc|21983-2", "sct|255227004", "unspecified"),
        ("Recurrence", True, "unspecified"),
        ("Recurrence", False, "none"),
        ("sct|314966008", None, "local"),
        ("sct|314966008", "sct|2667000", "none"),
        ("sct|25173007", "sct|10828004", "unspecified"),
    ],
)
def test_recurrence_has_an_extent(code: str, value: Any, extent: str) -> None:
    assert [one.extent for one in facts(read(code, value), "recurrence")] == [extent]


def test_a_recurrence_that_is_not_understood_is_kept_as_such() -> None:
    assert kinds(read("loinc|21983-2", "text:pending")) == ["not-understood"]
    assert read("loinc|21983-2") == []


def test_more_is_read_from_the_words_of_a_recurrence() -> None:
    assert kinds(read("loinc|21983-2", "Local recurrence, vaginal vault")) == [
        "recurrence",
        "zone",
    ]


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("sct|723509005", "high"),
        ("sct|723505004", "low"),
        ("text:High", "high"),
        ("very low", "low"),
    ],
)
def test_a_risk_has_a_level(value: str, level: str) -> None:
    assert [one.level for one in facts(read("Risk of recurrence", value), "risk")] == [level]


def test_of_several_codings_the_one_that_grades_the_risk_counts() -> None:
    value = {"valueCodeableConcept": concept("sct|10828004", "sct|723509005")}
    (fact,) = facts(read("Risk of recurrence", value), "risk")

    assert fact.level == "high"
    assert proof(fact)[1] == "Observation.value.coding[1]"


def test_a_risk_that_is_both_or_neither_is_none() -> None:
    assert read("Risk of recurrence", "between low and high") == []
    assert read("Risk of recurrence", "sct|12345678") == []
    assert read("Risk of recurrence", "sct|10828004") == []
    unsure = {"valueCodeableConcept": concept("sct|12345678", text="intermediate")}
    assert read("Risk of recurrence", unsure) == []
