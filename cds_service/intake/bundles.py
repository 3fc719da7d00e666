"""FHIR Bundles, taken apart without trusting them.

A clean Bundle is decoded in one step. One that is not is read entry by entry, and an entry that
does not have the shape of one costs itself only. The type of a Bundle is not needed, and often
left out by clients.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from fhir_mappings.decode import UNREADABLE, decode_resource
from fhir_mappings.needs import NeedState, Why
from fhir_mappings.record import Held
from fhir_mappings.resources import AnyResource, OperationOutcome, Resource

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
_REMARKS = ("information", "warning")


class Kept(Struct, frozen=True, gc=False):
    """A resource in a Bundle, with its JSON."""

    resource: Resource | None
    full_url: str | None
    raw: Raw
    readable: bool = True


class Clean(Struct, frozen=True, rename="camel", gc=False):
    """A resource in a Bundle that was decoded in one step."""

    resource: AnyResource | None = None
    full_url: str | None = None

    @property
    def raw(self) -> Raw | None:
        """The JSON was not kept."""
        return None

    @property
    def readable(self) -> bool:
        """Everything could be read."""
        return True


class Bundle(Struct, frozen=True):
    """A Bundle.

    Attributes:
        held: its resources.
        next: the link to the next page, None on the last one.
    """

    held: Sequence[Held]
    next: str | None = None


class _Link(Struct, frozen=True, gc=False):
    relation: str | None = None
    url: str | None = None


class _RawEntry(Struct, frozen=True, rename="camel", gc=False):
    resource: Raw | UnsetType = UNSET
    full_url: str | None = None


class _RawBundle(Struct, frozen=True, rename="camel"):
    resource_type: str | None = None
    entry: list[_RawEntry] | None = None
    link: list[_Link] | None = None


class _CleanBundle(Struct, frozen=True, rename="camel"):
    resource_type: str | None = None
    entry: list[Clean] | None = None
    link: list[_Link] | None = None


_CLEAN = msgspec.json.Decoder(_CleanBundle)
_RAW = msgspec.json.Decoder(_RawBundle)
_NULL = Raw(b"null")
_ANYTHING = msgspec.json.Decoder()


def decode_bundle(raw: bytes | Raw) -> Bundle | None:
    """Decode a Bundle and keep the JSON of its resources; None where the JSON is no Bundle."""
    bundle = _raw_bundle(raw)
    if bundle is None or bundle.resource_type != "Bundle":
        return None
    held = [
        _kept(entry.resource, entry.full_url)
        for entry in bundle.entry or ()
        if entry.resource is not UNSET and entry.resource != _NULL
    ]
    return Bundle(held, _next(bundle.link))


def decode_searchset(raw: Raw) -> Bundle | None:
    """Decode a Bundle of types that are read, without keeping the JSON of its resources."""
    try:
        bundle = _CLEAN.decode(raw)
    except UNREADABLE:
        return decode_bundle(raw)
    if bundle.resource_type != "Bundle":
        return None
    return Bundle(bundle.entry or (), _next(bundle.link))


def state_of(bundle: Bundle) -> NeedState:
    """Tell how far a searchset met its need (CDS Hooks, "Prefetch Template")."""
    outcomes = [one.resource for one in bundle.held if isinstance(one.resource, OperationOutcome)]
    found = len(bundle.held) > len(outcomes)
    for outcome in outcomes:
        if not _is_remark(outcome):
            return NeedState("partial" if found else "unreadable", outcome_reason(outcome))
    if bundle.next is not None:
        return NeedState("partial", "truncated")
    return NeedState("present" if found else "empty")


def outcome_reason(outcome: OperationOutcome) -> Why:
    """Return why an OperationOutcome says that data are not there."""
    codes = [issue.code for issue in outcome.issue or () if issue.code]
    return next((_REASONS[code] for code in codes if code in _REASONS), "server-error")


def _is_remark(outcome: OperationOutcome) -> bool:
    """Tell whether an outcome only comments on a search, as EHRs do where nothing was found."""
    issues = outcome.issue or ()
    harmless = [one.severity in _REMARKS and one.code not in _REASONS for one in issues]
    return bool(harmless) and all(harmless)


def _kept(raw: Raw, full_url: str | None) -> Kept:
    decoded = decode_resource(raw)
    return Kept(decoded.resource, full_url, raw, decoded.type is not None)


def _next(links: list[_Link] | None) -> str | None:
    return next((link.url or "" for link in links or () if link.relation == "next"), None)


def _raw_bundle(raw: bytes | Raw) -> _RawBundle | None:
    try:
        return _RAW.decode(raw)
    except msgspec.ValidationError:
        return _by_member(raw)
    except UNREADABLE:
        return None


def _by_member(raw: bytes | Raw) -> _RawBundle | None:
    try:
        content = _ANYTHING.decode(raw)
    except UNREADABLE:
        return None
    if not isinstance(content, dict):
        return None
    kind = content.get("resourceType")
    links = content.get("link")
    return _RawBundle(
        kind if isinstance(kind, str) else None,
        list(_entries(content.get("entry"))),
        [
            _Link(one["relation"], url if isinstance(url := one.get("url"), str) else None)
            for one in (links if isinstance(links, list) else ())
            if isinstance(one, dict) and isinstance(one.get("relation"), str)
        ],
    )


def _entries(content: Any) -> Iterator[_RawEntry]:  # noqa: ANN401 - whatever stands there
    for one in content if isinstance(content, list) else [content]:
        if isinstance(one, dict):
            resource, url = one.get("resource"), one.get("fullUrl")
            if resource is not None:
                raw = Raw(msgspec.json.encode(resource))
                yield _RawEntry(raw, url if isinstance(url, str) else None)
        elif one is not None:
            yield _RawEntry(Raw(msgspec.json.encode(one)))
