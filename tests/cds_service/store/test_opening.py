"""The store is opened safely, its tables are up to date, and what it acknowledges is durable."""

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hatchling.builders.wheel import WheelBuilder
from sqlalchemy import inspect, text

from cds_service.store import engine, migrating
from cds_service.store.errors import StoreError
from cds_service.store.migrating import configuration
from cds_service.store.models import Base, FeedbackRow
from cds_service.store.store import Store
from tests.cds_service.store.storing import ISSUER, count, report
from tests.postgres import Server

ROOT = Path(__file__).parents[3]
OPENER = """
import sys
from cds_service.store.store import Store

print("ready", flush=True)
sys.stdin.readline()
Store.open(sys.argv[1]).close()
"""


def tables(store: Store) -> set[str]:
    with store.begin() as connection:
        return set(inspect(connection).get_table_names())


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store.open(url)
    try:
        yield store
    finally:
        store.close()


def test_the_migrations_make_the_tables_of_the_models(store: Store) -> None:
    with store.begin() as connection:
        version = {"version_table": "iort_cds_version"}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **version})
        assert compare_metadata(context, Base.metadata) == []

    assert tables(store) == {"audit", "cards", "feedback", "jti", "iort_cds_version"}


def test_the_migrations_can_be_taken_back_and_done_again(store: Store, url: str) -> None:
    with store.begin() as connection:
        command.downgrade(configuration(connection), "base")
    assert tables(store) == {"iort_cds_version"}

    with opened(url) as again:
        assert "feedback" in tables(again)


def test_a_store_that_is_opened_again_has_what_it_had(url: str) -> None:
    with opened(url) as store:
        store.save_feedback(ISSUER, [report()])
    with opened(url) as store:
        assert count(store, FeedbackRow) == 1


def test_the_tables_of_a_later_version_are_not_touched(store: Store, url: str) -> None:
    with store.begin() as connection:
        connection.execute(text("UPDATE iort_cds_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match=r"^the store was made by a later version") as caught:
        Store.open(url)

    assert not caught.value.passing


def test_several_processes_may_open_an_empty_store_at_once(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    ended = [(one.communicate(timeout=60)[1], one.returncode) for one in processes]

    assert ended == [("", 0)] * 4
    with opened(url) as store:
        assert "feedback" in tables(store)


def test_threads_may_open_stores_at_once(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    found: list[set[str]] = []

    def look(address: str) -> None:
        with opened(address) as store:
            found.append(tables(store))

    threads = [threading.Thread(target=look, args=(one,)) for one in (url, other) * 3]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(found) == 6
    assert all("feedback" in one for one in found)


def test_the_migrations_are_in_the_wheel() -> None:
    files = {one.relative_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}

    folder = "cds_service/store/migrations"
    assert {f"{folder}/env.py", f"{folder}/versions/first_tables.py"} <= files


def test_sqlite_is_durable_and_private(tmp_path: Path) -> None:
    file = tmp_path / "a folder" / "100%.db"
    file.parent.mkdir()
    with opened(f"sqlite:///{file}") as store:
        store.save_feedback(ISSUER, [report()])
        with store.begin() as connection:
            assert connection.scalar(text("PRAGMA synchronous")) == 2
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        modes = {stat.S_IMODE(one.stat().st_mode) for one in file.parent.iterdir()}

    assert modes == {0o600}


def test_reading_does_not_wait_for_writing(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'store.db'}") as store, store.begin() as connection:
        connection.execute(text("DELETE FROM feedback"))

        assert count(store, FeedbackRow) == 0


def test_postgresql_is_durable_even_if_its_default_is_not(postgresql: Server) -> None:
    with postgresql.database() as url:
        name = url.rpartition("/")[2]
        postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        with opened(url) as store, store.begin() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == "on"
            assert connection.scalar(text("SHOW statement_timeout")) == "5s"


def test_a_lost_connection_to_postgresql_is_made_anew(postgresql: Server) -> None:
    with postgresql.database() as url, opened(url) as store:
        store.save_feedback(ISSUER, [report()])
        postgresql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{url.rpartition('/')[2]}'"
        )
        store.save_feedback(ISSUER, [report("card-2")])

        assert count(store, FeedbackRow) == 2


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock a file as a process does that is turning the write-ahead log on."""
    with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("COMMIT")


def test_a_locked_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_WAIT", 0.01)
    file, found = tmp_path / "store.db", list[set[str]]()

    def look() -> None:
        with opened(f"sqlite:///{file}") as store:
            found.append(tables(store))

    thread = threading.Thread(target=look)
    with locked(file):
        thread.start()
        time.sleep(0.3)
        assert found == []
    thread.join()

    assert "feedback" in found[0]


def test_a_file_that_stays_locked_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WAIT", 0.01)
    monkeypatch.setattr(migrating, "_PATIENCE", -1.0)

    with locked(tmp_path / "store.db"), pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{tmp_path / 'store.db'}")

    assert str(caught.value) == "the store fails: OperationalError"
    assert caught.value.passing


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_text("not a database, but a text that is long enough to be mistaken for one" * 99)

    with pytest.raises(StoreError, match=r"^the store fails: DatabaseError$") as caught:
        Store.open(f"sqlite:///{file}")

    assert not caught.value.passing


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not an SQLAlchemy URL"),
        ("secret", "not an SQLAlchemy URL"),
        ("mysql://u:secret@h/d", "neither sqlite: nor postgresql:"),
        ("sqlite://", "SQLite needs a file, such as sqlite:///iort-cds.db"),
        ("sqlite:///:memory:", "SQLite needs a file, such as sqlite:///iort-cds.db"),
        ("sqlite:///file:secret?mode=memory&uri=true", "SQLite needs a file, such as "),
        ("sqlite:////no/such/secret/folder/store.db", "the file cannot be written"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)

    assert str(caught.value).startswith(f"setting store (IORT_CDS_STORE): {message}")
    assert "secret" not in str(caught.value)


def test_a_file_that_has_to_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r": there is no such file$"):
        Store.open(f"sqlite:///{tmp_path / 'store.db'}", create=False)

    assert list(tmp_path.iterdir()) == []


def test_postgresql_without_its_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match=r"pip install 'iort-cds\[postgresql\]'$"):
        Store("postgres://u:secret@h/d")
