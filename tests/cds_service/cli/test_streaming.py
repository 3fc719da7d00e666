"""Replay takes one record at a time, however many there are."""

import gc
import tracemalloc
from pathlib import Path

import pytest
import typer

from cds_service.answer.assessment import Assessment
from cds_service.cli import replay as replay_module
from cds_service.cli.replay import Format, replay
from cds_service.cli.sources import Item, items_in
from tests.builders import breast, colon
from tests.cds_service.cli.running import write


def test_a_file_is_not_read_before_its_turn(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", breast().bundle)
    later = tmp_path / "b.json"
    items = items_in([first, later])

    next(items)
    write(later, breast().bundle)

    assert [one.id for one in items if isinstance(one, Item)] == ["b.json"]


@pytest.mark.parametrize("lines", [False, True], ids=["a folder", "a file of cases"])
def test_reading_takes_the_memory_of_one_record(tmp_path: Path, lines: bool) -> None:
    size, count = 100_000, 60
    case = {"id": "x" * size, "bundle": breast().bundle}
    if lines:
        write(tmp_path / "cases.jsonl", [case] * count)
    for number in range(0 if lines else count):
        write(tmp_path / f"{number}.json", case)

    tracemalloc.start()
    found = sum(isinstance(one, Item) for one in items_in([tmp_path]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == count
    assert peak < 10 * size


class Watching:
    """An output that keeps nothing, and measures what is kept elsewhere from answer to answer."""

    first, last = 30, 150

    def __init__(self) -> None:
        self.count = 0
        self.grown = -1

    def write(self, name: str, assessment: Assessment) -> None:
        self.count += 1
        if self.count == self.first:
            tracemalloc.start()
        if self.count == self.last:
            gc.collect()
            self.grown, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()

    def close(self) -> None:
        """Nothing comes after the last answer."""


def test_memory_does_not_grow_with_the_number_of_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Watching()
    monkeypatch.setattr(replay_module, "output_for", lambda *_: output)
    file = write(tmp_path / "cases.jsonl", [breast().case] * output.last)

    with pytest.raises(typer.Exit):
        replay([file])

    assert output.count == output.last
    assert 0 <= output.grown < 100_000


class Replacing:
    """An output that replaces a file that is still to be read, once an answer is written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sites: list[str] = []

    def write(self, name: str, assessment: Assessment) -> None:
        self.sites.append(assessment.site)
        write(self.file, colon().bundle)

    def close(self) -> None:
        self.sites.append("closed")


def test_an_answer_is_written_before_the_next_record_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.json", "b.json"):
        write(tmp_path / name, breast().bundle)
    output = Replacing(tmp_path / "b.json")
    monkeypatch.setattr(replay_module, "output_for", lambda *_: output)

    with pytest.raises(typer.Exit):
        replay([tmp_path], form=Format.NDJSON)

    assert output.sites == ["breast", "colon", "closed"]
