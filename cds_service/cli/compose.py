"""An `order-sign` request made from a record, as an EHR with this prefetch would send it.

For the demo, tests and benchmarks: the service itself never needs it.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from fhir_mappings.needs import NEEDS
from fhir_mappings.references import local_key

Json = dict[str, Any]


def compose_request(bundle: Json, unavailable: Iterable[str] = ()) -> Json:
    """Make the request in which the draft orders of a record are signed.

    Args:
        bundle: a Bundle with one patient's record; its ServiceRequests of status draft are signed.
        unavailable: resource types that the EHR cannot deliver; their prefetch keys are left out.

    Raises:
        ValueError: the record holds no Patient that its orders name.
    """
    entries = entries_of(bundle)
    drafts = [one for one in entries if _is_draft(one["resource"])]
    patient = _patient(entries, drafts)
    withheld = set(unavailable)
    prefetch = {
        need.name: patient
        if need.type == "Patient"
        else _searchset(one for one in entries if _belongs(one, need.type) and one not in drafts)
        for need in NEEDS
        if need.type not in withheld
    }
    return {
        "hook": "order-sign",
        "hookInstance": str(uuid4()),
        "context": {
            "userId": "Practitioner/example",
            "patientId": patient["id"],
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": drafts},
        },
        "prefetch": prefetch,
    }


def entries_of(bundle: Any) -> list[Json]:  # noqa: ANN401 - whatever a file holds
    """Return the entries of a Bundle that hold a resource of some type."""
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    listed = entries if isinstance(entries, list) else []
    return [one for one in listed if isinstance(one, dict) and _is_typed(one.get("resource"))]


def _is_typed(resource: Any) -> bool:  # noqa: ANN401 - whatever stands there
    return isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)


def _is_draft(resource: Json) -> bool:
    return (resource.get("resourceType"), resource.get("status")) == ("ServiceRequest", "draft")


def _belongs(entry: Json, kind: str) -> bool:
    return bool(entry["resource"].get("resourceType") == kind)


def _patient(entries: list[Json], drafts: list[Json]) -> Json:
    patients = [one for one in entries if _belongs(one, "Patient")]
    subjects = [_subject(one["resource"]) for one in drafts]
    wanted = {*subjects, *map(local_key, subjects)}
    for one in patients:
        url = str(one.get("fullUrl", "patient"))
        if len(patients) == 1 or wanted & {url, f"Patient/{one['resource'].get('id')}"}:
            # A record that was not stored yet has no ids; an EHR would have given them.
            return {"id": re.split("[:/]", url)[-1], **one["resource"]}
    raise ValueError("the record holds no Patient that its orders name")


def _subject(resource: Json) -> str | None:
    subject = resource.get("subject")
    reference = subject.get("reference") if isinstance(subject, dict) else None
    return reference if isinstance(reference, str) else None


def _searchset(entries: Iterable[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries)}
