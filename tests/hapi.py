"""A real FHIR server for tests: HAPI, with the samples and the worked cases on it.

Tests that use it are skipped where there is no JDK, unless ``IORT_CDS_REQUIRE`` (a list with
commas) names ``hapi``. Import the fixture `hapi` into a conftest to use it in several modules.
"""

import json
import os
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest

from cds_service.cli.servers import FHIR_JSON, make_client, post_json
from cds_service.cli.storing import name_of, stored_entries, transaction_of
from tests.shared import worked_cases

Json = dict[str, Any]
RUN: Final = Path(__file__).parents[1] / "sandbox" / "hapi" / "run.sh"
_SIGNED_ON: Final = "2026-06-15"
_START_SECONDS: Final = 900.0  # the first start builds the server
_STOP_SECONDS: Final = 30.0
_NOT_HERE: Final = (3, 4)  # no JDK, or it could not be built; see its README


def records() -> list[Json]:
    """Return the samples that are records, in the form of cases, and the worked cases."""
    files = sorted(Path(str(resources.files("sample_bundles"))).glob("*.json"))
    samples = [(file.name, json.loads(file.read_bytes())) for file in files]
    return [
        {"id": name, "evaluatedOn": _SIGNED_ON, "bundle": content}
        for name, content in samples
        if content.get("resourceType") == "Bundle"
    ] + worked_cases()


@pytest.fixture(scope="session")
def hapi() -> Iterator[str]:
    """The base address of HAPI with all records on it."""
    if os.name != "posix":
        _miss("the script that starts HAPI needs a POSIX shell")
    with _running() as url:
        _load(url)
        yield url


@contextmanager
def _running() -> Iterator[str]:
    command = ["sh", str(RUN), "--port", "0", "--data", "memory", "--with-parent"]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        late = threading.Timer(_START_SECONDS, process.kill)
        late.start()
        assert process.stdout is not None
        said = process.stdout.readline().split()
        late.cancel()
        if said[:1] != ["READY"]:
            code = process.wait(_STOP_SECONDS)
            errors.seek(0)
            reason = f"HAPI did not start ({code}): {errors.read().strip()}"
            (_miss if code in _NOT_HERE else pytest.fail)(reason)
        try:
            yield said[1]
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()  # it ends with its caller, and takes this for the end
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _miss(reason: str) -> None:
    required = os.environ.get("IORT_CDS_REQUIRE", "").split(",")
    (pytest.fail if "hapi" in required else pytest.skip)(reason)


def _load(url: str) -> None:
    everything = [stored_entries(record["bundle"]) for record in records()]
    names = Counter(name_of(entry["resource"]) for entries in everything for entry in entries)
    assert max(names.values()) == 1, "records overwrite each other's resources"
    with make_client() as client:
        for entries in everything:
            post_json(client, url, transaction_of(entries), FHIR_JSON)
