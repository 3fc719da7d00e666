"""Replay against only parsing the same files, as CPU of whole processes less their start."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.bodies import draft, resources

RECORDS, ROUNDS = 400, 5
_PARSE = """
import json, sys, orjson
for file in sys.argv[1:]:
    with open(file, "rb") as lines:
        for line in lines:
            orjson.loads(line)
"""


def run(console: Console) -> None:
    """Measure replay and parsing in turns, and print them side by side."""
    with tempfile.TemporaryDirectory() as folder:
        cases, nothing = Path(folder, "cases.ndjson"), Path(folder, "nothing.ndjson")
        size = _write(cases)
        nothing.touch()
        parse = [sys.executable, "-c", _PARSE]
        replay = [sys.executable, "-c", "from cds_service.cli import app; app()", "replay"]
        replay += ["--format", "ndjson"]
        rounds = [
            (_net(parse, cases, nothing), _net(replay, cases, nothing)) for _ in range(ROUNDS)
        ]
    table = Table(title=f"{RECORDS} records of 101 resources, {size // 1_000_000} MB")
    for title in ("variant", "CPU s", "records/s", "CPU against parsing"):
        table.add_column(title, justify="left" if title == "variant" else "right")
    floor = median(one[0] for one in rounds)
    for index, name in enumerate(("parsing with orjson", "iort-cds replay")):
        spent = median(one[index] for one in rounds)
        table.add_row(name, f"{spent:.2f}", f"{RECORDS / spent:.0f}", f"{spent / floor:.1f}x")
    console.print(table)


def _write(file: Path) -> int:
    found = [one for kind in resources().values() for one in kind]
    entries = [{"resource": one} for one in (*found, draft("77425"))]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    with file.open("w") as lines:
        for number in range(RECORDS):
            lines.write(json.dumps({"id": number, "bundle": bundle}) + "\n")
    return file.stat().st_size


def _net(command: list[str], cases: Path, nothing: Path) -> float:
    return _cpu([*command, str(cases)]) - _cpu([*command, str(nothing)])


def _cpu(command: list[str]) -> float:
    """Return the CPU seconds of a command."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime
