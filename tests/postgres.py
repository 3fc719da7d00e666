"""A PostgreSQL server for tests: started once, on a free port of the loopback, and stopped again.

Tests skip where it is not installed, unless the environment variable ``IORT_CDS_REQUIRE`` lists
``postgresql``. Import the fixture `postgresql` into a conftest to use it.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

USER = "tester"
SECONDS = 60.0
_DEBIAN = Path("/usr/lib/postgresql")


class Server:
    """A running server, which makes databases."""

    def __init__(self, port: int) -> None:
        self._port = port

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{database}"

    def execute(self, statement: str) -> None:
        """Run a statement outside of any transaction and any test's database."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database; yield its URL."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A running server."""
    programs = _programs()
    if programs is None:
        _unavailable("the package postgresql (Debian: apt-get install postgresql)")
    try:
        import psycopg  # noqa: F401
    except ImportError:
        _unavailable("the package psycopg[binary] (pip)")
    with running(programs) as server:
        yield server


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """Start a server in a folder of its own; stop it and delete the folder in the end."""
    # The path of a socket has to be short, which that of pytest's own folders is not.
    folder = Path(tempfile.mkdtemp(prefix="iort-pg-", dir="/tmp"))
    try:
        owner = _owner(folder)
        data = folder / "data"
        initdb, postgres = str(programs / "initdb"), str(programs / "postgres")
        make = [initdb, "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*make, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=folder, **owner
        )
        port = _free_port()
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder)]
        options = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=60"]
        with (folder / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, *(part for one in options for part in ("-c", one))],
                stdout=log,
                stderr=log,
                cwd=folder,
                **owner,
            )
        try:
            _wait(process, port, folder / "log")
            yield Server(port)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder of the server's programs, the newest one."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    installed = [one.parent for one in _DEBIAN.glob("*/bin/pg_ctl")]
    return max(installed, key=lambda one: float(one.parent.name), default=None)


def _owner(folder: Path) -> dict[str, Any]:
    """Return as whom to run it: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    import pwd  # which Windows does not have

    users = {one.pw_name: one for one in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import psycopg

    until = time.monotonic() + SECONDS
    while True:
        try:
            psycopg.connect(Server(port).url("postgres")).close()
        except psycopg.OperationalError:
            alive = process.poll() is None and time.monotonic() < until
            assert alive, f"PostgreSQL does not start: {log.read_text()}"
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # "fast": connections are closed, nothing is lost
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unavailable(what: str) -> NoReturn:
    message = f"needs {what}"
    if "postgresql" in os.environ.get("IORT_CDS_REQUIRE", "").split(","):
        pytest.fail(message)
    pytest.skip(message)
