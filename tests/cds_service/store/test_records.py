"""What is kept of an answer proves what was answered and tells nothing of whom."""

import hmac
import json
from datetime import date
from typing import Any

import msgspec
import pytest

from cds_service.hooks.cards import Card
from cds_service.store.models import AuditRow, CardRow
from cds_service.store.records import CardRecord, Record, RecordMaker
from cds_service.store.store import Store
from tests import builders
from tests.builders import breast, concept
from tests.cds_service.answer.signing import breast_without, session_of
from tests.cds_service.store.storing import (
    ISSUER,
    KEY,
    answer_for,
    count,
    dump,
    records_for,
    rows,
)
from tests.judging import assessor

SECRETS = ("zebulon", "quackenbush", "mrn-4711", "1958-11-03", "pat-0815", "19.4", "secret-note")


def identified() -> builders.Record:
    """A record full of what identifies a patient."""
    record = breast_without("Observation", 1).observation("Tumor size", (19.4, "mm"))
    record.change(note=[{"text": "Zebulon said: secret-note"}])
    record.add("Coverage", status="active", payor=[{"display": "Quackenbush Health"}])
    text = json.dumps(record.resources).replace("Patient/p", "Patient/pat-0815")
    record.resources = json.loads(text)
    record.resources[0] = {
        "resourceType": "Patient",
        "id": "pat-0815",
        "identifier": [{"value": "mrn-4711"}],
        "name": [{"family": "Quackenbush", "given": ["Zebulon"]}],
        "birthDate": "1958-11-03",
    }
    return record


def one(record: builders.Record, **changes: Any) -> Record:
    (found,) = records_for(record, **changes)
    return found


def cited(record: Record) -> dict[str, dict[str, str]]:
    return {found["reference"]: found for found in record.audit.cited}


def test_the_audit_of_an_order_says_what_was_answered_and_by_which_guideline() -> None:
    audit = one(breast_without("Observation", 0)).audit
    guideline = assessor().guideline

    assert (audit.hook, audit.issuer) == ("order-sign", ISSUER)
    assert audit.hook_instance == "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
    assert audit.order_name == "ServiceRequest/servicerequest-1"
    assert (audit.determination, audit.site) == ("documentation-missing", "breast")
    assert audit.criteria["BR-1"] == "met"
    assert audit.criteria["BR-3"] == "unknown"
    assert audit.unknown == {"BR-3": "evidence"}
    assert audit.missing == ["BR-3"]
    assert (audit.guideline_id, audit.guideline_revision) == (guideline.id, guideline.revision)
    assert audit.guideline_sha256 == guideline.sha256
    assert set(audit.readings) <= set(guideline.readings)
    assert audit.evaluated_on == date(2026, 6, 15)


def test_what_is_cited_has_its_version_or_a_digest() -> None:
    record = breast()
    record.resources[1]["meta"] = {"versionId": "7"}

    found = cited(one(record))

    assert found["Condition/condition-1"] == {
        "reference": "Condition/condition-1",
        "versionId": "7",
    }
    assert set(found["Observation/observation-1"]) == {"reference", "digest"}
    assert "digest" in found["ServiceRequest/servicerequest-1"]


def test_a_digest_is_that_of_the_resource_as_it_came_under_the_key() -> None:
    answer = answer_for(breast())
    (assessed,) = answer.assessed
    parts = (b"resource", bytes(assessed.order.raw))
    content = b"".join(len(part).to_bytes(8) + part for part in parts)

    (record,) = RecordMaker(KEY).records(answer)

    digest = cited(record)["ServiceRequest/servicerequest-1"]["digest"]
    assert digest == hmac.digest(KEY.encode(), content, "sha256").hex()


def test_a_digest_changes_with_the_resource_and_with_nothing_else() -> None:
    name = "Observation/observation-1"
    changed = breast()
    changed.resources[2]["status"] = "amended"

    first, same, other = (cited(one(record))[name] for record in (breast(), breast(), changed))

    assert first == same
    assert first["digest"] != other["digest"]


def test_what_is_cited_and_was_not_delivered_has_its_name_alone() -> None:
    found = cited(one(breast(), pool=None))

    assert found["Observation/observation-1"] == {"reference": "Observation/observation-1"}


def test_a_resource_that_was_not_kept_as_it_came_is_digested_as_it_was_read() -> None:
    answer = answer_for(breast())
    assert answer.pool is not None
    entries = answer.pool.entries
    for key, entry in entries.items():
        entries[key] = msgspec.structs.replace(entry, raw=None)

    (record,) = RecordMaker(KEY).records(answer)

    assert len(cited(record)["Observation/observation-1"]["digest"]) == 64


def test_a_patient_is_a_hash_under_the_key_and_of_the_caller() -> None:
    maker, other = RecordMaker(KEY), RecordMaker("another key")
    patient = maker.hash_patient(ISSUER, "Patient/p")

    assert one(breast()).audit.patient == patient
    assert len(patient) == 64
    assert maker.hash_patient(ISSUER, "Patient/q") != patient
    assert maker.hash_patient("https://other.example.org", "Patient/p") != patient
    assert maker.hash_patient(f"{ISSUER}P", "atient/p") != patient
    assert other.hash_patient(ISSUER, "Patient/p") != patient


