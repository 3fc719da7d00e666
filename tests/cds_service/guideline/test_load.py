"""A guideline file that cannot be used says where and why; its data change answers, not code."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.factory import guideline_text
from cds_service.guideline.errors import GuidelineError
from cds_service.guideline.load import load_guideline
from cds_service.guideline.model import Guideline

TEXT = guideline_text()


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def problems(text: str, readings: str | None = None) -> str:
    with pytest.raises(GuidelineError) as caught:
        load_guideline(text, "g.yaml", readings, "own.yaml")
    return str(caught.value)


def load(text: str = TEXT, readings: str | None = None) -> Guideline:
    return load_guideline(text, readings=readings)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{fact: service, when: {kind: iort}", "{fact: survice, when: {kind: iort}", "no fact"),
        ("when: {kind: iort}", "when: {sort: iort}", "facts of this kind have no sort"),
        ("when: {kind: iort}", "when: {kind: other-word}", "other-word is not one of iort"),
        ("count: {above: 1}", "count: {more: 1}", "bounds are numbers under"),
        ("count: {above: 1}", "count: {above: many}", "bounds are numbers under"),
        ("{place: outside-surgery}", "{place: {above: 1}}", "is not a number"),
        ("says: met, as: pathology", "says: met, as: rumour", "not one of pathology"),
        ("{fact: service, when: {kind: iort}, says: met}",
         "{fact: service, when: {kind: iort}, says: yes-please}", "not one of met"),
        ("reads: [Patient]", "reads: [Person]", "Person is not one of Patient"),
        ("if-read: [Condition, Procedure]", "if-read: [Surgery]", "Surgery is not one of"),
        ("prefer: [not-met, met]", "prefer: [worst]", "not one of met"),
        ("    section: header", "    section: footer", "no section footer"),
        ("kind: visit-note, within-days: 90", "kind: letter", "Input should be 'visit-note'"),
        ("  - ~G-4", "  - ~G-9", "no criterion or formula ~G-9"),
        ("  colon: colon\n", "  colon: [colon]\n", "a formula is a criterion"),
        ("  colon: colon\n", "  colon: {any: colon}\n", "a formula is a criterion"),
        ("  sts: boost", "  sarcoma: boost", "sarcoma: not one of breast"),
        ("any: [BO-2, BO-3]", "any: [boost, BO-3]", "formula boost is defined by itself"),
        ("site: breast, says: met", "site: bosom, says: met", "not one of breast"),
        ("{behaviours: secondary}", "{behaviour: secondary}", "facts of this kind have no"),
        ("  - criterion: BO-1", "  - criterion: BO-9", "no such criterion"),
        ("  - {reading: age-on, crit", "  - {reading: age-off, crit", "no reading age-off"),
        ("age-on, criterion: BR-1", "age-on, criterion: BR-99", "no such criterion"),
        ("{reading: gist, review", "{reading: gast, review", "no reading gast with options"),
        ("{reading: gist, review: unclear, counts", "{reading: gist, counts", "options of gist"),
        ("{reading: gist, review", "{reading: xofig, review", "no reading xofig with options"),
        ("    default: needed", "    default: unneeded", "needs two or more options"),
        ("    fixed: Yes; it speaks of individuals.",
         "    fixed: Yes.\n    default: a\n    options: {a: x, b: y}", "is fixed and has options"),
        ("  - [inferred]\n", "", "has to name each of pathology"),
        ("  - [pathology, frozen-section]", "  - [inferred, pathology, frozen-section]",
         "inferred last and alone"),
        ("number: Evolent_CG_226", "nummer: Evolent_CG_226", "Extra inputs are not permitted"),
        ("title: Intraoperative", "xtitle: Intraoperative", "Field required"),
        ("    always: unclear\n", "", "has no evidence rows"),
        ("    always: unclear\n", "    always: maybe\n", "not one of met"),
        ("  hdr-iort:\n", "  unused:\n    question: q\n    default: a\n    options: {a: x, b: y}\n"
         "    sentence: s\n  hdr-iort:\n", "no rule uses this reading"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_line_and_member(old: str, new: str, message: str) -> None:
    found = problems(changed(old, new))

    assert found.startswith("g.yaml, line ")
    assert message in found


def test_the_line_is_that_of_the_mistake() -> None:
    text = changed("when: {kind: iort}", "when: {kind: other-word}")

    assert problems(text).startswith(f"g.yaml, line {line_of(text, 'other-word')}: criteria.G-1.")


def test_all_mistakes_are_named_at_once() -> None:
    text = changed("  - ~G-4", "  - ~G-9").replace("section: header", "section: footer", 1)

    assert len(problems(text).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "line"),
        ("a: b\n\tc: d", "line 2"),
        ("a: 1\na: 2", "line 2: a stands here twice"),
        ("", "file: Input should be a valid dictionary"),
        ("- a\n- b", "file: Input should be a valid dictionary"),
        ("a: \x00", "not readable as YAML"),
        ("a: &a [*a]", "not readable as YAML"),
        ("a: !!python/name:os.system x", "line 1"),
    ],
)
def test_what_is_no_such_yaml_is_refused(text: str, message: str) -> None:
    assert message in problems(text)


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        ("readings: {gist: yes-sir}", "own.yaml, line 1: readings.gist: the options are review"),
        ("readings: {gost: review}", "own.yaml, line 1: readings.gost: no reading of this name"),
        ("readings: {xofig: review}", "no reading of this name with options"),
        ("reading: {gist: review}", "Field required"),
        ("readings:\n  gist: {opt: review}", "Field required"),
    ],
)
def test_mistakes_in_own_readings_are_named_in_their_file(readings: str, message: str) -> None:
    assert message in problems(TEXT, readings)


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in items:
            yield from places(value, (*path, key))


DATA = yaml.safe_load(TEXT)
PLACES = list(places(DATA))[1:]
ODD: list[Any] = [None, [], {}, 7, "odd", [{}], [[]], {"reading": []}, {"any": [{}]}, True]


@settings(max_examples=60)
@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_whatever_stands_in_a_file_the_error_is_one_that_can_be_shown(
    place: tuple[Any, ...], odd: Any
) -> None:
    data = deepcopy(DATA)
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = odd
    with suppress(GuidelineError):
        load(json.dumps(data))


def test_values_of_a_file_are_not_repeated_in_errors() -> None:
    assert "s3cret" not in problems(changed("title: Intraoperative", "extra: s3cret\ntitle: I"))


def test_own_readings_carry_their_review() -> None:
    own = "readings: {gist: {option: counts, reviewedBy: A. Reviewer, reviewedOn: 2026-01-31}}"
    own = own.replace("2026-01-31", '"2026-01-31"')
    gist = load(readings=own).readings["gist"]

    assert (gist.option, gist.default) == ("counts", "review")
    assert (gist.reviewed_by, gist.reviewed_on) == ("A. Reviewer", "2026-01-31")


def test_the_hash_tells_whether_two_installations_decide_by_the_same_data() -> None:
    same = load(readings="readings: {gist: review}")

    assert load().sha256 == same.sha256
    assert load().sha256 != load(readings="readings: {gist: counts}").sha256
    assert load().sha256 != load(changed("~BO-1, required: BO-1", "BO-1, required: BO-1")).sha256


def test_another_revision_needs_no_code() -> None:
    text = changed('revision: "2023-05"', 'revision: "2027-01"')
    text = text.replace("youngest: {at-least: 50}", "youngest: {at-least: 60}", 1)

    assert load(text).revision == "2027-01"


def test_every_section_criterion_and_formula_of_the_shipped_guideline_is_used() -> None:
    guideline = load()
    used = {name for path in guideline.paths.values() for name in path.criteria}

    assert used == set(guideline.criteria)
    for criterion in guideline.criteria.values():
        assert criterion.short
        assert criterion.item
        assert criterion.refuted
