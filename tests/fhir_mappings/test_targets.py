"""Which tumor an order is for: by its reasons, by its body site, or the only one there is."""

from datetime import date
from typing import Any

import msgspec
import pytest

from fhir_mappings.chart import read_chart
from fhir_mappings.orders import Order
from fhir_mappings.resources import ServiceRequest
from fhir_mappings.targets import Target, find_target
from tests.builders import Json, Record, concept
from tests.fhir_mappings.reading import reading_of
from tests.judging import assessor

DAY = date(2026, 6, 15)
LEFT, RIGHT, RECTUM = concept("sct|80248007"), concept("sct|73056007"), concept("sct|34402009")


def target(record: Record, **reasons: Any) -> Target:
    record = record.copy().order(**{"reasonReference": None, **reasons})
    reading = reading_of(record)
    chart = read_chart(reading.record, assessor().terminology, None, ())
    ((entry, request),) = reading.record.of_type(ServiceRequest)
    raw = msgspec.Raw(msgspec.json.encode(record.last))
    return find_target(reading, Order(entry.key, request, raw, DAY), chart.diagnoses)


def pointed(record: Record, **reasons: Any) -> tuple[str, list[str]]:
    """How the order points, and the diagnoses it may mean."""
    found = target(record, **reasons)
    return found.pointing, sorted(key for tumor in found.tumors for key in tumor.keys)


def diagnosed(*names: str) -> Record:
    record = Record()
    for name in names:
        record.condition(f"icd|{name}")
    return record


def to(*references: str) -> list[Json]:
    return [{"reference": one} for one in references]


def icd(*names: str) -> list[Json]:
    return [concept(f"icd|{name}") for name in names]


FIRST, SECOND = "Condition/condition-1", "Condition/condition-2"
BY_CODE = "ServiceRequest/servicerequest-1.reasonCode[0]"


def test_a_reference_and_a_code_that_agree_name_one_tumor() -> None:
    record = diagnosed("C50.412", "C20")

    for code in ("C50.412", "C50.912"):
        reasons = {"reasonReference": to(FIRST), "reasonCode": icd(code)}
        assert pointed(record, **reasons) == ("named", [FIRST])


def test_a_code_chooses_among_several_references() -> None:
    reasons = {"reasonReference": to(FIRST, SECOND), "reasonCode": icd("C20")}

    assert pointed(diagnosed("C50.412", "C20"), **reasons) == ("named", [SECOND])


@pytest.mark.parametrize("code", ["C20", "C50.411"])
def test_a_reference_and_a_code_for_different_tumors_contradict_each_other(code: str) -> None:
    reasons = {"reasonReference": to(FIRST), "reasonCode": icd(code)}
    found = target(diagnosed("C50.412"), **reasons)

    assert found.pointing == "contradictory"
    assert [one.reference for one in found.evidence] == [FIRST, "ServiceRequest/servicerequest-1"]


@pytest.mark.parametrize("name", ["C77.3", "C78.7", "Z85.3", "Z85.038"])
def test_a_metastasis_or_a_history_only_complements_the_cancer_that_another_reason_names(
    name: str,
) -> None:
    record = diagnosed("C50.412", name)

    for reasons in (
        {"reasonReference": to(SECOND, FIRST)},
        {"reasonReference": to(FIRST), "reasonCode": icd(name)},
        {"reasonReference": to(SECOND), "reasonCode": icd("C50.412")},
        {"reasonCode": icd(name, "C50.412")},
    ):
        assert pointed(record, **reasons) == ("named", [FIRST])


@pytest.mark.parametrize("name", ["C78.7", "Z85.038"])
def test_a_metastasis_or_a_history_as_the_only_reason_is_the_target(name: str) -> None:
    record = diagnosed("C50.412", name)

    assert pointed(record, reasonReference=to(SECOND)) == ("named", [SECOND])
    assert pointed(record, reasonCode=icd(name)) == ("named", [BY_CODE])


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_a_code_does_not_stand_in_for_a_refuted_diagnosis(verification: str) -> None:
    record = Record().condition("icd|C50.412", verification=verification)
    reasons = {"reasonReference": to(FIRST), "reasonCode": icd("C50.412")}

    assert pointed(record, **reasons) == ("named", [FIRST])


@pytest.mark.parametrize("code", ["I10", "Z92.3"])
def test_a_code_that_names_no_neoplasm_is_no_reason(code: str) -> None:
    assert pointed(diagnosed("C50.412"), reasonCode=icd(code)) == ("inferred", [FIRST])
    assert pointed(diagnosed("C50.412", "C20"), reasonCode=icd(code, "C20")) == ("named", [SECOND])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"focus": to(SECOND)}, ("named", [SECOND])),
        ({"focus": to("Procedure/procedure-1")}, ("several", [FIRST, SECOND])),
        ({"focus": to("Condition/gone")}, ("several", [FIRST, SECOND])),
        ({}, ("several", [FIRST, SECOND])),
    ],
)
def test_an_observation_as_the_reason_points_where_its_focus_does(
    members: Json, expected: tuple[str, list[str]]
) -> None:
    record = diagnosed("C50.412", "C20").procedure("sct|392021009").t("cT1c").change(**members)

    assert pointed(record, reasonReference=to("Observation/observation-1")) == expected


def test_a_procedure_as_the_reason_names_no_tumor() -> None:
    reason = to("Procedure/procedure-1")

    assert pointed(diagnosed("C20").procedure("sct|23968004"), reasonReference=reason) == (
        "inferred",
        [FIRST],
    )


def test_a_reference_that_leads_nowhere_is_unread_and_nothing_is_inferred() -> None:
    found = target(diagnosed("C50.412"), reasonReference=to("Condition/gone"))

    assert (found.pointing, found.tumors) == ("unreadable", ())
    assert [one.value for one in found.evidence] == ["Condition/gone"]


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        ([], ("several", [FIRST, SECOND])),
        ([LEFT], ("named", [FIRST])),
        ([RECTUM], ("named", [SECOND])),
        ([RIGHT], ("contradictory", [FIRST, SECOND])),
    ],
)
def test_the_body_site_of_the_order_chooses_or_contradicts(
    sites: list[Json], expected: tuple[str, list[str]]
) -> None:
    reasons = {"reasonReference": to(FIRST, SECOND), "bodySite": sites}

    assert pointed(diagnosed("C50.412", "C20"), **reasons) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (diagnosed("C50.412"), ("inferred", [FIRST])),
        (diagnosed("C50.412", "I10"), ("inferred", [FIRST])),
        (diagnosed("C50.412", "C20"), ("several", [FIRST, SECOND])),
        (diagnosed("C50.412", "D01.2"), ("inferred", [FIRST])),
        (diagnosed("C50.412").condition("icd|C20", status="resolved"), ("inferred", [FIRST])),
        (
            diagnosed("C50.412").condition("icd|C20", verification="provisional"),
            ("inferred", [FIRST]),
        ),
        (Record().condition("icd|C50.412", status="resolved"), ("none", [])),
        (diagnosed("Z85.3"), ("none", [])),
        (diagnosed(), ("none", [])),
    ],
)
def test_without_a_reason_the_one_active_cancer_on_file_is_the_target(
    record: Record, expected: tuple[str, list[str]]
) -> None:
    assert pointed(record) == expected
