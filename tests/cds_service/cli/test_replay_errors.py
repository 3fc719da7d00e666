"""What cannot be read is named with file and line, and costs no other record its answer."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import replay as replay_module
from cds_service.cli.compose import compose_request
from cds_service.sessions import Session, review
from tests.builders import breast
from tests.cds_service.cli.running import answers_in, replayed, run, write

RAW = json.dumps(breast().bundle).encode()
LINE = json.dumps(breast().case).encode()
SECRET = b'"SECRET-M\xfcller"'


def request_without(member: str) -> dict[str, Any]:
    request = compose_request(breast().bundle)
    del request[member]
    return request


def request_with_context(**members: Any) -> dict[str, Any]:
    request = compose_request(breast().bundle)
    return {**request, "context": {**request["context"], **members}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xef\xbb\xbf", "not JSON"),
        (b"SECRET", "not JSON"),
        (RAW[:-20], "not JSON"),
        (RAW + b"SECRET", "not JSON"),
        (RAW.replace(b'"p"', SECRET, 1), "not UTF-8"),
        (RAW.decode().encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "not a JSON object"),
        (b"[" + RAW + b"]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"SECRET"', "not a JSON object"),
        ({}, "neither a Bundle, nor a hook request, nor a case with a bundle"),
        ({"entry": ["SECRET"]}, "neither a Bundle, nor a hook request, nor a case with a bundle"),
        (breast().resources[0], "a single resource; a Bundle with the whole record is needed"),
        ({"resourceType": "SECRET"}, "a single resource; a Bundle with the whole record is needed"),
        ({"resourceType": ["SECRET"]}, "resourceType has a wrong type"),
        (request_without("context"), "context is missing"),
        (request_without("hookInstance"), "hookInstance is missing"),
        (request_with_context(patientId=["SECRET"]), "context.patientId is not a text"),
        (request_with_context(draftOrders=None), "context.draftOrders is missing or no Bundle"),
        (request_with_context(draftOrders="SECRET"), "context.draftOrders is missing or no Bundle"),
    ],
)
def test_a_file_that_is_no_record_is_named_and_the_rest_is_answered(
    tmp_path: Path, content: Any, message: str
) -> None:
    write(tmp_path / "a.json", breast().bundle)
    broken = write(tmp_path / "b.json", content)
    write(tmp_path / "c.json", breast().bundle)

    result = run("replay", tmp_path, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["a.json", "c.json"]
    assert (result.exit_code, result.stderr) == (1, f"{broken}: {message}\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"SECRET", "not JSON"),
        (LINE[:-9], "not JSON"),
        (b'{"id": "\\ud800", "bundle": {}}', "not JSON"),
        (LINE.replace(b'"p"', SECRET, 1), "not UTF-8"),
        (b"[" + LINE + b"]", "not a JSON object"),
        ({**breast().case, "id": ["SECRET"]}, "id has a wrong type"),
        ({**breast().case, "id": 1.5}, "id has a wrong type"),
        ({**breast().case, "evaluatedOn": "SECRET"}, "evaluatedOn has a wrong type"),
        ({**breast().case, "evaluatedOn": 20260615}, "evaluatedOn has a wrong type"),
        ({**breast().case, "evaluatedOn": "2026-02-30"}, "evaluatedOn has a wrong type"),
        ({**breast().case, "unavailable": "SECRET"}, "unavailable has a wrong type"),
        ({**breast().case, "unavailable": [7]}, "unavailable[0] has a wrong type"),
        ({**breast().case, "bundle": None}, "bundle is not a Bundle"),
        ({**breast().case, "bundle": "SECRET"}, "bundle is not a Bundle"),
        ({**breast().case, "bundle": [breast().bundle]}, "bundle is not a Bundle"),
        ({**breast().case, "bundle": breast().resources[1]}, "bundle is not a Bundle"),
        ({"id": "SECRET"}, "neither a Bundle, nor a hook request, nor a case with a bundle"),
    ],
)
def test_a_line_that_is_no_case_is_named_and_the_rest_is_answered(
    tmp_path: Path, line: Any, message: str
) -> None:
    wrong = line if isinstance(line, bytes) else json.dumps(line).encode()
    file = write(tmp_path / "cases.jsonl", b"\n".join([LINE, wrong, LINE]))

    result = run("replay", file, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["case", "case"]
    assert (result.exit_code, result.stderr) == (1, f"{file}, line 2: {message}\n")


@pytest.mark.parametrize(
    "content",
    [
        LINE + b"\n" + LINE,
        LINE + b"\r\n" + LINE + b"\r\n",
        b"\xef\xbb\xbf" + LINE + b"\n" + LINE + b"\n",
        b"\xef\xbb\xbf" + LINE + b"\n\xef\xbb\xbf" + LINE + b"\n\xef\xbb\xbf\n",
        b"\n \t\n" + LINE + b"\n\r\n\n" + LINE + b"\n\n",
    ],
    ids=["no last newline", "CRLF", "BOM", "BOMs of joined files", "blank lines"],
)
def test_marks_and_line_ends_of_every_system_are_read(tmp_path: Path, content: bytes) -> None:
    assert len(replayed(write(tmp_path / "cases.jsonl", content))) == 2


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + RAW, json.dumps(breast().bundle, indent=2).replace("\n", "\r\n").encode()],
    ids=["BOM", "CRLF"],
)
def test_a_bundle_with_marks_of_every_system_is_read(tmp_path: Path, content: bytes) -> None:
    assert len(replayed(write(tmp_path / "record.json", content))) == 1


def test_blank_lines_count_in_the_number_of_a_line(tmp_path: Path) -> None:
    file = write(tmp_path / "cases.jsonl", b"\n\nSECRET\n")

    assert run("replay", file).stderr == f"{file}, line 3: not JSON\n"


@pytest.mark.parametrize("empty", [b"", b"\n", b"\xef\xbb\xbf\r\n"])
def test_a_file_of_no_cases_is_no_error(tmp_path: Path, empty: bytes) -> None:
    assert replayed(write(tmp_path / "cases.jsonl", empty)) == []


@pytest.mark.parametrize("name", ["missing.json", "missing.jsonl", "missing", "x" * 5000])
def test_a_path_where_nothing_is_is_named_and_the_rest_is_answered(
    tmp_path: Path, name: str
) -> None:
    there = write(tmp_path / "there.json", breast().bundle)

    result = run("replay", tmp_path / name, there, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["there.json"]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{tmp_path / name}: cannot be read: ")


@pytest.mark.parametrize("name", ["b.json", "b.jsonl"])
def test_a_file_that_cannot_be_opened_is_named_and_the_rest_is_answered(
    tmp_path: Path, name: str
) -> None:
    for other in ("a.json", "c.json"):
        write(tmp_path / other, breast().bundle)
    (tmp_path / name).symlink_to(tmp_path / name)

    result = run("replay", tmp_path, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["a.json", "c.json"]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{tmp_path / name}: cannot be read: ")


def test_a_folder_that_cannot_be_opened_is_named_and_the_rest_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.json", "locked/b.json", "z.json"):
        write(tmp_path / name, breast().bundle)
    iterdir = Path.iterdir

    def guarded(folder: Path) -> Any:
        if folder.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", guarded)
    result = run("replay", tmp_path, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["a.json", "z.json"]
    assert result.exit_code == 1
    assert result.stderr == f"{tmp_path / 'locked'}: cannot be read: Permission denied\n"


@pytest.mark.parametrize("name", ["a[red]b.json", "a[/b].json", ":100:.json", "\udcff.json"])
def test_a_file_of_any_name_is_named_as_it_is(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"[]")

    result = run("replay", tmp_path)

    assert result.stderr.endswith(f"/{name.replace(chr(0xDCFF), '�')}: not a JSON object\n")


def test_a_fault_of_ours_costs_one_record_and_quotes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "cases.jsonl", [breast().case, {**breast().case, "id": "next"}])
    faults = [KeyError("SECRET")]

    def failing_once(*arguments: Any) -> Session:
        if faults:
            raise faults.pop()
        return review(*arguments)

    monkeypatch.setattr(replay_module, "review", failing_once)
    result = run("replay", file, "--format", "ndjson")

    assert [one["id"] for one in answers_in(result)] == ["next"]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}, line 1: an error in this program: KeyError in ")
    assert "SECRET" not in result.stderr


def test_a_fault_in_validation_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise KeyError("SECRET")

    monkeypatch.setattr(replay_module, "invalid_evidence", failing)
    file = write(tmp_path / "record.json", breast().bundle)

    result = run("replay", file, "--strict", "--format", "ndjson")

    assert answers_in(result) == replayed(file)
    assert result.stderr.startswith(f"{file}: an error in this program: KeyError in failing:")


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--guideline", None, "own.yaml: cannot be read"),
        ("--guideline", b"\xff", "own.yaml: cannot be read"),
        ("--guideline", b"a: 1\nb: [1\n", "own.yaml, line 3: "),
        ("--guideline", b"id: x\n", "own.yaml"),
        ("--readings", None, "own.yaml: cannot be read"),
        ("--readings", b"readings:\n  nope: x\n", "own.yaml, line 2: readings.nope: "),
        ("--readings", b"readings:\n  age-on: x\n", "own.yaml, line 2: readings.age-on: "),
        ("--readings", b"readings: [\n", "own.yaml, line 2: "),
    ],
)
def test_a_broken_file_of_the_guideline_is_named_with_its_line_and_nothing_is_answered(
    tmp_path: Path, option: str, content: bytes | None, message: str
) -> None:
    record = write(tmp_path / "record.json", breast().bundle)
    file = tmp_path / "own.yaml"
    if content is not None:
        write(file, content)

    result = run("replay", record, option, file)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_broken_maps_of_local_codes_are_named_and_nothing_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = write(tmp_path / "record.json", breast().bundle)
    write(tmp_path / "maps" / "broken.json", b"{")
    monkeypatch.setenv("IORT_CDS_LOCAL_MAPS", str(tmp_path / "maps"))

    result = run("replay", record)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "broken.json" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "paths"),
        (["--date", "2026-13-01"], "--date"),
        (["--date", "yesterday"], "--date"),
        (["--format", "xml"], "--format"),
        (["--stric"], "--stric"),
    ],
)
def test_a_wrong_argument_is_named(arguments: list[str], named: str) -> None:
    result = run("replay", *(arguments and ["x.json"]), *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IORT_CDS_TODAY", "yesterday")

    result = run("replay", "x.json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("setting today (IORT_CDS_TODAY): ")


def test_a_draft_that_cannot_be_read_is_named_and_the_others_are_answered(tmp_path: Path) -> None:
    request = compose_request(breast().bundle)
    request["context"]["draftOrders"]["entry"].append({"resource": "SECRET"})
    file = write(tmp_path / "request.json", request)

    result = run("replay", file, "--format", "ndjson")

    assert len(answers_in(result)) == 1
    assert result.exit_code == 1
    assert result.stderr == f"{file}: 1 draft orders could not be read\n"
