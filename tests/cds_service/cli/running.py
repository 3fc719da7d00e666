"""Running the command line in tests."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cds_service.cli import app

Json = dict[str, Any]


def run(*arguments: object) -> Result:
    """Run a command inside this process; an exception of the program is one of the test."""
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def answers_in(result: Result) -> list[Json]:
    """Return the answers that a replay wrote as NDJSON."""
    assert result.stdout == "" or result.stdout.endswith("\n")
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def replayed(*arguments: object) -> list[Json]:
    """Replay without an error; return the answers."""
    result = run("replay", *arguments, "--format", "ndjson")
    assert (result.exit_code, result.stderr) == (0, "")
    return answers_in(result)


def determinations(answers: list[Json]) -> dict[str, str]:
    """Return the determination by id."""
    return {one["id"]: one["determination"] for one in answers}


def write(path: Path, content: Any) -> Path:
    """Write bytes as they are, a list as lines of JSON, and anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, list):
        content = b"".join(json.dumps(one).encode() + b"\n" for one in content)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path
