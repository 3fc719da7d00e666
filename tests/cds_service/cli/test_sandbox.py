"""Loading records into a FHIR server, and signing their orders there."""

import json
import logging
import re
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from cds_service.cli.demo import serving
from cds_service.settings import Settings
from tests.builders import DAY, Record, breast
from tests.cds_service.cli.running import run, write
from tests.faults import bad_json, cut, login_page, outcome, says, status
from tests.faulty_proxy import PAGES, Fault, FaultyProxy, Query, Reply
from tests.memory_fhir import MemoryFhir

SAMPLES = Path(__file__).parents[3] / "sample_bundles"
WITHOUT_IDS = SAMPLES / "11-colon-t4-positive-margin.json"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    level = logging.getLogger("cds_service").level
    yield
    logging.getLogger("cds_service").setLevel(level)


@pytest.fixture
def memory() -> MemoryFhir:
    """What is stored on the FHIR server."""
    return MemoryFhir()


@pytest.fixture
def server(memory: MemoryFhir) -> Iterator[FaultyProxy]:
    """The FHIR server."""
    with FaultyProxy(memory) as server:
        yield server


@pytest.fixture
def nowhere() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def load(server: FaultyProxy, *paths: Path) -> Result:
    return run("sandbox", "load", "--fhir", server.url, *paths)


def sign(server: FaultyProxy, *arguments: object) -> Result:
    return run("sandbox", "sign", "--fhir", server.url, *arguments)


def rows(result: Result) -> dict[str, list[str]]:
    """Return what stands beside each order: record, from the server, from the file, equal."""
    lines = [re.split(r" {2,}", line.strip()) for line in result.stdout.splitlines()[1:]]
    return {line[1]: [line[0], *line[2:]] for line in lines}


def file_of(tmp_path: Path, record: Record, name: str = "own.json") -> Path:
    return write(tmp_path / name, record.bundle)


def test_the_samples_are_loaded_by_default(server: FaultyProxy, memory: MemoryFhir) -> None:
    result = load(server)

    assert result.exit_code == 0
    assert "01-breast-covered.json: 11 resources loaded" in result.stdout
    assert result.stdout.endswith("17 records loaded, 0 were there already\n")
    assert "08-breast-unread-request.json: passed over; a saved request" in result.stderr
    assert {"Patient/breast-1", "Observation/b9-m"} <= memory.resources.keys()


def test_what_is_there_already_is_not_sent_again(server: FaultyProxy) -> None:
    load(server)
    server.heal()

    result = load(server)

    assert (result.exit_code, result.stdout) == (0, "0 records loaded, 17 were there already\n")
    assert all(b'"method":"PUT"' not in query.body for query in server.seen)


def test_a_record_that_changed_on_the_server_is_loaded_again(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, breast())
    load(server, file)
    memory.resources["Patient/p"] = {**memory.resources["Patient/p"], "birthDate": "2000-01-01"}

    result = load(server, file)

    assert result.stdout.endswith("1 records loaded, 0 were there already\n")
    assert memory.resources["Patient/p"]["birthDate"] == "1960-01-01"


def test_what_a_server_notes_about_a_resource_is_no_change(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, breast())
    load(server, file)
    memory.resources["Patient/p"] = {**memory.resources["Patient/p"], "meta": {"versionId": "1"}}

    assert load(server, file).stdout == "0 records loaded, 1 were there already\n"


