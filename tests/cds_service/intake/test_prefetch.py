"""Prefetch: a missing key, null, an empty Bundle and an error are four different answers."""

from itertools import permutations
from typing import Any

import pytest

from cds_service.intake.prefetch import NullMeans, Prefetch
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.resources import Condition, Coverage, Observation, Patient
from tests.cds_service.intake.reading import bundle, condition, outcome, raw

PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01"}
COVERAGE = {"resourceType": "Coverage", "id": "k"}
NEXT = [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]
NOT_DELIVERED = NeedState("unreadable", "not-delivered")
NOT_FOUND = NeedState("unreadable", "not-found")
INVALID = NeedState("unreadable", "invalid")


def taken(null_means: NullMeans = "empty", *, keep_raw: bool = False, **keys: Any) -> Prefetch:
    given = {key: raw(content) for key, content in keys.items()}
    return Prefetch(given, null_means, keep_raw=keep_raw)


def kinds(prefetch: Prefetch) -> dict[str | None, list[type]]:
    """The types of what was delivered, by need."""
    return {
        one.need: [type(held.resource) for held in one.held if held.resource is not None]
        for one in prefetch.deliveries
    }


def test_without_prefetch_nothing_was_delivered() -> None:
    prefetch = taken()

    assert prefetch.states == {need.name: NOT_DELIVERED for need in NEEDS}
    assert prefetch.deliveries == []


@pytest.mark.parametrize("keep_raw", [False, True])
@pytest.mark.parametrize(
    ("content", "state"),
    [
        (bundle(condition()), NeedState("present")),
        (bundle(condition(), type="searchset", total=1), NeedState("present")),
        (bundle(), NeedState("empty")),
        (None, NeedState("empty")),
        (b" null ", NeedState("empty")),
        (bundle(condition(), link=NEXT), NeedState("partial", "truncated")),
        (bundle(condition(), outcome("error|timeout")), NeedState("partial", "timed-out")),
        (bundle(outcome("warning|processing")), NeedState("empty")),
        (outcome("error|forbidden"), NeedState("unreadable", "not-authorised")),
        (outcome("error|not-found"), NOT_FOUND),
        (outcome("information|informational"), NeedState("unreadable", "server-error")),
        ({"resourceType": "OperationOutcome"}, NeedState("unreadable", "server-error")),
        (condition(), NeedState("present")),
        (PATIENT, INVALID),
        ({"resourceType": "Practitioner"}, INVALID),
        ({"status": 404, "error": "Not Found", "message": "HTTP 404"}, INVALID),
        ({}, INVALID),
        ([], INVALID),
        ([condition()], INVALID),
        ("null", INVALID),
        (404, INVALID),
        (False, INVALID),
        (b'{"resourceType": "\xff"}', INVALID),
        (b"[" * 100_000, INVALID),
    ],
)
def test_a_search_is_met_as_far_as_its_key_says(
    content: Any, state: NeedState, *, keep_raw: bool
) -> None:
    prefetch = taken(conditions=content, keep_raw=keep_raw)

    assert prefetch.states["conditions"] == state
    others = {name: one for name, one in prefetch.states.items() if name != "conditions"}
    assert set(others.values()) == {NOT_DELIVERED}


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (PATIENT, NeedState("present")),
        (bundle(PATIENT), NeedState("present")),
        ({**PATIENT, "birthDate": 5}, NeedState("present")),
        (None, NOT_FOUND),
        (bundle(), NOT_FOUND),
        (bundle(outcome("warning|processing")), NOT_FOUND),
        (outcome("error|login"), NeedState("unreadable", "not-authorised")),
        (condition(), INVALID),
    ],
)
def test_a_patient_that_was_not_found_is_unread(content: Any, state: NeedState) -> None:
    assert taken(patient=content).states["patient"] == state


