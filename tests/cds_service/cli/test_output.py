"""How answers are written: NDJSON and JSON for programs, a table for people."""

import io
import json
import sys
from pathlib import Path

import pytest
import typer

from cds_service.answer.assessment import encode
from cds_service.cli.output import as_line, output_for
from cds_service.cli.replay import Format, replay
from tests.builders import Record, breast, colon
from tests.cds_service.cli.running import answers_in, run, write
from tests.judging import judge


class Terminal(io.TextIOWrapper):
    """A stream that calls itself a terminal, or not."""

    def __init__(self, *, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def written(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def two_orders() -> Record:
    return breast().order("cpt|77424")


def test_a_line_is_the_assessment_with_its_id_at_the_top_level(tmp_path: Path) -> None:
    file = write(tmp_path / "cases.jsonl", [{**breast().case, "id": "S1"}])

    (answer,) = answers_in(run("replay", file, "--format", "ndjson"))

    assert answer == {"id": "S1", **json.loads(encode(judge(breast())))}
    assert next(iter(answer)) == "id"


def test_ndjson_is_one_line_for_each_answer_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.json", two_orders().bundle)
    write(tmp_path / "b.json", b"broken")
    write(tmp_path / "c.jsonl", [{**breast().case, "id": "line\nbreak"}])

    result = run("replay", tmp_path, "--format", "ndjson", "--strict")

    lines = result.stdout.split("\n")
    assert [json.loads(line)["id"] for line in lines[:-1]] == ["a.json", "a.json", "line\nbreak"]
    assert lines[-1] == ""


def test_json_is_one_array(tmp_path: Path) -> None:
    write(tmp_path / "a.json", two_orders().bundle)
    write(tmp_path / "b.json", b"broken")
    write(tmp_path / "c.json", colon().bundle)

    array = run("replay", tmp_path, "--format", "json")
    lines = run("replay", tmp_path, "--format", "ndjson")

    assert json.loads(array.stdout) == answers_in(lines)
    assert len(answers_in(lines)) == 3


@pytest.mark.parametrize(("form", "expected"), [("json", "[]\n"), ("ndjson", ""), ("table", "")])
def test_no_answer_at_all_is_an_empty_output(tmp_path: Path, form: str, expected: str) -> None:
    result = run("replay", tmp_path, "--format", form)

    assert (result.exit_code, result.stdout, result.stderr) == (0, expected, "")


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_json_is_utf_8_whatever_the_locale_is(form: str) -> None:
    stream = Terminal(terminal=False, encoding="ascii")
    output = output_for(form, stream)

    output.write("naïve ☂.json", judge(breast()))
    output.close()

    assert '"id":"naïve ☂.json"'.encode() in stream.written


def test_a_name_that_is_no_text_is_written_as_far_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "\udcff.json", breast().bundle)

    (answer,) = answers_in(run("replay", tmp_path, "--format", "ndjson"))

    assert answer["id"] == "�.json"


def test_the_table_is_the_default_and_shows_id_site_determination_and_counts(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.json", two_orders().bundle)
    write(tmp_path / "b.json", breast().without("Observation", 2).bundle)

    rows = [line.split() for line in run("replay", tmp_path).stdout.splitlines()]

    assert rows == [
        ["id", "order", "site", "determination", "met", "missing"],
        ["a.json", "servicerequest-1", "breast", "likely-covered", "11/11"],
        ["a.json", "servicerequest-2", "breast", "likely-not-covered", "10/11"],
        ["b.json", "servicerequest-1", "breast", "documentation-missing", "10/11", "BR-5"],
        ["1", "documentation-missing"],
        ["1", "likely-covered"],
        ["1", "likely-not-covered"],
    ]


def test_the_table_shows_records_without_an_iort_order(tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", breast().without("ServiceRequest").bundle)

    rows = [line.split() for line in run("replay", file).stdout.splitlines()]

    assert rows[1:] == [["a.json", "-", "none", "not-applicable", "0/1"], ["1", "not-applicable"]]


@pytest.mark.parametrize("name", ["a[red]b", "a[/b]", ":100:"])
def test_the_table_shows_any_name_as_it_is(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "cases.jsonl", [{**breast().case, "id": name}])

    assert run("replay", file).stdout.splitlines()[1].split()[0] == name


def test_a_row_of_a_piped_table_is_one_line(tmp_path: Path) -> None:
    name = "16-retroperitoneum-no-histology.json"
    file = write(tmp_path / name, breast().bundle)

    (row,) = [line for line in run("replay", file).stdout.splitlines() if name in line]

    assert "likely-covered" in row


def test_the_table_keeps_to_the_columns_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    file = write(tmp_path / f"{'long-name-' * 12}.json", breast().bundle)

    lines = run("replay", file).stdout.splitlines()

    assert max(map(len, lines)) <= 90
    assert "".join(line.split()[0] for line in lines[1:-1]).endswith(".json")


def test_a_long_table_is_printed_in_parts_under_one_heading() -> None:
    stream, assessment = Terminal(terminal=False), judge(breast())
    output = output_for("table", stream)

    for number in range(120):
        output.write(f"case-{number}", assessment)
    early = stream.written.decode()
    output.close()

    assert early.count("case-") == 100
    assert stream.written.decode().count("case-") == 120
    assert stream.written.decode().count("determination") == 1
    assert stream.written.decode().splitlines()[-1].split() == ["120", "likely-covered"]


def test_the_line_of_an_answer_can_be_had_by_itself() -> None:
    assessment = judge(breast())

    assert json.loads(as_line("S1", assessment)) == {"id": "S1", **json.loads(encode(assessment))}


@pytest.mark.parametrize(
    ("errors_seen", "answers_seen", "expected"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_progress_is_shown_to_who_sees_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    errors_seen: bool,
    answers_seen: bool,
    expected: bool,
) -> None:
    file = write(tmp_path / "a.json", breast().bundle)
    stdout, stderr = Terminal(terminal=answers_seen), Terminal(terminal=errors_seen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)

    with pytest.raises(typer.Exit):
        replay([file], form=Format.NDJSON)

    assert (b"judged" in stderr.written) is expected
    assert json.loads(stdout.written)["id"] == "a.json"
