"""The logic, held against its definition by exhaustion, and against its laws by properties."""

from collections.abc import Mapping
from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.guideline.combining import Combination, combine, leans_on
from cds_service.guideline.formula import Formula, Term, all_of, any_of, term
from cds_service.guideline.model import Criterion
from cds_service.guideline.weighing import Answer
from tests.judging import assessor

NAMES = ("A", "B", "C", "D", "E")
CRITERIA = {
    name: Criterion(
        id=name,
        short=name,
        item=name,
        refuted=name,
        asks=name,
        cite="",
        boost=name == "D",
        intraoperative=name == "E",
    )
    for name in NAMES
}
KINDS = ("met", "not-met", "evidence", "retrieval", "interpretive", "conflict")


def answer(name: str, kind: str) -> Answer:
    if kind in ("evidence", "retrieval", "interpretive"):
        return Answer(criterion=name, status="unknown", kind=kind)  # type: ignore[arg-type]
    return Answer(criterion=name, status=kind)  # type: ignore[arg-type]


terms = st.builds(
    lambda name, presumed: term(name, presumed=presumed),
    st.sampled_from(NAMES),
    st.booleans(),
)
formulas = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(all_of),
        st.lists(inner, min_size=1, max_size=3).map(any_of),
    ),
    max_leaves=7,
)
answers_given = st.fixed_dictionaries({name: st.sampled_from(KINDS) for name in NAMES})


def decide(formula: Formula, kinds: Mapping[str, str]) -> Combination:
    return combine(formula, {name: answer(name, kind) for name, kind in kinds.items()}, CRITERIA)


def true_under(formula: Formula, facts: Mapping[str, bool]) -> bool:
    """Evaluate a formula in plain two-valued logic."""
    return any(all(facts[one.criterion] for one in implicant) for implicant in formula)


def possible_facts(formula: Formula, kinds: Mapping[str, str]) -> list[dict[Term, bool]]:
    """Every way in which what is open may turn out; a presumed term is true unless refuted."""
    own = {one for implicant in formula for one in implicant}
    options: dict[Term, tuple[bool, ...]] = {}
    for one in own:
        kind = kinds[one.criterion]
        if one.presumed:
            options[one] = (kind != "not-met",)
        else:
            known: dict[str, tuple[bool, ...]] = {"met": (True,), "not-met": (False,)}
            options[one] = known.get(kind, (False, True))
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


def holds_under(formula: Formula, facts: Mapping[Term, bool]) -> bool:
    return any(all(facts[one] for one in implicant) for implicant in formula)


VALUES = {"likely-covered": 2, "likely-not-covered": 0}


def value(combination: Combination) -> int:
    return VALUES.get(combination.determination, 1)


@given(formulas, answers_given)
def test_a_formula_is_true_or_false_only_if_it_is_so_however_the_open_ones_turn_out(
    formula: Formula, kinds: dict[str, str]
) -> None:
    # Kleene logic on a formula without negation agrees with trying everything out.
    outcomes = {holds_under(formula, facts) for facts in possible_facts(formula, kinds)}

    expected = 2 if outcomes == {True} else 0 if outcomes == {False} else 1
    assert value(decide(formula, kinds)) == expected


@given(formulas, answers_given, st.sampled_from(NAMES), st.sampled_from(KINDS))
def test_raising_a_criterion_never_lowers_the_answer(
    formula: Formula, kinds: dict[str, str], name: str, other: str
) -> None:
    order = {"not-met": 0, "met": 2}
    lower, higher = sorted((kinds[name], other), key=lambda kind: order.get(kind, 1))

    before = value(decide(formula, {**kinds, name: lower}))
    after = value(decide(formula, {**kinds, name: higher}))
    assert before <= after


@given(formulas, answers_given)
def test_missing_sets_are_all_the_smallest_that_would_do(
    formula: Formula, kinds: dict[str, str]
) -> None:
    combination = decide(formula, kinds)
    terms = {one for implicant in formula for one in implicant}
    open_ = sorted({one.criterion for one in terms if kinds[one.criterion] == "evidence"})

    def enough(documented: tuple[str, ...]) -> bool:
        granted = {
            name: kind == "met" or kind not in ("not-met", "evidence") or name in documented
            for name, kind in kinds.items()
        }
        return any(
            all(
                granted[one.criterion] or (one.presumed and kinds[one.criterion] != "not-met")
                for one in implicant
            )
            for implicant in formula
        )

    subsets = chain.from_iterable(combinations(open_, size) for size in range(len(open_) + 1))
    sufficient = [set(one) for one in subsets if enough(one)]
    smallest = [one for one in sufficient if not any(other < one for other in sufficient)]
    expected = [] if value(combination) != 1 else [one for one in smallest if one]
    assert sorted(map(sorted, expected)) == sorted(map(sorted, combination.missing_any_of))
    assert combination.missing == (
        combination.missing_any_of[0] if combination.missing_any_of else ()
    )