def test_without_a_key_hashes_compare_within_one_process_only() -> None:
    first, second = RecordMaker(""), RecordMaker("")

    assert first.hash_patient("", "Patient/p") == first.hash_patient("", "Patient/p")
    assert first.hash_patient("", "Patient/p") != second.hash_patient("", "Patient/p")


def test_the_patient_is_not_named_where_it_is_evidence() -> None:
    references = cited(one(breast()))

    assert f"Patient/{RecordMaker(KEY).hash_patient(ISSUER, 'Patient/p')}" in references
    assert "Patient/p" not in references


def test_a_patient_without_id_is_not_named_either() -> None:
    record = breast()
    bundle = record.bundle
    url = "https://ehr.example.org/fhir/pat-0815"
    bundle["entry"][0]["fullUrl"] = url
    del bundle["entry"][0]["resource"]["id"]
    text = json.dumps(bundle).replace("Patient/p", url)

    class Whole(builders.Record):
        bundle = json.loads(text)

    audit = one(Whole()).audit

    assert audit.patient is not None
    assert "pat-0815" not in str(audit)
    assert any(reference["reference"].startswith("Patient/") for reference in audit.cited)


def test_an_order_for_nobody_who_is_known_has_no_patient() -> None:
    record = breast().change(subject={"display": "somebody"})
    record.resources.append({"resourceType": "Patient", "id": "q"})

    assert one(record).audit.patient is None


def test_nothing_that_is_stored_identifies_a_patient(store: Store) -> None:
    answer = answer_for(identified())
    shown = msgspec.json.encode(list(answer.cards)).decode().lower()

    store.save_answers(list(RecordMaker(KEY).records(answer)))

    assert sum(secret in shown for secret in SECRETS) >= 3  # a record that could leak
    stored = dump(store).lower()
    assert "observation/observation-1" in stored
    assert [secret for secret in SECRETS if secret in stored] == []


def test_each_card_is_kept_with_what_it_was_about() -> None:
    record = one(breast_without("Observation", 0))
    likelihood, documentation = record.cards

    assert (likelihood.kind, documentation.kind) == ("likelihood", "documentation")
    assert likelihood.asked == {}
    assert list(documentation.asked.values()) == ["BR-3"]
    assert {card.audit for card in record.cards} == {record.audit.id}
    assert (likelihood.site, likelihood.determination) == ("breast", "documentation-missing")
    assert likelihood.procedure == "Electron IORT"
    assert likelihood.issuer == ISSUER


def test_a_suggestion_is_kept_with_the_criterion_whose_task_it_is() -> None:
    answer = answer_for(breast_without("Observation", 0, 1, 2))
    (record,) = RecordMaker(KEY).records(answer)
    tasks: dict[str, str] = {}
    for card in answer.cards:
        for suggestion in card.suggestions or ():
            assert isinstance(suggestion.actions[0].resource, dict)
            tasks[suggestion.uuid] = suggestion.actions[0].resource["reasonCode"]["text"]
    criteria = assessor().guideline.criteria

    (asked,) = (card.asked for card in record.cards if card.asked)

    assert set(asked) == set(tasks)
    assert all(tasks[uuid].endswith(criteria[name].cite) for uuid, name in asked.items())


def test_the_cards_of_several_orders_are_told_apart_and_notices_are_left_out() -> None:
    record = breast_without("Observation", 0).order()
    answer = answer_for(record)
    notice = msgspec.structs.replace(answer.cards[0], uuid="notice", extension=msgspec.UNSET)

    records = records_for(record, cards=[*answer.cards, notice])
    before = records_for(record, cards=[_reminder(answer.cards[1]), *answer.cards])

    kinds = [[card.kind for card in found.cards] for found in records]
    assert kinds == [["likelihood", "documentation"]] * 2
    assert [[card.kind for card in found.cards] for found in before] == kinds
    stored = [card.uuid for found in records for card in found.cards]
    assert len(set(stored)) == 4
    assert "notice" not in stored


def _reminder(card: Card) -> Card:
    return msgspec.structs.replace(card, uuid="before any order")


def test_an_order_whose_cards_did_not_go_out_is_recorded_without_them() -> None:
    assert one(breast(), cards=[]).cards == ()


def test_records_go_into_the_store_as_they_are_and_once(store: Store) -> None:
    records = records_for(breast_without("Observation", 0))

    store.save_answers(records)
    store.save_answers(records)  # after a commit of which was not heard whether it succeeded

    (audit,) = rows(store, AuditRow)
    assert audit == msgspec.structs.asdict(records[0].audit)
    assert count(store, CardRow) == 2
    kept: list[CardRecord] = [CardRecord(**row) for row in rows(store, CardRow)]
    assert sorted(kept, key=lambda card: card.kind) == sorted(
        records[0].cards, key=lambda card: card.kind
    )


@pytest.mark.parametrize("make", [breast, lambda: breast(status=None)])
def test_every_order_that_was_judged_is_recorded(make: Any) -> None:
    record: builders.Record = make()
    record.add(
        "Condition", code=concept("icd|C20"), contained=[{"resourceType": "Patient", "id": "x"}]
    )

    assert len(records_for(record)) == len(session_of(record).assessed)
