"""Raw JSON and resources for tests of what came in."""

from typing import Any

import msgspec
from msgspec import Raw

Json = dict[str, Any]


def raw(content: Any) -> Raw:
    """Return content as raw JSON; bytes stay as they are."""
    return Raw(content if isinstance(content, bytes) else msgspec.json.encode(content))


def bundle(*resources: Any, **members: Any) -> Json:
    """A Bundle with an entry for each resource."""
    entry = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", **({"entry": entry} if entry else {}), **members}


def condition(name: str = "c", **members: Any) -> Json:
    """A Condition of the patient."""
    return {
        "resourceType": "Condition",
        "id": name,
        "subject": {"reference": "Patient/p"},
        **members,
    }


def outcome(*issues: str) -> Json:
    """An OperationOutcome with issues as ``severity|code``."""
    found = []
    for one in issues:
        severity, _, code = one.partition("|")
        found.append({"severity": severity, "code": code} if code else {"severity": severity})
    return {"resourceType": "OperationOutcome", "issue": found}
