"""Searches: which queries bring a need, from the best to the plainest."""

import pytest

from cds_service.ehr.searches import Ask, Query, Searching, asks_for
from fhir_mappings.needs import BY_KEY, NEEDS, prefetch_templates, search_parameter
from tests.judging import assessor

TERMINOLOGY = assessor().terminology
CATEGORIES = ["laboratory", "imaging", "exam", "procedure", "survey"]


def asks(*names: str, **searching: object) -> list[Ask]:
    needs = [BY_KEY[name] for name in names]
    return list(asks_for(needs, TERMINOLOGY, Searching("p", **searching)))  # type: ignore[arg-type]


def attempts(name: str, **searching: object) -> list[list[str]]:
    (ask,) = asks(name, **searching)
    return [[str(query) for query in attempt] for attempt in ask.attempts]


def test_the_first_attempt_is_what_the_prefetch_asks_for() -> None:
    templates = prefetch_templates(TERMINOLOGY)
    for ask in asks(*templates):
        (name,) = ask.needs
        assert ask.shown == templates[name].replace("{{context.patientId}}", "p")
        assert len(ask.attempts[0]) == 1


def test_a_patient_is_read() -> None:
    (ask,) = asks("patient")

    assert attempts("patient") == [["Patient/p"]]
    assert not ask.attempts[0][0].searches
    assert (ask.needs, ask.type) == (("patient",), "Patient")


@pytest.mark.parametrize("name", ["conditions", "procedures", "specimens", "coverage"])
def test_a_plain_search_has_no_other_attempt(name: str) -> None:
    assert attempts(name) == [[f"{BY_KEY[name].type}?patient=p"]]


def test_observations_are_searched_by_list_and_then_one_by_one_but_never_all() -> None:
    begin = "Observation?patient=p&category="
    assert attempts("observationsByCategory") == [
        [begin + ",".join(CATEGORIES)],
        [begin + one for one in CATEGORIES],
    ]


def test_other_lists_end_in_a_search_for_all_of_the_patient() -> None:
    first, singly, plain = attempts("diagnosticReports")

    assert len(first) == 1
    assert len(singly) == 3
    assert plain == ["DiagnosticReport?patient=p"]


def test_a_single_value_is_not_asked_for_twice() -> None:
    assert attempts("medicationRequests") == [
        ["MedicationRequest?patient=p&intent=order"],
        ["MedicationRequest?patient=p"],
    ]


def test_a_very_long_list_is_not_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.ehr.searches._MANY", 4)
    assert len(attempts("observationsByCategory")) == 1


def test_all_codes_are_asked_for() -> None:
    narrowed = search_parameter(BY_KEY["observationsByCode"], TERMINOLOGY)
    assert narrowed is not None

    assert attempts("observationsByCode")[0] == [
        f"Observation?patient=p&code={','.join(narrowed[1])}"
    ]


def test_a_parameter_that_the_server_does_not_declare_is_left_out() -> None:
    known = {"DiagnosticReport": frozenset(["patient"]), "Observation": frozenset(["patient"])}

    assert attempts("diagnosticReports", parameters=known) == [["DiagnosticReport?patient=p"]]
    assert len(attempts("documentReferences", parameters=known)) == 2
    assert len(attempts("observationsByCategory", parameters=known)) == 2


def test_a_parameter_that_the_server_declares_is_used() -> None:
    known = {"DiagnosticReport": frozenset(["patient", "category"])}
    assert len(attempts("diagnosticReports", parameters=known)) == 3


def test_where_it_is_allowed_one_search_brings_all_observations() -> None:
    found = asks("conditions", "observationsByCategory", "observationsByCode", bare=True)

    assert [(ask.needs, ask.shown) for ask in found] == [
        (("conditions",), "Condition?patient=p"),
        (("observationsByCategory", "observationsByCode"), "Observation?patient=p"),
    ]


def test_without_needs_nothing_is_asked() -> None:
    assert asks() == asks(bare=True) == []


def test_every_need_is_asked_for_once() -> None:
    names = [need.name for need in NEEDS]
    assert [name for ask in asks(*names) for name in ask.needs] == names


@pytest.mark.parametrize(
    ("query", "searches"),
    [
        (Query("Patient/p"), False),
        (Query("Condition", (("patient", "p"),)), True),
        (Query("?_getpages=1"), True),
        (Query("Condition?page=2"), True),
    ],
)
def test_searches_and_reads_are_told_apart(query: Query, *, searches: bool) -> None:
    assert query.searches is searches
