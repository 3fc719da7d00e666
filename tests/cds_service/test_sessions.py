"""Sessions: a signed request and a saved record are judged alike, each order for its patient."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest

from cds_service.assess import Assessor
from cds_service.cli.compose import compose_request
from cds_service.hooks.request import parse_request
from cds_service.intake.bundles import decode_bundle
from cds_service.sessions import Session, assessments, authored_day, review, sign
from fhir_mappings.resources import ServiceRequest
from tests.builders import DAY, Record, breast, colon
from tests.judging import assessor, judge, status

Json = dict[str, Any]
TODAY = date.fromisoformat(DAY)
URN = "urn:uuid:11111111-2222-3333-4444-555555555555"


def reviewed(content: Json | Record, *unavailable: str, by: Assessor | None = None) -> Session:
    """Judge a record."""
    content = content.bundle if isinstance(content, Record) else content
    bundle = decode_bundle(msgspec.json.encode(content))
    assert bundle is not None
    return review(by or assessor(), bundle, lambda _: TODAY, unavailable)


def signed(request: Json, *, keep_raw: bool = False) -> Session:
    parsed = parse_request(json.dumps(request).encode())
    return sign(assessor(), parsed, lambda _: TODAY, keep_raw=keep_raw)


def found(session: Session) -> list[tuple[str | None, str, str]]:
    """Orders with their site and determination."""
    return [
        (one.assessment.order, one.assessment.site, one.assessment.determination)
        for one in session.assessed
    ]


def joined(*records: Record) -> Json:
    """Several records in one, each patient and its resources under their own ids."""
    entries = []
    for number, record in enumerate(records):
        text = json.dumps(record.resources)
        text = text.replace("Patient/p", f"Patient/p{number}")
        text = text.replace('"id": "p"', f'"id": "p{number}"')
        for kind in ("condition", "observation", "servicerequest"):
            text = text.replace(f"{kind}-", f"{kind}-{number}-")
        entries += [{"resource": one} for one in json.loads(text)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


# --- a record


def test_the_draft_orders_of_a_record_are_judged() -> None:
    record = breast().order("cpt|77424", status="active").order("Mammogram")
    session = reviewed(record)

    assert found(session) == [("ServiceRequest/servicerequest-1", "breast", "likely-covered")]
    assert [one.name for one in session.others] == ["ServiceRequest/servicerequest-3"]
    assert session.received


def test_a_record_without_an_order_for_us_says_so() -> None:
    session = reviewed(breast().without("ServiceRequest").order("Mammogram"))
    (assessment,) = assessments(assessor(), session, TODAY)

    assert session.assessed == []
    assert (assessment.determination, assessment.order) == ("not-applicable", None)
    assert assessment.evaluated_on == TODAY
    assert [(one.id, one.status) for one in assessment.criteria] == [("G-1", "not-met")]
    assert assessment.criteria[0].evidence[0].reference == "ServiceRequest/servicerequest-2"


def test_a_record_without_any_order_says_so() -> None:
    session = reviewed(breast().without("ServiceRequest"))
    (assessment,) = assessments(assessor(), session, TODAY)

    assert assessment.determination == "not-applicable"
    assert assessment.criteria[0].evidence == []


def test_what_could_not_be_read_is_not_taken_as_absent() -> None:
    record = breast().without("Observation", 2)

    assert judge(record).determination == "documentation-missing"
    assert status(judge(record), "BR-5") == "evidence"
    unread = breast().unread("Observation")
    assert judge(unread).determination == "unable-to-evaluate"
    assert status(judge(unread), "BR-5") == "retrieval"
    assert {one.need for one in judge(unread).unavailable} == {
        "observationsByCategory",
        "observationsByCode",
    }


def test_types_that_do_not_exist_are_unread_without_harm() -> None:
    assert found(reviewed(breast(), "Nonsense", "")) == found(reviewed(breast()))


def test_each_order_is_judged_by_the_record_of_its_own_patient() -> None:
    session = reviewed(joined(breast(), colon()))

    assert found(session) == [
        ("ServiceRequest/servicerequest-0-1", "breast", "likely-covered"),
        ("ServiceRequest/servicerequest-1-1", "colon", "documentation-missing"),
    ]


def test_an_order_without_subject_is_for_the_only_patient() -> None:
    record = breast()
    record.change(subject=None)

    assert found(reviewed(record))[0][2] == "likely-covered"


def test_an_order_without_subject_among_several_patients_is_not_judged() -> None:
    content = joined(breast(), colon())
    del content["entry"][-1]["resource"]["subject"]
    session = reviewed(content)

    assert [one[2] for one in found(session)] == ["likely-covered", "unable-to-evaluate"]
    assert "cannot be told" in session.assessed[1].assessment.notes[0].text


def test_an_order_may_name_its_patient_by_the_full_url_of_an_entry() -> None:
    content = joined(breast(), colon())
    patient = content["entry"][0]["resource"]
    del patient["id"]
    content["entry"][0]["fullUrl"] = URN
    text = json.dumps(content).replace("Patient/p0", URN)

    assert found(reviewed(json.loads(text)))[0] == (
        "ServiceRequest/servicerequest-0-1",
        "breast",
        "likely-covered",
    )


def test_a_name_that_leads_nowhere_is_the_only_patient() -> None:
    content = json.loads(json.dumps(breast().bundle).replace("Patient/p", URN))
    content["entry"][0].pop("fullUrl")

    assert found(reviewed(content))[0][2] == "likely-covered"


def test_a_patient_who_is_not_in_the_record_is_still_who_the_order_is_for() -> None:
    record = breast().without("Patient")

    assert status(judge(record), "BR-3") == "met"
    assert status(judge(record), "BR-1") == "evidence"


def test_an_order_for_another_patient_than_the_only_one_is_not_mixed_with_that_record() -> None:
    record = breast().change(subject={"reference": "Patient/q"})
    assessment = judge(record)

    assert status(assessment, "BR-3") != "met"
    assert assessment.determination != "likely-covered"


def test_an_order_is_judged_on_the_day_that_is_asked_for() -> None:
    days = []
    bundle = decode_bundle(msgspec.json.encode(breast().bundle))
    assert bundle is not None

    def day(draft: Any) -> date:
        days.append(draft.name)
        return date(2026, 7, 1)

    session = review(assessor(), bundle, day, ())
    assert days == ["ServiceRequest/servicerequest-1"]
    assert session.assessed[0].assessment.evaluated_on == date(2026, 7, 1)


# --- a request


def test_a_signed_request_is_judged_as_its_record_is() -> None:
    record = breast().observation("MRI", "clear")
    over_http = signed(compose_request(record.bundle))

    assert found(over_http) == found(reviewed(record))


def test_a_saved_request_is_judged_alike_when_its_json_is_kept() -> None:
    request = compose_request(breast().bundle)
    request["prefetch"]["coverage"]["entry"] = [{"resource": None}, {}]
    kept, lean = signed(request, keep_raw=True), signed(request)

    assert [one.assessment for one in kept.assessed] == [one.assessment for one in lean.assessed]
    assert kept.pool is not None
    assert all(entry.raw is not None for entry in kept.pool.entries.values())


def test_a_stored_copy_of_a_draft_is_no_second_order() -> None:
    request = compose_request(breast().bundle)
    draft = request["context"]["draftOrders"]["entry"][0]
    stored = {"resource": {**draft["resource"], "meta": {"versionId": "1"}}}
    unsaved = signed(request)
    request["prefetch"]["serviceRequests"]["entry"] = [stored]
    saved = signed(request)

    assert len(saved.assessed) == 1
    assert saved.assessed[0].assessment.notes == unsaved.assessed[0].assessment.notes
    assert (unsaved.assessed[0].stored, saved.assessed[0].stored) == (False, True)


@pytest.mark.parametrize("orders", [None, "text", {}, {"resourceType": "List"}])
def test_without_orders_nothing_is_judged(orders: Any) -> None:
    request = compose_request(breast().bundle)
    request["context"]["draftOrders"] = orders
    session = signed(request)

    assert not session.received
    assert session.assessed == []
    assert session.pool is None


def test_orders_that_cannot_be_read_are_counted() -> None:
    request = compose_request(breast().bundle)
    request["context"]["draftOrders"]["entry"] += [5, {"resource": {"id": "x"}}]
    alone = compose_request(breast().bundle)
    alone["context"]["draftOrders"]["entry"] = ["x"]

    assert (signed(request).unread, len(signed(request).assessed)) == (2, 1)
    assert (signed(alone).unread, signed(alone).assessed) == (1, [])


# --- the day of an order


@pytest.mark.parametrize(
    ("authored", "day"),
    [
        ("2026-06-15", date(2026, 6, 15)),
        ("2026-06-15T23:30:00-05:00", date(2026, 6, 15)),
        ("2026-06", None),
        ("2026", None),
        ("soon", None),
        (None, None),
    ],
)
def test_the_day_of_an_order_is_its_local_date_where_it_is_known(
    authored: str | None, day: date | None
) -> None:
    assert authored_day(ServiceRequest(authored_on=authored)) == day
