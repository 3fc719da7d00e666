"""What replay answers: from every form of a record, on the right day, by the right guideline."""

from pathlib import Path
from typing import Any

import pytest

from cds_service.cli.compose import compose_request
from cds_service.factory import guideline_text
from tests.builders import Record, breast, colon
from tests.cds_service.cli.running import answers_in, determinations, replayed, run, write

SAMPLES = Path(__file__).parents[3] / "sample_bundles"


def lumpectomy() -> Record:
    return breast().without("ServiceRequest").order("cpt|19301")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("record.json", breast().bundle),
        ("record.JSON", breast().bundle),
        ("record.txt", breast().bundle),
        ("request.json", compose_request(breast().bundle)),
        ("case.json", breast().case),
        ("cases.jsonl", [breast().case]),
        ("cases.ndjson", [breast().case]),
        ("requests.jsonl", [compose_request(breast().bundle)]),
        ("records.jsonl", [breast().bundle]),
    ],
)
def test_every_form_of_a_record_gets_the_same_answer(
    tmp_path: Path, name: str, content: Any
) -> None:
    file = write(tmp_path / name, content)

    (answer,) = replayed(file)

    assert (answer["determination"], answer["site"]) == ("likely-covered", "breast")
    assert answer["order"] == "ServiceRequest/servicerequest-1"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("record.json", breast().bundle, "record.json"),
        ("record.json", {**breast().bundle, "id": "other"}, "record.json"),
        ("record.json", {**breast().bundle, "id": ["odd"]}, "record.json"),
        ("request.json", compose_request(breast().bundle), "request.json"),
        ("case.json", {**breast().case, "id": "S1"}, "S1"),
        ("cases.jsonl", [{**breast().case, "id": "S1"}], "S1"),
        ("cases.jsonl", [{**breast().case, "id": 17}], "17"),
        ("cases.jsonl", [{**breast().case, "id": "naïve\n☂"}], "naïve\n☂"),
        ("cases.jsonl", [{**breast().case, "id": None}], "cases.jsonl:1"),
        ("cases.jsonl", [{**breast().case, "id": ""}], "cases.jsonl:1"),
        ("cases.jsonl", [breast().bundle], "cases.jsonl:1"),
    ],
)
def test_an_answer_is_named_by_its_case_else_by_its_file(
    tmp_path: Path, name: str, content: Any, expected: str
) -> None:
    (answer,) = replayed(write(tmp_path / name, content))

    assert answer["id"] == expected


def test_a_folder_is_read_recursively_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.json", "a/b/c.json", "a.json"):
        write(tmp_path / name, breast().bundle)
    write(tmp_path / "a" / "more.jsonl", [breast().case])
    write(tmp_path / "readme.txt", b"not a record")

    answers = replayed(tmp_path)

    expected = ["a/b/c.json", "case", "a/z.json", "a.json", "b.json"]
    assert [one["id"] for one in answers] == expected


def test_a_link_to_a_folder_above_ends_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "a.json", breast().bundle)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)

    assert len(replayed(tmp_path)) == 1


def test_several_paths_are_answered_in_the_order_given(tmp_path: Path) -> None:
    first = write(tmp_path / "z.json", breast().bundle)
    second = write(tmp_path / "folder" / "y.json", lumpectomy().bundle)

    answers = replayed(first, second.parent)

    assert [one["id"] for one in answers] == ["z.json", "y.json"]


def test_every_order_of_a_bundle_gets_its_answer_in_order(tmp_path: Path) -> None:
    record = breast().order("cpt|77424").order("cpt|19301").order()

    answers = replayed(write(tmp_path / "two.json", record.bundle))

    assert [(one["id"], one["order"]) for one in answers] == [
        ("two.json", "ServiceRequest/servicerequest-1"),
        ("two.json", "ServiceRequest/servicerequest-2"),
        ("two.json", "ServiceRequest/servicerequest-4"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        lumpectomy().bundle,
        breast().without("ServiceRequest").bundle,
        {"resourceType": "Bundle", "type": "collection"},
        compose_request(lumpectomy().bundle),
        {**lumpectomy().case, "id": "record.json"},
    ],
    ids=["another order", "no order", "an empty bundle", "a request", "a case"],
)
def test_without_an_iort_order_one_answer_says_so(tmp_path: Path, content: Any) -> None:
    (answer,) = replayed(write(tmp_path / "record.json", content))

    assert answer["id"] == "record.json"
    assert (answer["determination"], answer["order"]) == ("not-applicable", None)


@pytest.mark.parametrize(
    ("evaluated", "authored", "date", "expected"),
    [
        ("2026-02-02", "2026-03-03", "2026-01-01", "2026-01-01"),
        ("2026-02-02", "2026-03-03", None, "2026-02-02"),
        (None, "2026-03-03T23:30:00-08:00", None, "2026-03-03"),
        (None, "2026-03", None, "2026-04-04"),
        (None, None, None, "2026-04-04"),
        (None, None, "2026-01-01", "2026-01-01"),
    ],
)
def test_the_day_is_the_one_asked_for_else_of_the_case_else_of_the_order_else_today(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    evaluated: str | None,
    authored: str | None,
    date: str | None,
    expected: str,
) -> None:
    monkeypatch.setenv("IORT_CDS_TODAY", "2026-04-04")
    record = breast().change(authoredOn=authored)
    file = write(tmp_path / "cases.jsonl", [{**record.case, "evaluatedOn": evaluated}])

    (answer,) = replayed(file, *(["--date", date] if date else []))

    assert answer["evaluatedOn"] == expected