def test_resources_without_ids_get_the_same_ones_every_time(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    load(server, WITHOUT_IDS)
    first = dict(memory.resources)
    bundle = json.loads(WITHOUT_IDS.read_bytes())
    patient = f"Patient/{bundle['entry'][0]['fullUrl'].removeprefix('urn:uuid:')}"
    for entry in bundle["entry"]:
        del entry["fullUrl"]
    nameless = write(tmp_path / "nameless.json", bundle)

    again = [load(server, WITHOUT_IDS), load(server, nameless), load(server, nameless)]

    assert [one.stdout.splitlines()[-1][:1] for one in again] == ["0", "1", "0"]
    assert patient in first
    subjects = [one["subject"]["reference"] for one in first.values() if "subject" in one]
    assert subjects == [patient] * 5


def test_references_lead_to_the_resources_of_the_server(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    own = "https://ehr.example.org/fhir/Condition/condition-1"
    other = "https://elsewhere.example.org/fhir/Condition/condition-1"
    record = breast().order(reasonReference=[{"reference": own}, {"reference": other}])

    load(server, file_of(tmp_path, record))

    reasons = memory.resources["ServiceRequest/servicerequest-2"]["reasonReference"]
    assert reasons == [{"reference": "Condition/condition-1"}, {"reference": other}]


def test_a_server_without_batches_is_loaded_every_time(server: FaultyProxy, tmp_path: Path) -> None:
    file = file_of(tmp_path, breast())
    server.fault(PAGES, status(400), when=lambda query: b'"type":"batch"' in query.body)

    results = [load(server, file), load(server, file)]

    assert [one.exit_code for one in results] == [0, 0]
    assert "1 records loaded" in results[1].stdout


def test_a_record_that_the_server_refuses_is_named_with_the_reason(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    refused = write(tmp_path / "a[/b].json", breast().bundle)
    write(tmp_path / "b.json", json.loads(json.dumps(breast().bundle).replace('"p"', '"q"')))
    said = outcome("invalid", text="Patient.birthDate: not a date")
    server.fault(PAGES, says(said, 409), when=lambda query: b'"PUT"' in query.body, times=1)

    result = load(server, tmp_path)

    reason = "answered 409 Conflict: Patient.birthDate: not a date"
    assert result.exit_code == 1
    assert result.stderr == f"{refused}: {server.url} {reason}\n"
    assert "Patient/q" in memory.resources


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (login_page(), "answered 200 OK"),
        (bad_json(), "answered 200 OK"),
        (says([]), "answered 200 OK"),
        (says({"issue": "none"}, 500), "answered 500 Internal Server Error"),
        (
            says({"issue": [{"details": {"text": "no"}}, {"code": "lock"}, 1]}, 423),
            "answered 423 Locked: no; lock",
        ),
    ],
    ids=["a login page", "half an answer", "no object", "no issues", "several issues"],
)
def test_what_is_no_answer_of_a_fhir_server_is_an_error(
    server: FaultyProxy, tmp_path: Path, fault: Any, reason: str
) -> None:
    server.fault("*", fault)

    result = load(server, file_of(tmp_path, breast()))

    assert result.exit_code == 1
    assert result.stderr.endswith(f"{server.url} {reason}\n")


def test_a_server_that_breaks_off_is_named(server: FaultyProxy, tmp_path: Path) -> None:
    server.fault("*", cut(after=10))

    result = load(server, file_of(tmp_path, breast()))

    assert result.exit_code == 1
    assert result.stderr.endswith(f"{server.url} did not answer: RemoteProtocolError\n")


@pytest.mark.parametrize("address", ["", "/fhir"])
def test_a_server_that_is_not_there_is_named_once(nowhere: str, address: str) -> None:
    result = run("sandbox", "load", "--fhir", nowhere + address)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count(f"{nowhere}{address} cannot be reached: ") == 1


@pytest.mark.parametrize("address", ["ehr.example.org/fhir", "ftp://ehr.example.org", "http://[1"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    result = run("sandbox", "load", "--fhir", address)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{address} cannot be reached: ")


def test_files_that_are_no_records_are_named_and_the_rest_is_loaded(
    server: FaultyProxy, tmp_path: Path
) -> None:
    broken = write(tmp_path / "a.json", b"SECRET")
    endless = write(tmp_path / "b.json", b'{"resourceType":"Bundle","entry":[{"resource":1e999}]}')
    odd = {"resourceType": "Bundle", "entry": [1, {}, {"resource": []}, {"resource": {"id": "x"}}]}
    write(tmp_path / "c.json", odd)
    write(tmp_path / "d.jsonl", [breast().case])

    result = load(server, tmp_path)

    assert result.exit_code == 1
    assert f"{broken}: not JSON\n" in result.stderr
    assert f"{endless}: not JSON that can be sent on\n" in result.stderr
    assert "case: 6 resources loaded" in result.stdout


def test_no_proxy_of_the_environment_stands_between(
    server: FaultyProxy, nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nowhere)

    assert load(server, file_of(tmp_path, breast())).exit_code == 0


def test_the_samples_get_the_same_answers_from_the_server_as_from_their_files(
    server: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IORT_CDS_TODAY", "1999-01-01")
    load(server)

    result = sign(server)

    found = rows(result)
    assert result.exit_code == 0
    assert len(found) == 18
    assert {row[-1] for row in found.values()} == {"yes"}
    assert found["b1-order"] == ["01-breast-covered.json", *["likely-covered"] * 2, "yes"]
    assert found["-"] == ["18-lumpectomy-only.json", *["not-applicable"] * 2, "yes"]


def test_an_answer_that_differs_from_the_file_is_shown_as_such(
    server: FaultyProxy, memory: MemoryFhir, tmp_path: Path
) -> None:
    file = file_of(tmp_path, breast())
    load(server, file)
    memory.resources["Patient/p"]["birthDate"] = "2000-01-01"

    result = sign(server, file)

    assert result.exit_code == 1
    assert rows(result)["servicerequest-1"] == [
        "own.json",
        "likely-not-covered",
        "likely-covered",
        "no: determination, BR-1",
    ]


def test_a_record_that_was_not_loaded_differs(server: FaultyProxy, tmp_path: Path) -> None:
    result = sign(server, file_of(tmp_path, breast()))

    assert result.exit_code == 1
    assert rows(result)["servicerequest-1"][1:3] == ["unable-to-evaluate", "likely-covered"]


def test_cases_are_judged_on_their_own_days(server: FaultyProxy, tmp_path: Path) -> None:
    early = {**breast().case, "id": "early", "evaluatedOn": "1990-06-15"}
    file = write(tmp_path / "cases.jsonl", [early, breast().case])
    load(server, file)

    result = sign(server, file)

    lines = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [(one[0], one[2]) for one in lines] == [
        ("early", "likely-not-covered"),
        ("case", "likely-covered"),
    ]
    assert result.exit_code == 0


def test_what_a_case_calls_unavailable_is_compared_as_the_server_has_it(
    server: FaultyProxy, tmp_path: Path
) -> None:
    file = write(tmp_path / "cases.jsonl", [{**breast().case, "unavailable": ["Observation"]}])
    load(server, file)

    result = sign(server, file)

    assert rows(result)["servicerequest-1"][1:] == ["likely-covered", "likely-covered", "yes"]


def test_orders_without_ids_are_compared_with_those_of_the_file(server: FaultyProxy) -> None:
    load(server, WITHOUT_IDS)

    result = sign(server, WITHOUT_IDS)

    (row,) = rows(result).values()
    assert row == [WITHOUT_IDS.name, "likely-covered", "likely-covered", "yes"]


def test_a_running_service_is_asked_on_its_own_day(server: FaultyProxy, tmp_path: Path) -> None:
    file = file_of(tmp_path, breast())
    load(server, file)

    with serving(Settings(today=date(1990, 6, 15), port=0, store="")) as service:
        result = sign(server, file, "--service", f"{service}/")

    assert result.exit_code == 0
    assert rows(result)["servicerequest-1"][1:] == [*["likely-not-covered"] * 2, "yes"]


def test_a_service_that_is_not_there_is_named(
    server: FaultyProxy, nowhere: str, tmp_path: Path
) -> None:
    result = sign(server, file_of(tmp_path, breast()), "--service", nowhere)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{nowhere}/cds-services/iort-coverage cannot be reached: ")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"cards": [{"summary": "It failed"}]}, "It failed"),
        ({"cards": []}, "not-applicable"),
    ],
    ids=["another card", "no card"],
)
def test_an_answer_without_assessments_is_shown_and_differs(
    server: FaultyProxy, tmp_path: Path, answer: Json, shown: str
) -> None:
    with FaultyProxy(MemoryFhir()) as service:
        service.fault("*", says(answer))
        result = sign(server, file_of(tmp_path, breast()), "--service", service.url)

    assert result.exit_code == 1
    assert rows(result)["servicerequest-1"][1:] == [shown, "likely-covered", "no: not assessed"]


def test_an_order_that_the_file_lacks_is_shown(server: FaultyProxy, tmp_path: Path) -> None:
    file = file_of(tmp_path, breast())
    load(server, file)

    settings = Settings(today=date.fromisoformat(DAY), port=0, store="")
    with serving(settings) as service, FaultyProxy(MemoryFhir()) as other:
        other.fault("*", renamed(service))
        result = sign(server, file, "--service", other.url)

    assert result.exit_code == 1
    assert rows(result)["other"][1:3] == ["likely-covered", "not-applicable"]
    assert rows(result)["other"][3] == "no: no such order in the file"


def renamed(service: str) -> Fault:
    """Answer as the service does, for an order of another name."""

    def fault(query: Query, _: object) -> Reply:
        url = f"{service}/{query.path}"
        answer = httpx.post(url, content=query.body, timeout=30, trust_env=False)
        return Reply(answer.content.replace(b"servicerequest-1", b"other"))

    return fault


def test_an_answer_that_is_of_no_cds_service_is_an_error(
    server: FaultyProxy, tmp_path: Path
) -> None:
    file = file_of(tmp_path, breast())

    with FaultyProxy(MemoryFhir()) as service:
        service.fault("*", says({"cards": [{"summary": 1}]}))
        result = sign(server, file, "--service", service.url)

    assert result.exit_code == 1
    assert f"{file}: " in result.stderr
    assert "answered no cards of this version" in result.stderr


def test_a_record_without_a_patient_is_named(server: FaultyProxy, tmp_path: Path) -> None:
    file = file_of(tmp_path, breast().without("Patient"))

    result = sign(server, file)

    assert result.exit_code == 1
    assert f"{file}: the record holds no Patient that its orders name" in result.stderr
