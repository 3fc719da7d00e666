"""A record as a FHIR server stores it: every resource with an id, in one transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from cds_service.cli.compose import Json, entries_of
from fhir_mappings.references import full_url


def stored_entries(bundle: Any) -> list[Json]:  # noqa: ANN401 - whatever a file holds
    """Return a record's entries as a server stores them.

    A resource without an id gets one that is the same every time, so that to load it again changes
    nothing. References to another entry's fullUrl become ``Type/id``, as in every transaction.

    Args:
        bundle: a Bundle; what is no resource in it is left out.
    """
    entries = [
        {**entry, "resource": {**entry["resource"], "id": _id(entry)}}
        for entry in entries_of(bundle)
    ]
    names = {
        full_url(entry["fullUrl"]): name_of(entry["resource"])
        for entry in entries
        if isinstance(entry.get("fullUrl"), str)
    }
    return [{**entry, "resource": _relative(entry["resource"], names)} for entry in entries]


def transaction_of(entries: list[Json]) -> Json:
    """Return the transaction that stores the entries of one record.

    All together: a server may find by `patient=` only what it stored with or after the Patient.
    """
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                **{key: entry[key] for key in ("fullUrl",) if key in entry},
                "resource": entry["resource"],
                "request": {"method": "PUT", "url": name_of(entry["resource"])},
            }
            for entry in entries
        ],
    }


def reading_of(entries: list[Json]) -> Json:
    """Return the batch that reads what a server holds of the entries."""
    requests = [{"method": "GET", "url": name_of(entry["resource"])} for entry in entries]
    batch = [{"request": request} for request in requests]
    return {"resourceType": "Bundle", "type": "batch", "entry": batch}


def holds_all(answer: Any, entries: list[Json]) -> bool:  # noqa: ANN401 - whatever a server says
    """Tell whether the answer to a reading shows the entries as they are.

    What a server adds by itself is under `meta`; what it repairs counts as different.
    """
    held = [_without_meta(entry["resource"]) for entry in entries_of(answer)]
    return held == [_without_meta(entry["resource"]) for entry in entries]


def name_of(resource: Json) -> str:
    """Return ``Type/id``."""
    return f"{resource['resourceType']}/{resource['id']}"


def _id(entry: Json) -> str:
    if isinstance(entry["resource"].get("id"), str):
        return str(entry["resource"]["id"])
    kind, _, value = str(entry.get("fullUrl", "")).rpartition(":")
    if kind == "urn:uuid":
        return value
    content = msgspec.json.encode(entry["resource"], order="deterministic")
    return str(uuid5(NAMESPACE_URL, content.decode()))


def _relative(content: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(content, dict):
        return {
            key: names.get(full_url(one), one)
            if key == "reference" and isinstance(one, str)
            else _relative(one, names)
            for key, one in content.items()
        }
    return [_relative(one, names) for one in content] if isinstance(content, list) else content


def _without_meta(resource: Json) -> Json:
    return {key: one for key, one in resource.items() if key != "meta"}
