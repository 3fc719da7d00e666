"""CPU per request and requests per second, for one process on the loopback.

The variants take turns, so that what else the machine does hits all of them alike. Compare the
ratios, not the absolute numbers.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.bodies import order_sign

PATH = "/cds-services/iort-coverage"
ROUNDS, WARM_UP = 7, 30


class Variant(NamedTuple):
    """What is measured: an application, a body, and how often per round."""

    name: str
    app: str
    body: bytes
    requests: int


class Measured(NamedTuple):
    """CPU of the server in ms per request, and requests per second."""

    cpu: float
    rate: float


def run(console: Console) -> None:
    """Measure all variants and print them side by side."""
    iort, other = order_sign("77425"), order_sign("77412")
    variants = [
        Variant("FastAPI + orjson, echo floor", "echo", iort, 400),
        Variant("this service, full prefetch", "service", iort, 400),
        Variant("this service, order that is not IORT", "service", other, 400),
        Variant("validating all with fhir.resources", "validating", iort, 12),
    ]
    found = measure(variants)
    floor = found[0].cpu
    table = Table(title=f"101 resources, {len(iort) // 1000} KB, one connection, one process")
    for title in ("variant", "CPU ms/request", "requests/s", "CPU against the floor"):
        table.add_column(title, justify="left" if title == "variant" else "right")
    for variant, one in zip(variants, found, strict=True):
        ratio = f"{one.cpu / floor:.2f}x"
        table.add_row(variant.name, f"{one.cpu:.3f}", f"{one.rate:.0f}", ratio)
    console.print(table)


def measure(variants: list[Variant]) -> list[Measured]:
    """Measure the variants in turns; the median of the rounds counts."""
    found: list[list[Measured]] = [[] for _ in variants]
    with servers({variant.app for variant in variants}) as ports:
        pids, addresses = ports
        for variant in variants:
            _post(addresses[variant.app], variant.body, min(WARM_UP, variant.requests))
        for number in range(ROUNDS):
            order = range(len(variants)) if number % 2 else reversed(range(len(variants)))
            for index in order:
                variant = variants[index]
                cpu, start = _cpu(pids[variant.app]), time.perf_counter()
                _post(addresses[variant.app], variant.body, variant.requests)
                wall = time.perf_counter() - start
                spent = _cpu(pids[variant.app]) - cpu
                found[index].append(
                    Measured(spent / variant.requests * 1000, variant.requests / wall)
                )
    return [Measured(median(m.cpu for m in one), median(m.rate for m in one)) for one in found]


def _post(port: int, body: bytes, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json"}
    for _ in range(count):
        connection.request("POST", PATH, body, headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
    connection.close()


@contextmanager
def servers(apps: set[str]) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    """Run applications, each in a process of its own; yield their pids and ports by name."""
    ports = {app: _free_port() for app in apps}
    running = {app: _start(app, port) for app, port in ports.items()}
    try:
        for port in ports.values():
            _wait(port)
        yield {app: process.pid for app, process in running.items()}, ports
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def _start(app: str, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.apps:{app}", "--factory"]
    options = ["--port", str(port), "--no-access-log", "--log-level", "error"]
    environment = {**os.environ, "IORT_CDS_TODAY": "2026-06-15", "IORT_CDS_STORE": ""}
    return subprocess.Popen([*command, *options], env=environment)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait(port: int) -> None:
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("a server did not start")


def _cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used (Linux)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
