"""A record for tests of readers: what a reader makes of resources, without the rest of the way."""

from typing import Any

import msgspec

from fhir_mappings.decode import Decoded, decode_resource
from fhir_mappings.facts import Fact
from fhir_mappings.findings import Finding, Reading
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.record import Delivery, Pool, Record
from fhir_mappings.resources import Resource
from tests.builders import Record as Builder
from tests.judging import assessor


class Held(msgspec.Struct):
    """A resource as a bundle holds it."""

    decoded: Decoded
    full_url: str | None = None
    raw: msgspec.Raw | None = None

    @property
    def resource(self) -> Resource | None:
        return self.decoded.resource

    @property
    def readable(self) -> bool:
        return self.decoded.type is not None


def held(resource: Any, full_url: str | None = None) -> Held:
    raw = resource if isinstance(resource, bytes) else msgspec.json.encode(resource)
    return Held(decode_resource(raw), full_url, msgspec.Raw(raw))


def pool(*resources: Any, need: str | None = None) -> Pool:
    return Pool([Delivery([held(one) for one in resources], "Bundle.entry", need)])


def record_of(*resources: Any, **states: NeedState) -> Record:
    complete = {need.name: NeedState("present") for need in NEEDS}
    return Record(pool(*resources), "Patient/p", {**complete, **states})


def reading_of(builder: Builder) -> Reading:
    return Reading(record_of(*builder.resources), assessor().terminology)


def facts(found: Any, kind: str) -> list[Any]:
    findings: list[Finding] = list(found)
    return [one.fact for one in findings if one.kind == kind]


def kinds(found: Any) -> list[str]:
    return sorted(one.kind for one in found)


def proof(fact: Fact) -> tuple[str, str, str]:
    first = fact.evidence[0]
    return first.reference, first.path, first.value
