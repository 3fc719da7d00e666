"""The command line as processes of its own: signals, workers, pipes."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import pytest

from cds_service.cli.compose import compose_request
from tests.builders import breast
from tests.cds_service.cli.running import write

COMMAND = [sys.executable, "-c", "from cds_service.cli import app; app()"]
SECONDS = 20.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start serve on a free port; yield its process and the port."""
    command = [*COMMAND, "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process, port_in(process.stderr)
        finally:
            process.kill()


def port_in(log: IO[str]) -> int:
    for line in log:
        if found := ADDRESS.search(line):
            return int(found[1])
    raise AssertionError("serve ended before it listened")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(port: int, *, listening: bool) -> None:
    until = time.monotonic() + SECONDS
    while listens(port) != listening:
        assert time.monotonic() < until, f"listening={listening} did not come"
        time.sleep(0.02)


def answer_on(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_request_under_way_is_answered_before_the_process_ends_as_a_success() -> None:
    body = json.dumps(compose_request(breast().bundle)).encode()
    head = (
        "POST /cds-services/iort-coverage HTTP/1.1\r\nHost: cds\r\nExpect: 100-continue\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with serving() as (process, port):
        discovery = httpx.get(f"http://127.0.0.1:{port}/cds-services", trust_env=False)
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(head.encode())
            under_way = connection.recv(65536)
            process.send_signal(signal.SIGTERM)
            wait_until(port, listening=False)
            connection.sendall(body)
            answer = answer_on(connection)
        code = process.wait(SECONDS)

    assert discovery.json()["services"][0]["id"] == "iort-coverage"
    assert under_way.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"likely covered" in answer
    assert code == 0


def test_several_workers_answer_and_end_as_a_success() -> None:
    with serving("--workers", "2") as (process, port):
        wait_until(port, listening=True)
        discovery = httpx.get(f"http://127.0.0.1:{port}/cds-services", trust_env=False)
        process.send_signal(signal.SIGTERM)
        code = process.wait(SECONDS)

    assert discovery.json()["services"][0]["hook"] == "order-sign"
    assert code == 0


def test_a_reader_that_stops_reading_is_no_error_to_show(tmp_path: Path) -> None:
    file = write(tmp_path / "cases.jsonl", [breast().case] * 60)
    command = [*COMMAND, "replay", str(file), "--format", "ndjson"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()

    assert json.loads(first)["id"] == "case"
    assert errors == b""
