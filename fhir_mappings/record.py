"""One patient's record: what was delivered, checked and indexed.

Data of another patient is never used and is named. A resource is set aside only if its type or
its patient cannot be read. What was not delivered is unreadable, never absent.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Raw, Struct

from fhir_mappings.decode import decode_resource
from fhir_mappings.elements import Reference
from fhir_mappings.facts import Source
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.references import (
    Token,
    full_url,
    local_key,
    same_identifier,
    token,
    token_of,
    type_of,
)
from fhir_mappings.resources import Coverage, Patient, Resource
from fhir_mappings.versions import newer

_R = TypeVar("_R", bound=Resource)


class Delivered(Struct, frozen=True):
    """A resource as it came.

    Attributes:
        raw: its JSON.
        full_url: of its bundle entry.
        place: where it stood, to name it if nothing else does.
        need: the need under which it came, where there was one.
    """

    raw: bytes | Raw
    full_url: str | None = None
    place: str = "entry"
    need: str | None = None


class Entry(Struct, frozen=True):
    """A resource of the record.

    Attributes:
        key: ``Type/id``; without id the fullUrl; contained ``Type/id#x``.
        owner: the key of the resource that contains it.
        needs: the needs under which it came.
    """

    key: str
    resource: Resource
    raw: bytes | Raw
    full_url: str | None = None
    owner: str | None = None
    needs: frozenset[str] = frozenset()


class Pool:
    """Everything that was delivered, decoded once; holds one or several patients."""

    def __init__(self, delivered: Iterable[Delivered]) -> None:
        self.entries: dict[str, Entry] = {}
        self.unreadable: list[tuple[str, str | None]] = []
        self._by_url: dict[str, str] = {}
        for one in delivered:
            self._add(one)

    def find(self, reference: Reference | None, owner: str | None = None) -> Entry | None:
        """Resolve a reference, None where the pool does not hold it.

        Args:
            reference: in any form.
            owner: the key of the resource that makes the reference, for contained resources.
        """
        if reference is None:
            return None
        text = (reference.reference or "").strip()
        if text.startswith("#"):
            root = (owner or "").partition("#")[0]
            return self.entries.get(f"{root}{text}")
        found = self._by_url.get(full_url(text)) or local_key(text)
        if found:
            return self.entries.get(found)
        wanted = token_of(reference)
        return self._by_identifier(wanted, type_of(reference)) if wanted else None

    def of_type(self, kind: type[_R]) -> Iterator[tuple[Entry, _R]]:
        """Yield all resources of a type."""
        for entry in self.entries.values():
            if isinstance(entry.resource, kind):
                yield entry, entry.resource

    def _add(self, one: Delivered) -> None:
        decoded = decode_resource(one.raw)
        if decoded.resource is None:
            if decoded.type is None:
                self.unreadable.append((one.place, one.need))
            return
        resource = decoded.resource
        key = f"{decoded.type}/{resource.id}" if resource.id else one.full_url or one.place
        needs = frozenset((one.need,)) if one.need else frozenset[str]()
        entry = Entry(key, resource, one.raw, one.full_url, None, needs)
        self._keep(entry)
        for inner in resource.contained or ():
            self._add_contained(inner, entry)

    def _keep(self, entry: Entry) -> None:
        known = self.entries.get(entry.key)
        if known is not None:
            best = newer(known, entry)
            entry = Entry(
                best.key, best.resource, best.raw, best.full_url, None, known.needs | entry.needs
            )
        self.entries[entry.key] = entry
        if entry.full_url:
            self._by_url[full_url(entry.full_url)] = entry.key

    def _add_contained(self, raw: Raw, owner: Entry) -> None:
        decoded = decode_resource(raw)
        if decoded.resource is not None and decoded.resource.id:
            key = f"{owner.key}#{decoded.resource.id.lstrip('#')}"
            self.entries[key] = Entry(key, decoded.resource, raw, None, owner.key, owner.needs)

    def _by_identifier(self, wanted: Token, kind: str | None) -> Entry | None:
        for entry in self.entries.values():
            if kind is not None and type(entry.resource).__name__ != kind:
                continue
            for identifier in getattr(entry.resource, "identifier", None) or ():
                held = token(identifier)
                if held is not None and same_identifier(held, wanted):
                    return entry
        return None


class Record:
    """What is known of one patient.

    Attributes:
        patient: the Patient, None where it was not delivered.
        patient_key: ``Patient/id`` of the patient that the request is about.
        entries: that patient's resources, in a fixed order.
        states: how each need was met.
        foreign: the keys of resources of other patients.
        set_aside: the places of resources that could not be used.
    """

    def __init__(self, pool: Pool, patient_key: str, states: dict[str, NeedState]) -> None:
        self.pool = pool
        self.patient_key = patient_key
        self.states = states
        self.foreign: list[str] = []
        self.set_aside: list[str] = [place for place, _ in pool.unreadable]
        others = [key for key, one in pool.entries.items() if isinstance(one.resource, Patient)]
        found = pool.find(Reference(reference=patient_key))
        self.patient = found if found and isinstance(found.resource, Patient) else None
        own = self.patient.key if self.patient else patient_key
        self._own = {own, patient_key}
        self._subjects: dict[str, bool | None] = {}
        self._alone = all(key == own for key in others)
        self.foreign += [key for key in others if key != own]
        self.entries = [
            pool.entries[key] for key in sorted(pool.entries) if self._mine(pool.entries[key])
        ]
        for _, need in pool.unreadable:
            self._lower(need)

    def of_type(self, kind: type[_R]) -> list[tuple[Entry, _R]]:
        """Return the patient's resources of a type, in a fixed order."""
        return [
            (entry, entry.resource) for entry in self.entries if isinstance(entry.resource, kind)
        ]

    def find(self, reference: Reference | None, owner: str | None = None) -> Entry | None:
        """Resolve a reference to a resource of this patient."""
        found = self.pool.find(reference, owner)
        return found if found is not None and found.key not in self.foreign else None

    @property
    def incomplete(self) -> frozenset[Source]:
        """The resource types that were not wholly read."""
        return frozenset(need.type for need in NEEDS if not self.states[need.name].complete)

    def partial(self, entry: Entry) -> bool:
        """Tell whether a resource came only from needs that were met in part."""
        return bool(entry.needs) and all(
            self.states[need].state == "partial" for need in entry.needs
        )

    def _mine(self, entry: Entry) -> bool:
        resource = entry.resource
        if isinstance(resource, Patient):
            return entry.key in self._own
        if entry.owner is not None:
            return entry.owner not in self.foreign
        subject = (
            resource.beneficiary
            if isinstance(resource, Coverage)
            else getattr(resource, "subject", None)
        )
        match self.whose(subject, entry.key):
            case True:
                return True
            case False:
                self.foreign.append(entry.key)
                return False
        if not hasattr(resource, "subject") and not isinstance(resource, Coverage):
            return True
        if self._alone:
            return True
        self.set_aside.append(entry.key)
        for need in entry.needs:
            self._lower(need)
        return False

    def whose(self, subject: Reference | None, owner: str) -> bool | None:
        """Tell whether a subject is this patient; None where that cannot be told."""
        if subject is None:
            return None
        text = subject.reference
        if text is None or text.startswith("#"):
            return self._resolve_subject(subject, owner)
        if text not in self._subjects:
            self._subjects[text] = self._resolve_subject(subject, owner)
        return self._subjects[text]

    def _resolve_subject(self, subject: Reference, owner: str) -> bool | None:
        found = self.pool.find(subject, owner)
        if found is not None:
            return found.key in self._own
        key = local_key(subject.reference)
        if key is not None:
            return key in self._own
        return None

    def _lower(self, need: str | None) -> None:
        if need is not None and self.states[need].complete:
            self.states[need] = NeedState("partial", "invalid")