@pytest.mark.parametrize("make", [lambda one: one, compose_request], ids=["record", "request"])
def test_a_date_decides_over_the_order_in_records_and_requests(tmp_path: Path, make: Any) -> None:
    file = write(tmp_path / "file.json", make(breast().bundle))

    (authored,), (dated,) = replayed(file), replayed(file, "--date", "2027-01-31")

    assert authored["evaluatedOn"] == "2026-06-15"
    assert dated["evaluatedOn"] == "2027-01-31"


def test_two_orders_are_judged_each_on_its_own_day(tmp_path: Path) -> None:
    record = breast().order(authoredOn="2026-06-20")

    answers = replayed(write(tmp_path / "record.json", record.bundle))

    assert [one["evaluatedOn"] for one in answers] == ["2026-06-15", "2026-06-20"]


def test_what_was_unavailable_is_never_taken_as_absent(tmp_path: Path) -> None:
    file = write(tmp_path / "cases.jsonl", [breast().unread("Observation").case])

    (answer,) = replayed(file)

    assert answer["determination"] == "unable-to-evaluate"
    assert {one["type"] for one in answer["unavailable"]} == {"Observation"}


def test_null_in_a_saved_request_means_what_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = compose_request(breast().bundle)
    request["prefetch"]["imagingStudies"] = None
    file = write(tmp_path / "request.json", request)

    (empty,) = replayed(file)
    monkeypatch.setenv("IORT_CDS_NULL_MEANS", "unreadable")
    (unreadable,) = replayed(file)

    assert [one["need"] for one in empty["unavailable"]] == []
    assert [one["need"] for one in unreadable["unavailable"]] == ["imagingStudies"]


def test_readings_of_a_site_decide(tmp_path: Path) -> None:
    file = write(tmp_path / "dcis.json", breast(histology="icdo|8500/2").bundle)
    readings = write(tmp_path / "own.yaml", b"readings:\n  ductal-in-situ: allowed\n")

    (shipped,), (own,) = replayed(file), replayed(file, "--readings", readings)

    assert shipped["determination"] == "likely-not-covered"
    assert own["determination"] == "likely-covered"
    assert own["guideline"]["readings"]["ductal-in-situ"] == "allowed"


def test_another_guideline_file_decides(tmp_path: Path) -> None:
    file = write(tmp_path / "dcis.json", breast(histology="icdo|8500/2").bundle)
    text = guideline_text().replace("default: excluded", "default: allowed", 1)
    guideline = write(tmp_path / "own.yaml", text.encode())

    (shipped,), (own,) = replayed(file), replayed(file, "--guideline", guideline)

    assert (shipped["determination"], own["determination"]) == (
        "likely-not-covered",
        "likely-covered",
    )
    assert own["guideline"]["sha256"] != shipped["guideline"]["sha256"]


def test_readings_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "dcis.json", breast(histology="icdo|8500/2").bundle)
    readings = write(tmp_path / "own.yaml", b"readings:\n  ductal-in-situ: allowed\n")
    monkeypatch.setenv("IORT_CDS_READINGS", str(readings))

    assert determinations(replayed(file)) == {"dcis.json": "likely-covered"}


INVALID = {"issued": "SECRET-1", "performer": "SECRET-2", "invented": "SECRET-3"}


@pytest.mark.parametrize("make", [lambda one: one, compose_request], ids=["record", "request"])
def test_strict_names_invalid_elements_without_values_and_changes_no_answer(
    tmp_path: Path, make: Any
) -> None:
    record = breast()
    record.resources[2].update(INVALID)
    file = write(tmp_path / "record.json", make(record.bundle))

    result = run("replay", file, "--strict", "--format", "ndjson")

    reported = f"{file}: Observation/observation-1 is not valid FHIR: "
    found = [line.removeprefix(reported).split(":")[0] for line in result.stderr.splitlines()]
    assert sorted(found) == ["invented", "issued", "performer"]
    assert "SECRET" not in result.stderr
    assert (result.exit_code, answers_in(result)) == (0, replayed(file))


def test_strict_names_the_line_of_a_case(tmp_path: Path) -> None:
    record = breast()
    record.resources[2].update(INVALID)
    file = write(tmp_path / "cases.jsonl", [breast().case, record.case])

    result = run("replay", file, "--strict", "--format", "ndjson")

    assert {line.split(": ")[0] for line in result.stderr.splitlines()} == {f"{file}, line 2"}


@pytest.mark.parametrize(
    "content",
    [
        breast().bundle,
        lumpectomy().bundle,
        compose_request(lumpectomy().bundle),
        breast().add("Observation", **INVALID).bundle,
    ],
    ids=["all valid", "nothing judged", "nothing read", "invalid but not cited"],
)
def test_strict_says_nothing_where_all_that_is_cited_is_valid(tmp_path: Path, content: Any) -> None:
    file = write(tmp_path / "record.json", content)

    assert replayed(file, "--strict") == replayed(file)


def test_every_sample_is_answered() -> None:
    found = replayed(SAMPLES, "--date", "2026-06-15")

    assert len({one["id"] for one in found}) == len(list(SAMPLES.glob("*.json")))
    assert determinations(found)["01-breast-covered.json"] == "likely-covered"


def test_other_files_of_the_same_name_do_not_stand_in_for_each_other(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.json", breast().bundle)
    write(tmp_path / "two" / "a.json", colon().bundle)

    answers = replayed(tmp_path)

    assert [(one["id"], one["site"]) for one in answers] == [
        ("one/a.json", "breast"),
        ("two/a.json", "colon"),
    ]
