"""Which searches bring a need, and which ones do where a server refuses the first.

Made from the same declaration as the prefetch templates. Servers differ in what they let clients
search by, so each need has attempts, from the best to the plainest (US Core, CapabilityStatement).
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from fhir_mappings.needs import Need, search_parameter
from fhir_mappings.terminology import Terminology

_MANY: Final = 60  # a list of more values than this is not asked for one by one


class Query(NamedTuple):
    """One request to a FHIR server.

    Attributes:
        path: below the base, such as ``Condition`` or ``Patient/1``.
        parameters: of a search.
    """

    path: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def searches(self) -> bool:
        """Whether it is a search, or a page of one; else a read by id."""
        return bool(self.parameters) or "?" in self.path

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.path}?{query}" if query else self.path


Attempt = tuple[Query, ...]


class Ask(Struct, frozen=True):
    """What is asked for one or more needs.

    Attributes:
        needs: their names; what is found meets all of them.
        type: the resource type.
        attempts: queries that together bring the needs; the next attempt follows a refusal.
    """

    needs: tuple[str, ...]
    type: str
    attempts: tuple[Attempt, ...]

    @property
    def shown(self) -> str:
        """The first query, as the assessment names it."""
        return str(self.attempts[0][0])


class Searching(Struct, frozen=True):
    """How a server is searched.

    Attributes:
        patient: the bare id of the patient.
        bare: whether Observations may be searched for by patient alone.
        parameters: by type, the search parameters that the server declares; where a type is
            missing, nothing is known.
    """

    patient: str
    bare: bool = False
    parameters: dict[str, frozenset[str]] = {}


def asks_for(
    needs: Iterable[Need], terminology: Terminology, searching: Searching
) -> Iterator[Ask]:
    """Yield what to ask for the needs; needs of one type that one search brings go together."""
    bare: list[str] = []
    for need in needs:
        if need.parameters is None:
            read = Query(f"{need.type}/{searching.patient}")
            yield Ask((need.name,), need.type, ((read,),))
        elif need.type == "Observation" and searching.bare:
            bare.append(need.name)
        else:
            yield Ask((need.name,), need.type, tuple(_attempts(need, terminology, searching)))
    if bare:
        yield Ask(tuple(bare), "Observation", ((_search("Observation", searching.patient),),))


def _attempts(need: Need, terminology: Terminology, searching: Searching) -> Iterator[Attempt]:
    plain = _search(need.type, searching.patient)
    narrowed = search_parameter(need, terminology)
    if narrowed is None:
        yield (plain,)
        return
    name, values = narrowed
    # A search by patient alone brings every Observation there is; a server has to allow that.
    may_be_plain = need.type != "Observation"
    declared: Collection[str] = searching.parameters.get(need.type, (name,))
    if name in declared or not may_be_plain:
        yield (_search(need.type, searching.patient, (name, ",".join(values))),)
        if 1 < len(values) <= _MANY:
            yield tuple(_search(need.type, searching.patient, (name, one)) for one in values)
    if may_be_plain:
        yield (plain,)


def _search(kind: str, patient: str, *narrowed: tuple[str, str]) -> Query:
    return Query(kind, (("patient", patient), *narrowed))
