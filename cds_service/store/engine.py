"""Connections: how each of the two databases is set up so that what it acknowledged is kept."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from cds_service.store.errors import StoreError

SETTING: Final = "setting store (IORT_CDS_STORE)"
READ_ONLY: Final = "iort_cds_read_only"
_WAIT: Final = 5  # seconds for a connection, a lock or a statement
_POSTGRESQL: Final = ("postgresql", "postgres")


def make_engine(address: str, *, create: bool = True) -> Engine:
    """Make the engine for a database; it connects when it is used.

    Args:
        address: an SQLAlchemy URL.
        create: whether a file of SQLite that is not there is made.

    Raises:
        StoreError: no URL, neither a file of SQLite nor PostgreSQL, or its driver is missing.
    """
    try:
        url = make_url(address)
    except ArgumentError:  # its message may quote a password
        raise StoreError(f"{SETTING}: not an SQLAlchemy URL") from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return _sqlite(url, create=create)
    if kind in _POSTGRESQL:
        return _postgresql(url)
    raise StoreError(f"{SETTING}: neither sqlite: nor postgresql:")


def _sqlite(url: URL, *, create: bool) -> Engine:
    name = url.database or ""
    if not name or name.startswith((":", "file:")):
        raise StoreError(f"{SETTING}: SQLite needs a file, such as sqlite:///iort-cds.db")
    file = Path(name)
    if create:
        _make_private(file)
    elif not file.exists():
        raise StoreError(f"{SETTING}: there is no such file")
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": _WAIT},
        pool_timeout=_WAIT,
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: Path) -> None:
    """Make the file readable for its owner alone; SQLite gives its other files the same rights."""
    try:
        file.touch(mode=0o600)
    except OSError:
        raise StoreError(f"{SETTING}: the file cannot be written") from None


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver begins transactions late and not before DDL; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    # Not on by default everywhere: a commit returns when the disk has it.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    """Take the lock for writing at once: one that is taken later fails instead of waiting."""
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _postgresql(url: URL) -> Engine:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": _WAIT, "tcp_user_timeout": _WAIT * 1000},
            pool_pre_ping=True,
            pool_timeout=_WAIT,
            hide_parameters=True,
        )
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            f"{SETTING}: PostgreSQL needs its driver: pip install 'iort-cds[postgresql]'"
        ) from None
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: Any, _: object) -> None:  # noqa: ANN401 - psycopg is optional
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{_WAIT}s'")
        # Where it is off, a commit returns before the disk has it.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()
