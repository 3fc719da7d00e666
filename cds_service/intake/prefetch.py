"""Prefetch as deliveries: which needs it met, and how.

A missing key, null, an empty Bundle and an OperationOutcome are four different answers
(CDS Hooks, "Prefetch Template").
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Raw

from cds_service.intake.bundles import (
    Bundle,
    decode_bundle,
    outcome_reason,
    peek,
    resource_type,
    resources_of,
    state_of,
)
from fhir_mappings.needs import BY_KEY, NEEDS, Need, NeedState
from fhir_mappings.record import Delivered

NullMeans = Literal["empty", "unreadable"]
_NULL = b"null"


class Prefetch:
    """What a prefetch delivered.

    Attributes:
        delivered: the resources, each with its need.
        states: how each need was met.
    """

    def __init__(self, prefetch: Mapping[str, Raw], null_means: NullMeans = "empty") -> None:
        self.delivered: list[Delivered] = []
        self.states: dict[str, NeedState] = {
            need.name: NeedState("unreadable", "not-delivered") for need in NEEDS
        }
        self._null_means = null_means
        for key, raw in prefetch.items():
            need = BY_KEY.get(key)
            if need is not None:
                self.states[need.name] = self._take(need, key, raw)
            else:
                self._take_other(key, raw)

    def _take(self, need: Need, key: str, raw: Raw) -> NeedState:
        if bytes(raw).strip() == _NULL:
            return self._null(need)
        bundle = peek(raw)
        kind = bundle.resource_type if bundle is not None else None
        if bundle is not None and kind == "Bundle":
            return self._take_bundle(need.name, key, bundle)
        if kind == "OperationOutcome":
            return NeedState("unreadable", outcome_reason(raw))
        if kind == need.type:
            self.delivered.append(Delivered(raw, None, key, need.name))
            return NeedState("present")
        return NeedState("unreadable", "invalid")

    def _null(self, need: Need) -> NeedState:
        """Null means that a search found nothing; a Patient that is null was not found."""
        if need.type == "Patient" or self._null_means == "unreadable":
            return NeedState("unreadable", "not-found")
        return NeedState("empty")

    def _take_bundle(self, need: str | None, key: str, bundle: Bundle) -> NeedState:
        for number, (entry, raw) in enumerate(resources_of(bundle)):
            place = f"prefetch.{key}.entry[{number}]"
            self.delivered.append(Delivered(raw, entry.full_url, place, need))
        return state_of(bundle)

    def _take_other(self, key: str, raw: Raw) -> None:
        """Other clients' keys: what they hold is evidence, what they lack is not absence."""
        start = len(self.delivered)
        bundle = decode_bundle(raw)
        if bundle is not None:
            self._take_bundle(None, key, bundle)
        else:
            self.delivered.append(Delivered(raw, None, f"prefetch.{key}"))
        for number in range(start, len(self.delivered)):
            one = self.delivered[number]
            need = _need_for(resource_type(one.raw))
            if need is None:
                continue
            self.delivered[number] = Delivered(one.raw, one.full_url, one.place, need.name)
            if self.states[need.name].state == "unreadable":
                whole = need.type == "Patient"
                self.states[need.name] = (
                    NeedState("present") if whole else NeedState("partial", "not-delivered")
                )


def _need_for(kind: str | None) -> Need | None:
    return next((need for need in NEEDS if need.type == kind), None)
