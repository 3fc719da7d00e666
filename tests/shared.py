"""Worked cases and third-party data that are not part of the project; tests skip without them."""

import json
import os
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[2] / "shared"))
CASES = SHARED / "cases" / "cases.jsonl"
CAPTURED = SHARED / "data" / "captured-requests"
BUNDLES = (
    SHARED / "data" / "third-party-bundles.tar.xz",
    SHARED / "data" / "third-party-bundles-aged.tar.xz",
)

needs_cases = pytest.mark.skipif(not CASES.exists(), reason="the worked cases are not here")
needs_captured = pytest.mark.skipif(not CAPTURED.exists(), reason="no captured requests here")
needs_bundles = pytest.mark.skipif(
    not all(file.exists() for file in BUNDLES), reason="the third-party bundles are not here"
)


@cache
def worked_cases() -> list[dict[str, Any]]:
    """Return the worked cases; none where they are not here."""
    if not CASES.exists():
        return []
    return [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]


def third_party_bundles(archive: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the bundles of an archive with their names, one at a time."""
    with tarfile.open(archive, "r|xz") as members:
        for member in members:
            file = members.extractfile(member) if member.name.endswith(".json") else None
            if file is not None:
                yield member.name, json.load(file)


def captured_posts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each captured POST of a hook or of feedback with the name of its file."""
    for file in sorted(CAPTURED.rglob("*.json")) if CAPTURED.exists() else ():
        for found in _objects(json.loads(file.read_text())):
            body = found.get("body")
            ours = isinstance(body, dict) and ("hook" in body or "feedback" in body)
            if found.get("method") == "POST" and ours:
                yield file.name, found


def _objects(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    for one in content if isinstance(content, list) else ():
        yield from _objects(one)
