"""The folder in which workers share their metrics."""

import atexit
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds_service.operations.workers import FOLDER, prepare_workers

Ends = list[tuple[Callable[..., None], tuple[Any, ...]]]


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """What is to be called at the end of the process; nothing is set before."""
    found: Ends = []
    monkeypatch.setenv(FOLDER, "")  # so that it is as before after the test
    monkeypatch.setattr(atexit, "register", lambda what, *given: found.append((what, given)))
    return found


def test_one_worker_needs_no_folder(ends: Ends) -> None:
    prepare_workers(1)
    assert os.environ[FOLDER] == ""
    assert ends == []


def test_a_folder_is_made_and_removed(ends: Ends) -> None:
    prepare_workers(2)
    folder = Path(os.environ[FOLDER])
    assert folder.is_dir()
    ((remove, given),) = ends
    remove(*given)
    assert not folder.exists()
    assert FOLDER not in os.environ


def test_a_folder_that_is_given_is_emptied_and_kept(
    ends: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deep" / "metrics"
    monkeypatch.setenv(FOLDER, str(folder))
    prepare_workers(1)
    (folder / "counter_1.db").touch()
    (folder / "notes.txt").touch()
    prepare_workers(2)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    assert ends == []


def test_preparing_imports_nothing_that_looks_for_the_folder_too_early() -> None:
    code = (
        "import sys, cds_service.operations.workers as w; w.prepare_workers(2);"
        "assert 'prometheus_client' not in sys.modules;"
        "import prometheus_client.values as v; assert v.ValueClass._multiprocess;"
        "import os; print(os.environ[w.FOLDER])"
    )
    environment = {name: value for name, value in os.environ.items() if name != FOLDER}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert not Path(ended.stdout.strip()).exists()
