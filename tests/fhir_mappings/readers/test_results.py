"""Results: which Conditions an Observation is explicitly about."""

import pytest

from fhir_mappings.readers.results import observation_links
from tests.builders import Json, Record
from tests.fhir_mappings.reading import reading_of

FIRST, SECOND = "Observation/observation-1", "Observation/observation-2"


def to(*references: str) -> list[Json]:
    return [{"reference": one} for one in references]


def links(record: Record) -> dict[str, tuple[str, ...]]:
    return observation_links(reading_of(record))


def cancer(*assessment: str) -> Record:
    return Record().condition("icd|C50.412", stage=[{"assessment": to(*assessment)}])


@pytest.mark.parametrize(
    "record",
    [
        cancer().t("cT1c", focus="condition-1"),
        cancer(FIRST).t("cT1c"),
        cancer(FIRST).t("cT1c", focus="condition-1"),
        cancer("Observation/gone", FIRST).t("cT1c"),
        cancer().t("cT1c").change(focus=to("Observation/gone", "Condition/condition-1")),
    ],
)
def test_an_observation_is_about_its_focus_and_the_stage_it_supports(record: Record) -> None:
    assert links(record) == {FIRST: ("Condition/condition-1",)}


@pytest.mark.parametrize("focus", ["Condition/gone", "Procedure/procedure-1", "Patient/p"])
def test_a_focus_on_anything_but_a_condition_on_file_is_about_none(focus: str) -> None:
    record = cancer().procedure("sct|392021009").t("cT1c").change(focus=to(focus))

    assert links(record) == {}


def test_a_stage_whose_assessment_is_not_on_file_is_linked_to_nothing() -> None:
    assert links(cancer("Observation/gone").t("cT1c")) == {}


def panel(*members: str) -> Record:
    return cancer().observation("sct|399537006", hasMember=to(*members)).t("cT1c")


def test_members_of_a_panel_are_about_what_the_panel_is_about() -> None:
    record = panel("Observation/gone", SECOND)
    record.resources[-2]["focus"] = to("Condition/condition-1")

    assert links(record) == {
        FIRST: ("Condition/condition-1",),
        SECOND: ("Condition/condition-1",),
    }


def test_members_of_a_panel_that_is_about_nothing_are_about_nothing() -> None:
    assert links(panel(SECOND)) == {}
