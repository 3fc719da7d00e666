"""FHIR Bundles, taken apart without trusting them.

Entries stay raw. A Bundle that does not have the shape of one is read member by member: an entry
that is no object costs itself only.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from fhir_mappings.needs import NeedState, Why

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_REASONS: dict[str, Why] = {
    "forbidden": "not-authorised",
    "login": "not-authorised",
    "security": "not-authorised",
    "suppressed": "not-authorised",
    "unknown": "not-authorised",
    "expired": "not-authorised",
    "not-found": "not-found",
    "deleted": "not-found",
    "timeout": "timed-out",
    "incomplete": "truncated",
    "too-costly": "truncated",
}


class Search(Struct, frozen=True):
    """Bundle.entry.search."""

    mode: str | None = None


class BundleEntry(Struct, frozen=True, rename="camel"):
    """Bundle.entry with its resource untouched."""

    resource: Raw | UnsetType = UNSET
    full_url: str | None = None
    search: Search | None = None


class BundleLink(Struct, frozen=True):
    """Bundle.link."""

    relation: str | None = None
    url: str | None = None


class Bundle(Struct, frozen=True, rename="camel"):
    """A Bundle; its type is not needed and often left out by clients."""

    resource_type: str | None = None
    entry: list[BundleEntry] | None = None
    link: list[BundleLink] | None = None


class _Kind(Struct, rename="camel"):
    resource_type: str | None = None


class _Issue(Struct):
    code: str | None = None


class _Outcome(Struct):
    issue: list[_Issue] | None = None


_BUNDLE = msgspec.json.Decoder(Bundle)
_KIND = msgspec.json.Decoder(_Kind)
_OUTCOME = msgspec.json.Decoder(_Outcome)
_ANYTHING = msgspec.json.Decoder()


def decode_bundle(raw: bytes | Raw) -> Bundle | None:
    """Decode a Bundle, None where the JSON is none."""
    bundle = peek(raw)
    return bundle if bundle is not None and bundle.resource_type == "Bundle" else None


def peek(raw: bytes | Raw) -> Bundle | None:
    """Decode any resource as if it were a Bundle, to learn its type in the same step."""
    try:
        return _BUNDLE.decode(raw)
    except msgspec.ValidationError:
        return _by_member(raw)
    except UNREADABLE:
        return None


def resource_type(raw: bytes | Raw) -> str | None:
    """Return the resourceType of a raw resource, None where it cannot be read."""
    try:
        return _KIND.decode(raw).resource_type
    except UNREADABLE:
        return None


def state_of(bundle: Bundle) -> NeedState:
    """Tell how far a searchset met its need (CDS Hooks, "Prefetch Template")."""
    held = list(resources_of(bundle))
    outcomes = [raw for entry, raw in held if _is_outcome(entry, raw)]
    found = len(held) - len(outcomes)
    more = any(link.relation == "next" for link in bundle.link or ())
    if outcomes:
        return NeedState("partial" if found else "unreadable", outcome_reason(outcomes[0]))
    if more:
        return NeedState("partial", "truncated")
    return NeedState("present" if found else "empty")


def resources_of(bundle: Bundle) -> Iterator[tuple[BundleEntry, Raw]]:
    """Yield the entries that hold a resource, with it."""
    for entry in bundle.entry or ():
        if entry.resource is not UNSET:
            yield entry, entry.resource


def outcome_reason(raw: Raw) -> Why:
    """Return why an OperationOutcome says that data are not there."""
    try:
        issues = _OUTCOME.decode(raw).issue or ()
    except UNREADABLE:
        return "server-error"
    codes = [issue.code for issue in issues if issue.code]
    return next((_REASONS[code] for code in codes if code in _REASONS), "server-error")


def _is_outcome(entry: BundleEntry, raw: Raw) -> bool:
    if entry.search is not None and entry.search.mode == "outcome":
        return True
    return b"OperationOutcome" in bytes(raw) and resource_type(raw) == "OperationOutcome"


def _by_member(raw: bytes | Raw) -> Bundle | None:
    content = _ANYTHING.decode(raw)
    if not isinstance(content, dict):
        return None
    entries = content.get("entry")
    entries = entries if isinstance(entries, list) else [entries]
    links = content.get("link")
    kind = content.get("resourceType")
    return Bundle(
        kind if isinstance(kind, str) else None,
        [_entry(one) for one in entries if one is not None],
        [
            BundleLink(one["relation"], None)
            for one in (links if isinstance(links, list) else ())
            if isinstance(one, dict) and isinstance(one.get("relation"), str)
        ],
    )


def _entry(content: Any) -> BundleEntry:  # noqa: ANN401 - whatever stands there
    if not isinstance(content, dict):
        return BundleEntry(Raw(msgspec.json.encode(content)))
    resource, url, search = (content.get(name) for name in ("resource", "fullUrl", "search"))
    mode = search.get("mode") if isinstance(search, dict) else None
    return BundleEntry(
        UNSET if resource is None else Raw(msgspec.json.encode(resource)),
        url if isinstance(url, str) else None,
        Search(mode) if isinstance(mode, str) else None,
    )
