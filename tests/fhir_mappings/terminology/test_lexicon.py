"""The closed lexicon: what is said, denied and doubted."""

from typing import get_args, get_type_hints

import pytest

from fhir_mappings.facts import FACTS, Behaviour, Disease, Organ
from fhir_mappings.terminology.lexicon import clauses, groups, mentions, said


def states(group: str, text: str) -> list[tuple[str, str]]:
    return [(one.meaning, one.state) for one in mentions(group, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Local recurrence at the anastomosis", "said"),
        ("No local recurrence", "denied"),
        ("no evidence of local recurrence", "denied"),
        ("without any suspected local recurrence", "denied"),
        ("local recurrence not seen", "denied"),
        ("local recurrence was ruled out", "denied"),
        ("possible local recurrence", "doubtful"),
        ("local recurrence cannot be excluded", "doubtful"),
        ("risk of local recurrence", "doubtful"),
        ("No fever. Local recurrence", "said"),
        ("no fever, local recurrence", "said"),
        ("no nodes, no mass, or local recurrence", "denied"),
        ("not a smoker but local recurrence", "said"),
        ("LOCAL RECURRENCE", "said"),
    ],
)
def test_negation_and_doubt_reach_as_far_as_a_clause(text: str, expected: str) -> None:
    found = [state for meaning, state in states("recurrence", text) if meaning == "local"]

    assert found == [expected]


def test_a_phrase_is_found_as_a_whole_word_only() -> None:
    assert states("modality", "electronic record") == []
    assert said("intent", "boosted") == set()


def test_a_phrase_for_a_whole_clause_is_not_found_inside_another() -> None:
    assert said("question", "pT") == {"t"}
    assert said("question", "discussed pT and more") == set()


def test_clauses_are_numbered_as_they_are_cut() -> None:
    text = "Margins close: no. Recurrence, central; boost"

    assert clauses(text) == ["Margins close", "no", "Recurrence", "central", "boost"]
    assert [one.clause for one in mentions("intent", text)] == [4]


# What each group's classes have to be words of: the fields of facts that readers fill from them.
FIELDS = {
    "modality": ("modality", "kind"),
    "intent": ("intent", "purpose"),
    "setting": ("setting", "place"),
    "recurrence": ("recurrence", "extent"),
    "recurrence-type": ("recurrence", "extent"),
    "zone": ("zone", "place"),
    "midline-organ": ("zone", "place"),
    "resectability": ("resectability", "verdict"),
    "recurrence-risk": ("risk", "level"),
    "risk-level": ("risk", "level"),
}


def classes_of(group: str) -> set[str]:
    from fhir_mappings.terminology.lexicon import _lexicon

    return {meaning for meaning, _ in _lexicon().groups[group]}


@pytest.mark.parametrize("group", FIELDS)
def test_classes_are_words_of_the_facts_they_fill(group: str) -> None:
    kind, field = FIELDS[group]

    assert classes_of(group) <= set(get_args(get_type_hints(FACTS[kind])[field]))


def test_the_diagnosis_in_words_uses_the_vocabulary_of_diagnoses() -> None:
    assert classes_of("organ") <= set(get_args(Organ))
    assert classes_of("disease") <= set(get_args(Disease))
    helpers = {"suspected", "neoplasm"}  # understood by the reader, and no behaviour
    assert classes_of("behaviour") - helpers <= set(get_args(Behaviour))


def test_every_group_has_a_name_and_phrases() -> None:
    assert len(groups()) == len(set(groups()))
    for group in groups():
        assert classes_of(group)