def test_null_may_mean_that_a_search_failed() -> None:
    prefetch = taken("unreadable", conditions=None, procedures=bundle())

    assert prefetch.states["conditions"] == NOT_FOUND
    assert prefetch.states["procedures"] == NeedState("empty")


@pytest.mark.parametrize("keep_raw", [False, True])
def test_what_was_delivered_is_kept_under_its_need_and_place(*, keep_raw: bool) -> None:
    prefetch = taken(patient=PATIENT, conditions=bundle(condition()), keep_raw=keep_raw)

    assert kinds(prefetch) == {"patient": [Patient], "conditions": [Condition]}
    assert [one.place for one in prefetch.deliveries] == [
        "prefetch.patient",
        "prefetch.conditions.entry",
    ]


def test_the_json_of_what_was_found_is_kept_when_it_is_asked_for() -> None:
    kept = taken(conditions=bundle(condition()), keep_raw=True)
    lean = taken(conditions=bundle(condition()))

    assert [one.raw for one in kept.deliveries[0].held] == [raw(condition())]
    assert [one.raw for one in lean.deliveries[0].held] == [None]


# --- other clients' keys


def test_other_keys_bring_evidence_and_prove_no_absence() -> None:
    prefetch = taken(problems=bundle(condition(), COVERAGE), them=PATIENT)

    assert kinds(prefetch) == {
        "conditions": [Condition],
        "coverage": [Coverage],
        "patient": [Patient],
    }
    assert prefetch.states["conditions"] == NeedState("partial", "not-delivered")
    assert prefetch.states["coverage"] == NeedState("partial", "not-delivered")
    assert prefetch.states["patient"] == NeedState("present")
    assert prefetch.states["procedures"] == NOT_DELIVERED


def test_other_keys_do_not_lower_what_our_own_met() -> None:
    given = {"conditions": bundle(), "problems": bundle(condition("d"))}

    for keys in permutations(given):
        prefetch = Prefetch({key: raw(given[key]) for key in keys})
        assert prefetch.states["conditions"] == NeedState("empty")
        assert [Condition] in [
            [type(held.resource) for held in one.held] for one in prefetch.deliveries
        ]


def test_observations_of_other_keys_count_once() -> None:
    prefetch = taken(labs=bundle({"resourceType": "Observation", "id": "o"}))

    assert kinds(prefetch) == {"observationsByCategory": [Observation]}
    assert prefetch.states["observationsByCode"] == NOT_DELIVERED


@pytest.mark.parametrize(
    "content",
    [None, 5, "text", [], {}, bundle(), bundle({"resourceType": "Device"}), outcome("error|login"),
     {"resourceType": "Encounter", "id": "e"}, b'"\xff"'],
)  # fmt: skip
def test_other_keys_without_evidence_change_nothing(content: Any) -> None:
    prefetch = taken(somethingElse=content)

    assert set(prefetch.states.values()) == {NOT_DELIVERED}
    assert prefetch.deliveries == []


@pytest.mark.parametrize(
    ("own", "alias", "state"),
    [
        (bundle(COVERAGE), bundle(), NeedState("present")),
        (bundle(), bundle(COVERAGE), NeedState("present")),
        (bundle(COVERAGE), outcome("error|timeout"), NeedState("present")),
        (outcome("error|timeout"), None, NeedState("empty")),
        (bundle(), bundle(COVERAGE, link=NEXT), NeedState("partial", "truncated")),
        (outcome("error|timeout"), outcome("error|login"), NeedState("unreadable", "timed-out")),
    ],
)
def test_of_two_keys_for_one_need_the_better_counts_in_whatever_order(
    own: Any, alias: Any, state: NeedState
) -> None:
    first = taken(coverage=own, coverageBundle=alias)
    second = taken(coverageBundle=alias, coverage=own)

    assert first.states["coverage"] == second.states["coverage"] == state


def test_a_known_key_of_another_client_counts_as_ours() -> None:
    assert taken(coverageBundle=bundle()).states["coverage"] == NeedState("empty")
