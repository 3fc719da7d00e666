"""Scopes: what a token allows, in both versions of SMART."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.ehr.scopes import parse_scopes

CONDITION = frozenset(["Condition"])
ALL = frozenset(["*"])
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("text", "searched", "read"),
    [
        ("patient/*.read", ALL, ALL),
        ("patient/*.*", ALL, ALL),
        ("user/Condition.read", CONDITION, CONDITION),
        ("system/Condition.*", CONDITION, CONDITION),
        ("patient/Condition.write", NONE, NONE),
        ("user/Condition.rs", CONDITION, CONDITION),
        ("user/Condition.cruds", CONDITION, CONDITION),
        ("user/*.cruds", ALL, ALL),
        ("user/Condition.s", CONDITION, NONE),
        ("user/Condition.r", NONE, CONDITION),
        ("user/Condition.cud", NONE, NONE),
        ("patient/Condition.rs?category=problem-list-item", CONDITION, CONDITION),
        ("patient/Condition.s?category=http://x|a&code=b?c", CONDITION, NONE),
        ("launch/patient openid  fhirUser\tuser/Condition.rs\n", CONDITION, CONDITION),
        ("patient/Condition.r user/Condition.s", CONDITION, CONDITION),
    ],
)
def test_a_scope_allows_what_it_says(
    text: str, searched: frozenset[str], read: frozenset[str]
) -> None:
    scopes = parse_scopes(text)
    assert (scopes.searched, scopes.read) == (searched, read)


@pytest.mark.parametrize(
    "text",
    ["", "openid", "launch/patient", "offline_access", "patient/Condition", "patient/Condition.",
     "patient/.rs", "patient/.read", "patient/Condition.sr", "patient/Condition.READ",
     "Patient/Condition.rs", "group/Condition.rs", "patient/Condition.rsx", "patient/Cond-ition.rs",
     "xpatient/Condition.rs", "patient/Condition.rs#x", "patient/Condition/x.rs", "*/*.*", "*.*",
     "patient/Condition.read.rs", "patient/Condition.?category=a"],
)  # fmt: skip
def test_other_texts_allow_nothing(text: str) -> None:
    scopes = parse_scopes(text)
    assert scopes.searched == scopes.read == NONE


def test_a_wildcard_allows_every_type_and_a_type_itself_only() -> None:
    every, one = parse_scopes("user/*.rs"), parse_scopes("user/Condition.rs")

    assert every.allow_search("Condition")
    assert every.allow_read("Specimen")
    assert one.allow_search("Condition")
    assert not one.allow_search("Observation")
    assert not one.allow_read("condition")


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    parse_scopes(text)
