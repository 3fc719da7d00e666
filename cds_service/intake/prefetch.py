"""Prefetch as deliveries: which needs it met, and how.

A missing key, null, an empty Bundle and an OperationOutcome are four different answers
(CDS Hooks, "Prefetch Template").
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Raw

from cds_service.intake.bundles import (
    Kept,
    decode_bundle,
    decode_searchset,
    outcome_reason,
    state_of,
)
from fhir_mappings.decode import decode_resource
from fhir_mappings.needs import BY_KEY, BY_TYPE, NEEDS, Need, NeedState
from fhir_mappings.record import Delivery, Held
from fhir_mappings.resources import OperationOutcome

NullMeans = Literal["empty", "unreadable"]
_NULL = b"null"
_SHORT = 16
_BEST = ("present", "partial", "empty", "unreadable")


class Prefetch:
    """What a prefetch delivered.

    Attributes:
        deliveries: the resources, those of one need together.
        states: how each need was met.
        pages: the link to the page after what was delivered, by need.
    """

    def __init__(
        self,
        prefetch: Mapping[str, Raw],
        null_means: NullMeans = "empty",
        *,
        keep_raw: bool = False,
    ) -> None:
        """Take a prefetch.

        Args:
            prefetch: the raw values by key.
            null_means: what null says where a search was asked for.
            keep_raw: whether the JSON of each resource is kept.
        """
        self.deliveries: list[Delivery] = []
        self.pages: dict[str, str] = {}
        self.states: dict[str, NeedState] = {
            need.name: NeedState("unreadable", "not-delivered") for need in NEEDS
        }
        self._null_means = null_means
        self._decode = decode_bundle if keep_raw else decode_searchset
        for need in NEEDS:
            keys = [key for key in (need.name, *need.aliases) if key in prefetch]
            if keys:
                taken = [self._take(need, key, prefetch[key]) for key in keys]
                self.states[need.name] = min(taken, key=lambda one: _BEST.index(one.state))
        for key, raw in prefetch.items():
            if key not in BY_KEY:
                self._take_other(key, raw)

    def _take(self, need: Need, key: str, raw: Raw) -> NeedState:
        if bytes(memoryview(raw)[:_SHORT]).strip() == _NULL:
            return self._null(need)
        bundle = self._decode(raw)
        if bundle is not None:
            self.deliveries.append(Delivery(bundle.held, f"prefetch.{key}.entry", need.name))
            state = state_of(bundle)
            if bundle.next is not None:
                self.pages[need.name] = bundle.next
            return self._null(need) if _is_nobody(need, state) else state
        decoded = decode_resource(raw)
        if isinstance(decoded.resource, OperationOutcome):
            return NeedState("unreadable", outcome_reason(decoded.resource))
        if decoded.type == need.type:
            kept = Kept(decoded.resource, None, raw)
            self.deliveries.append(Delivery([kept], f"prefetch.{key}", need.name))
            return NeedState("present")
        return NeedState("unreadable", "invalid")

    def _null(self, need: Need) -> NeedState:
        """Null means that a search found nothing; a Patient that is null was not found."""
        if need.type == "Patient" or self._null_means == "unreadable":
            return NeedState("unreadable", "not-found")
        return NeedState("empty")

    def _take_other(self, key: str, raw: Raw) -> None:
        """Other clients' keys: what they hold is evidence, what they lack is not absence."""
        bundle = self._decode(raw)
        held = [Kept(decode_resource(raw).resource, None, raw)] if bundle is None else bundle.held
        for need in NEEDS:
            found = [one for one in held if BY_TYPE.get(_type(one)) is need]
            if not found:
                continue
            self.deliveries.append(Delivery(found, f"prefetch.{key}.entry", need.name))
            if self.states[need.name].state == "unreadable":
                whole = need.type == "Patient"
                self.states[need.name] = (
                    NeedState("present") if whole else NeedState("partial", "not-delivered")
                )


def _is_nobody(need: Need, state: NeedState) -> bool:
    return need.type == "Patient" and state.state == "empty"


def _type(held: Held) -> str:
    return type(held.resource).__name__
