"""One patient's record: what was delivered, checked and indexed.

Data of another patient is never used and is named. A resource is set aside only if its type or
its patient cannot be read. What was not delivered is unreadable, never absent.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, Protocol, TypeVar

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
from fhir_mappings.resources import RESOURCE_TYPES, Coverage, Patient, Resource
from fhir_mappings.versions import age_of

# `nobody` is named; or somebody is named who is `unknown` here.
Whose = Literal["own", "other", "nobody", "unknown"]
_NEEDS: Final[dict[str | None, frozenset[str]]] = {
    None: frozenset(),
    **{need.name: frozenset((need.name,)) for need in NEEDS},
}
_SUBJECTS: Final[dict[type[Resource], str]] = {
    **{kind: "subject" for kind in RESOURCE_TYPES.values() if hasattr(kind, "subject")},
    Coverage: "beneficiary",
}
_R = TypeVar("_R", bound=Resource)


class Held(Protocol):
    """A resource as it came in a bundle."""

    @property
    def resource(self) -> Resource | None:
        """None where it is of a type that is not read, or cannot be read."""

    @property
    def full_url(self) -> str | None:
        """The fullUrl of its entry."""

    @property
    def raw(self) -> Raw | None:
        """Its JSON, where it was kept."""

    @property
    def readable(self) -> bool:
        """Whether its type could be read."""


class Delivery(Struct, frozen=True):
    """Resources that came together.

    Attributes:
        place: the list in which they stood, to name those that nothing else names.
        need: the need under which they came, where there was one.
    """

    held: Sequence[Held]
    place: str
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
    raw: Raw | None = None
    full_url: str | None = None
    owner: str | None = None
    needs: frozenset[str] = frozenset()


class Pool:
    """Everything that was delivered, decoded once; holds one or several patients."""

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        self.entries: dict[str, Entry] = {}
        self.unreadable: list[tuple[str, str | None]] = []
        self._by_url: dict[str, str] = {}
        for delivery in deliveries:
            for number, held in enumerate(delivery.held):
                self._add(held, delivery, number)

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

    def _add(self, held: Held, delivery: Delivery, number: int) -> None:
        resource, url = held.resource, held.full_url
        if resource is None:
            if not held.readable:
                self.unreadable.append((f"{delivery.place}[{number}]", delivery.need))
            return
        if resource.id:
            key = f"{type(resource).__name__}/{resource.id}"
        else:
            key = url or f"{delivery.place}[{number}]"
        known = self.entries.get(key)
        entry = Entry(key, resource, held.raw, url, None, _NEEDS[delivery.need])
        self.entries[key] = entry if known is None else _newer(known, entry)
        if url:
            self._by_url[url] = key
        for inner in resource.contained or ():
            self._add_contained(inner, entry)

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


def _newer(known: Entry, entry: Entry) -> Entry:
    best = max(known, entry, key=lambda one: age_of(one.resource))
    return Entry(best.key, best.resource, best.raw, best.full_url, None, known.needs | entry.needs)


class Record:
    """What is known of one patient.

    Attributes:
        patient: the Patient, None where it was not delivered.
        patient_key: ``Patient/id`` of the patient that the request is about.
        entries: that patient's resources, in a fixed order.
        states: how each need was met.
        foreign: the keys of resources of other patients.
        unclaimed: the keys of resources of which it cannot be told whose they are.
        unreadable: the places of resources that could not be read.
    """

    def __init__(
        self,
        pool: Pool,
        patient_key: str,
        states: dict[str, NeedState],
        alias: str | None = None,
    ) -> None:
        """Check and index a patient's record.

        Args:
            pool: everything that was delivered.
            patient_key: ``Patient/id`` of the patient in question.
            states: how each need was met.
            alias: a reference that leads nowhere, by which the orders call this patient.
        """
        self.pool = pool
        self._alias = alias
        self.patient_key = patient_key
        self.states = states
        self.foreign: list[str] = []
        self.unclaimed: list[str] = []
        self.unreadable: list[str] = [place for place, _ in pool.unreadable]
        patients = [entry.key for entry, _ in pool.of_type(Patient) if entry.owner is None]
        found = pool.find(Reference(reference=patient_key))
        self.patient = found if found and isinstance(found.resource, Patient) else None
        own = self.patient.key if self.patient else patient_key
        self._own = {own, patient_key}
        self._subjects: dict[str, Whose] = {}
        self._alone = all(key == own for key in patients)
        self.entries: list[Entry] = []
        self._by_type: dict[type[Resource], list[Entry]] = {}
        self._take_all()
        for _, need in pool.unreadable:
            self._lower(need)

    def of_type(self, kind: type[_R]) -> list[tuple[Entry, _R]]:
        """Return the patient's resources of a type, in a fixed order."""
        return [
            (entry, entry.resource)
            for entry in self._by_type.get(kind, ())
            if isinstance(entry.resource, kind)
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

    def _take_all(self) -> None:
        taken = set()
        for key in sorted(self.pool.entries):
            entry = self.pool.entries[key]
            if entry.owner in taken if entry.owner is not None else self._is_own(entry):
                taken.add(key)
                self.entries.append(entry)
                self._by_type.setdefault(type(entry.resource), []).append(entry)

    def _is_own(self, entry: Entry) -> bool:
        resource = entry.resource
        element = _SUBJECTS.get(type(resource))
        if element is not None:
            whose = self.whose(getattr(resource, element), entry.key)
        elif isinstance(resource, Patient):
            whose = "own" if entry.key in self._own else "other"
        else:
            return True  # belongs to no patient, such as an Organization
        if whose == "other":
            self.foreign.append(entry.key)
        elif whose == "unknown" or (whose == "nobody" and not self._alone):
            self._set_aside(entry)
            return False
        return whose != "other"

    def _set_aside(self, entry: Entry) -> None:
        self.unclaimed.append(entry.key)
        kind = type(entry.resource).__name__
        for need in entry.needs or {need.name for need in NEEDS if need.type == kind}:
            self._lower(need)

    def whose(self, subject: Reference | None, owner: str) -> Whose:
        """Tell whose a resource is, by its subject."""
        text = subject.reference if subject is not None else None
        if subject is None or (text is not None and text.startswith("#")):
            return "nobody"
        if text is None:
            return self._resolve(subject, owner)
        if text not in self._subjects:
            self._subjects[text] = self._resolve(subject, owner)
        return self._subjects[text]

    def _resolve(self, subject: Reference, owner: str) -> Whose:
        found = self.pool.find(subject, owner)
        key = found.key if found is not None else local_key(subject.reference)
        if key is not None:
            return "own" if key in self._own else "other"
        if not subject.reference:
            return "nobody"
        if self._alias is None:
            return "unknown"
        return "own" if subject.reference == self._alias else "other"

    def _lower(self, need: str | None) -> None:
        if need is not None and self.states[need].complete:
            self.states[need] = NeedState("partial", "invalid")