@given(formulas, answers_given)
def test_granting_a_missing_set_leads_where_the_other_open_ones_lead(
    formula: Formula, kinds: dict[str, str]
) -> None:
    for missing in decide(formula, kinds).missing_any_of:
        granted = {**kinds, **dict.fromkeys(missing, "met")}
        after = decide(formula, granted).determination
        assert after in (
            "likely-covered",
            *({"case-by-case"} if "interpretive" in granted.values() else ()),
            *({"conflicting-evidence"} if "conflict" in granted.values() else ()),
            *({"unable-to-evaluate"} if "retrieval" in granted.values() else ()),
        )


@given(formulas, answers_given)
def test_documentation_is_asked_for_only_where_it_can_help(
    formula: Formula, kinds: dict[str, str]
) -> None:
    combination = decide(formula, kinds)

    if combination.determination == "documentation-missing":
        assert combination.missing
    if value(combination) != 1:
        assert not combination.missing_any_of


def test_sets_are_preferred_small_then_without_boost_then_before_surgery() -> None:
    either = any_of([term("D"), term("E"), term("B"), all_of([term("A"), term("C")])])

    combination = decide(either, dict.fromkeys(NAMES, "evidence"))
    assert combination.missing_any_of == (("B",), ("E",), ("D",), ("A", "C"))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"A": "interpretive", "B": "evidence"}, "case-by-case"),
        ({"A": "conflict", "B": "met"}, "conflicting-evidence"),
        ({"A": "conflict", "B": "evidence"}, "documentation-missing"),
        ({"A": "retrieval", "B": "met"}, "unable-to-evaluate"),
        ({"A": "retrieval", "B": "evidence"}, "unable-to-evaluate"),
        ({"A": "conflict", "B": "retrieval"}, "unable-to-evaluate"),
        ({"A": "conflict", "B": "interpretive"}, "case-by-case"),
        ({"A": "not-met", "B": "conflict"}, "likely-not-covered"),
    ],
)
def test_each_kind_of_openness_calls_for_its_own_outcome(
    kinds: dict[str, str], expected: str
) -> None:
    both = all_of([term("A"), term("B")])

    assert decide(both, {**dict.fromkeys(NAMES, "met"), **kinds}).determination == expected


def test_an_avoidable_interpretive_question_alone_means_individual_review() -> None:
    either = any_of([term("A"), term("B")])
    kinds = {**dict.fromkeys(NAMES, "met"), "A": "interpretive", "B": "interpretive"}

    assert decide(either, kinds).determination == "case-by-case"


def test_a_proof_from_a_partial_search_is_no_proof() -> None:
    partial = {"A": Answer(criterion="A", status="met", partial=True)}

    assert combine(term("A"), partial, CRITERIA).determination == "unable-to-evaluate"


def test_a_positive_answer_leans_on_what_it_would_lose() -> None:
    formula = any_of([all_of([term("A", presumed=True), term("B")]), term("C")])
    answers = {name: answer(name, "met") for name in NAMES}

    assert not leans_on(formula, answers, "A")
    assert leans_on(formula, {**answers, "C": answer("C", "evidence")}, "A")
    assert not leans_on(formula, {**answers, "B": answer("B", "evidence")}, "A")


@settings(max_examples=30)
@given(st.data())
def test_the_laws_hold_for_the_shipped_guideline(data: st.DataObject) -> None:
    guideline = assessor().guideline
    path = guideline.paths[data.draw(st.sampled_from(sorted(guideline.paths)))]
    kinds = {name: data.draw(st.sampled_from(KINDS)) for name in path.criteria}
    answers = {name: answer(name, kind) for name, kind in kinds.items()}
    combination = combine(path.formula, answers, guideline.criteria)

    for missing in combination.missing_any_of:
        assert all(kinds[name] == "evidence" for name in missing)
        assert not any(set(other) < set(missing) for other in combination.missing_any_of)
        granted = {**answers, **{name: answer(name, "met") for name in missing}}
        after = combine(path.formula, granted, guideline.criteria)
        assert after.determination != "documentation-missing"
