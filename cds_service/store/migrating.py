"""Bringing the tables up to date when the store is opened."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from cds_service.store.errors import StoreError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK_KEY: Final = 0x696F7274  # "iort", for PostgreSQL's advisory lock
_PATIENCE: Final = 30.0  # seconds for other processes that start at the same time
_PAUSE: Final = 0.05
_CODE: Final = 0xFF  # what is beyond it tells kinds of one error code apart
# Alembic keeps what it works on in module globals.
_in_this_process: Final = threading.Lock()


def migrate(engine: Engine) -> None:
    """Bring the tables of a database up to date; safe if several processes do so at once.

    Raises:
        StoreError: the tables were made by a later version of this program.
        SQLAlchemyError: the database cannot be used.
    """
    with _in_this_process:
        if engine.dialect.name == "sqlite":
            _write_ahead(engine)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                _lock(connection)
            _upgrade(connection)


def configuration(connection: Connection) -> Config:
    """Return what Alembic needs; there is no file of it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    try:
        command.upgrade(configuration(connection), "head")
    except CommandError:
        raise StoreError("the store was made by a later version of this program") from None


def _lock(connection: Connection) -> None:
    """Wait until no other process migrates; the lock goes with the transaction."""
    connection.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def _write_ahead(engine: Engine) -> None:
    """Turn the write-ahead log on, so that readers and the writer do not wait for each other.

    SQLite does not wait for other connections here, whatever its timeout is.
    """
    until = time.monotonic() + _PATIENCE
    while not _is_write_ahead(engine, last_try=time.monotonic() > until):
        time.sleep(_PAUSE)


def _is_write_ahead(engine: Engine, *, last_try: bool) -> bool:
    try:
        with closing(engine.raw_connection()) as connection:  # it is refused in a transaction
            connection.cursor().execute("PRAGMA journal_mode=WAL")
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        busy = getattr(cause, "sqlite_errorcode", 0) & _CODE == sqlite3.SQLITE_BUSY
        if busy and not last_try:
            return False
        raise (OperationalError if busy else DatabaseError)(None, None, error) from None
    return True
