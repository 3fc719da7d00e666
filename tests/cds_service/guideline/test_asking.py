"""A criterion asked of facts: rows from the top, several facts together, silence that counts."""

from typing import Any

from cds_service.guideline.asking import Facts, ask
from cds_service.guideline.weighing import Answer
from fhir_mappings.dates import parse_date
from fhir_mappings.facts import Category, Evidence, NodeMetastasis, Source, TheTumor
from tests.judging import assessor

GUIDELINE = assessor().guideline


def shared(name: str, date: str | None = None, **more: Any) -> dict[str, Any]:
    evidence = Evidence(
        reference=f"Observation/{name}", path="Observation.value", value=name, rank="pathology"
    )
    members = {"evidence": (evidence,), "rank": "clinical-staging", "when": parse_date(date)}
    return {**members, **more}


def n0(date: str | None = None, **more: Any) -> Category:
    return Category(
        **shared("n0", date, **more),
        axis="N",
        stem="N0",
        detail="",
        basis="clinical",
        phase="initial",
    )


def axilla(date: str | None = None, **more: Any) -> NodeMetastasis:
    return NodeMetastasis(**shared("axilla", date, **more), region="axillary")


def answer(
    criterion: str, incomplete: frozenset[Source] = frozenset(), **facts: tuple[Any, ...]
) -> Answer:
    by_kind = {kind.replace("_", "-"): found for kind, found in facts.items()}
    return ask(GUIDELINE, GUIDELINE.criteria[criterion], Facts(by_kind), incomplete)


def nodes(first: Category, second: NodeMetastasis) -> str:
    return answer("BR-4", category=(first,), node_metastasis=(second,)).status


def test_facts_together_outrank_what_each_says_alone() -> None:
    assert nodes(n0("2026-04-20"), axilla("2026-05-01")) == "conflict"
    assert nodes(n0(), axilla("2026-05-01")) == "conflict"


def test_facts_of_other_times_do_not_belong_together() -> None:
    assert nodes(n0("2026-04-20"), axilla("2024-05-01")) == "met"


def test_facts_of_different_sides_do_not_belong_together() -> None:
    left, right = n0("2026-04-20", side="left"), axilla("2026-05-01", side="right")

    assert nodes(left, right) != "conflict"


def test_an_older_second_fact_is_no_answer_to_the_first() -> None:
    positive = Category(
        **shared("cn1", "2026-05-01"),
        axis="N",
        stem="N1",
        detail="",
        basis="clinical",
        phase="initial",
    )
    cleared = Category(
        **shared("pn0", "2026-06-01"),
        axis="N",
        stem="N0",
        detail="",
        basis="pathological",
        phase="initial",
    )
    earlier = Category(
        **shared("pn0", "2026-04-01"),
        axis="N",
        stem="N0",
        detail="",
        basis="pathological",
        phase="initial",
    )

    assert answer("BR-4", category=(positive, cleared)).kind == "interpretive"
    assert answer("BR-4", category=(positive, earlier)).status != "unknown"


def test_silence_counts_only_where_everything_was_read() -> None:
    tumor = TheTumor(**shared("tumor"))

    assert answer("BR-7", tumor=(tumor,)).status == "met"
    assert answer("BR-7", frozenset({"Procedure"}), tumor=(tumor,)).kind == "retrieval"


def test_nothing_found_is_not_documented_and_unread_is_not_absent() -> None:
    assert answer("BR-4").kind == "evidence"
    assert answer("BR-4", frozenset({"Observation"})).kind == "retrieval"
    assert answer("BR-4", frozenset({"Coverage"})).kind == "evidence"


def test_individual_review_is_never_answered_by_facts() -> None:
    assert answer("PA-3").kind == "interpretive"


def test_an_answer_cites_each_element_once_in_a_fixed_order() -> None:
    found = answer("BR-4", category=(n0("2026-04-20"), n0("2026-04-20")))

    assert [one.reference for one in found.evidence] == ["Observation/n0"]
