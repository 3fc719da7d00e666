"""Of two copies of a resource, one counts, whatever stands in their meta."""

from typing import Any

import msgspec
import pytest

from fhir_mappings.decode import decode_resource
from fhir_mappings.resources import Resource
from fhir_mappings.versions import age_of


def copy(version: Any = None, updated: str | None = None, status: str = "final") -> Resource:
    meta = {"versionId": version, "lastUpdated": updated}
    content = {"resourceType": "Observation", "id": "o", "status": status, "meta": meta}
    found = decode_resource(msgspec.Raw(msgspec.json.encode(content))).resource
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (copy("9"), copy("10")),
        (copy(None, "2026-05-01T00:00:00Z"), copy(None, "2026-05-02T00:00:00Z")),
        (copy("3", "2026-05-02T00:00:00Z"), copy("4", "2026-05-01T00:00:00Z")),
        (copy(status="final"), copy(status="corrected")),
        (copy(status="final"), copy(status="entered-in-error")),
    ],
)
def test_the_newer_copy_counts(older: Resource, newer: Resource) -> None:
    assert age_of(older) < age_of(newer)


@pytest.mark.parametrize("odd", ["\u00b2", "9" * 5000, "v2", "", 7, "-1"])
def test_a_version_that_is_no_number_counts_as_none(odd: Any) -> None:
    assert age_of(copy(odd)) < age_of(copy("1"))
