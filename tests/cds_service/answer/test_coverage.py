"""Whether the patient's plan uses this guideline is said on every card, and never guessed."""

from typing import Any

import pytest

from cds_service.answer.coverage import PlanCoverage, plan_coverage
from fhir_mappings.needs import NeedState
from fhir_mappings.readers.coverages import CoverageView
from tests.builders import Record, breast
from tests.cds_service.answer.signing import (
    assessment,
    likelihood,
    paying,
    second_sentence,
    situation,
)


def insured(**members: Any) -> Record:
    plan = {"status": "active", "payor": [{"display": "Example Health"}]}
    return breast().add("Coverage", **{**plan, **members})


@pytest.mark.parametrize(
    ("record", "payers", "sentence", "prefix"),
    [
        (insured(), ["example health "], "The plan (Example Health) is known to use this "
         "guideline.", ""),
        (insured(), ["Other Plan"], "The coverage on file is with another payer (Example Health), "
         "whose policy may differ.", "Another payer. "),
        (insured(), [], "It is not known whether this plan (Example Health) uses Evolent_CG_226.",
         ""),
        (insured(payor=[]), ["Other Plan"], "It is not known whether this plan uses "
         "Evolent_CG_226.", ""),
        (breast(), ["Example Health"], "No coverage was found on file, so it is not known which "
         "plan decides.", ""),
        (breast().unread("Coverage"), ["Example Health"], "Coverage could not be read, so it is "
         "not known which plan decides.", ""),
        (insured(status="cancelled"), ["Example Health"], "The coverage on file (Example Health) "
         "is not active on 2026-06-15.", "Coverage not active. "),
        (insured(period={"end": "2026-05-31"}, payor=[]), [], "The coverage on file (a payor that "
         "is not named) is not active on 2026-06-15.", "Coverage not active. "),
    ],
)  # fmt: skip
def test_the_second_sentence_says_whether_the_plan_uses_the_guideline(
    record: Record, payers: list[str], sentence: str, prefix: str
) -> None:
    card = likelihood(record, paying(*payers))

    assert second_sentence(card) == sentence
    assert card["summary"].startswith(f"{prefix}Electron IORT, left breast: ")


def test_the_plan_changes_no_determination() -> None:
    found = {
        assessment(likelihood(record, paying("Example Health")))["determination"]
        for record in (insured(), insured(payor=[{"display": "B"}]), insured(status="cancelled"))
    }

    assert found == {"likely-covered"}


def test_the_coverage_stands_in_the_assessment() -> None:
    coverage = assessment(likelihood(insured(), paying("Example Health")))["coverage"]

    assert coverage == {
        "reference": "Coverage/coverage-1",
        "payor": "Example Health",
        "status": "active",
        "applies": "yes",
        "active": True,
    }
    assert assessment(situation("covered")[0])["coverage"] == {
        "status": "none",
        "applies": "unknown",
    }


def view(*payors: str, identifiers: tuple[str, ...] = ()) -> CoverageView:
    return CoverageView("Coverage/c", "active", payors, identifiers, active=True)


@pytest.mark.parametrize(
    ("held", "payers", "applies"),
    [
        (view("A"), ["a"], "yes"),
        (view("A", "B"), ["B"], "yes"),
        (view(identifiers=("urn:x|1",)), ["urn:x|1"], "yes"),
        (view("A", identifiers=("urn:x|1",)), ["URN:X|1"], "yes"),
        (view("A"), ["B"], "no"),
        (view(identifiers=("urn:x|1",)), ["urn:x|2"], "no"),
        (view("A", identifiers=("urn:x|1",)), ["B", "urn:x|2"], "no"),
        (view("A"), [], "unknown"),
        (view("A"), [" "], "unknown"),
        (view(), ["A"], "unknown"),
        (view(" "), ["A"], "unknown"),
        (view(identifiers=("urn:x|1",)), ["A"], "unknown"),
        (view("A"), ["urn:x|1"], "unknown"),
    ],
)
def test_a_payer_is_another_only_if_like_was_compared_with_like(
    held: CoverageView, payers: list[str], applies: str
) -> None:
    assert plan_coverage(held, NeedState("present"), payers).applies == applies


def test_a_coverage_without_status_and_name_is_kept_as_far_as_it_is_known() -> None:
    held = CoverageView("Coverage/c", None, ("", " "), (), active=True)

    assert plan_coverage(held, NeedState("present"), ["A"]) == PlanCoverage(
        reference="Coverage/c", status="unknown", applies="unknown", active=True
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (NeedState("present"), "none"),
        (NeedState("empty"), "none"),
        (NeedState("partial", "truncated"), "unreadable"),
        (NeedState("unreadable", "timed-out"), "unreadable"),
    ],
)
def test_no_coverage_is_told_from_an_unread_one(state: NeedState, status: str) -> None:
    assert plan_coverage(None, state, ["A"]) == PlanCoverage(status=status, applies="unknown")
