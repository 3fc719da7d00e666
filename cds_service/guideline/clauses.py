"""Tests on facts, checked against the fields and words that facts have."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from cds_service.documents import Place
from cds_service.guideline.errors import PlacedError
from cds_service.guideline.model import Clause, Test
from cds_service.guideline.schema import ClauseEntry
from cds_service.guideline.switches import Switches
from fhir_mappings.facts import FACTS, Candidate

_BOUNDS = {"above", "at-least", "below", "at-most"}


def compile_clause(
    entry: ClauseEntry, place: Place, switches: Switches
) -> tuple[Clause, tuple[str, ...]]:
    """Compile a clause; also returns the readings that shaped its tests.

    Raises:
        PlacedError: the kind of fact, a field or a value does not exist.
    """
    kind = FACTS.get(entry.fact)
    if kind is None:
        raise PlacedError((*place, "fact"), f"no fact {entry.fact}; there are {', '.join(FACTS)}")
    tests, readings = _tests(kind, entry.when, (*place, "when"), switches)
    return Clause(entry.fact, tests), readings


def compile_target_clause(when: dict[str, Any], place: Place, switches: Switches) -> Clause:
    """Compile the tests on a target."""
    return Clause("target", _tests(Candidate, when, place, switches)[0])


def _tests(
    kind: type[Struct], when: dict[str, Any], place: Place, switches: Switches
) -> tuple[tuple[Test, ...], tuple[str, ...]]:
    tests: list[Test] = []
    readings: list[str] = []
    for name, wanted in when.items():
        value, chosen = switches.resolve(wanted, (*place, name))
        readings += chosen
        tests.append(_test(kind, name, value, (*place, name)))
    return tuple(tests), tuple(readings)


def _test(kind: type[Struct], name: str, wanted: Any, place: Place) -> Test:  # noqa: ANN401
    field = name.replace("-", "_")
    hints = _hints(kind)
    if field not in hints:
        known = ", ".join(sorted(one.replace("_", "-") for one in hints))
        raise PlacedError(place, f"facts of this kind have no {name}; they have {known}")
    if isinstance(wanted, dict):
        return _bounds(field, wanted, hints[field], place)
    values = wanted if isinstance(wanted, list) else [wanted]
    allowed = _words(hints[field])
    for value in values:
        if not isinstance(value, str | int | float):
            raise PlacedError(place, "a value is a word or a number")
        if allowed is not None and value not in allowed:
            raise PlacedError(place, f"{value} is not one of {', '.join(map(str, allowed))}")
    return Test(field, values=frozenset(values))


def _bounds(field: str, wanted: dict[str, Any], hint: Any, place: Place) -> Test:  # noqa: ANN401
    if not _is_number(hint):
        raise PlacedError(place, "is not a number")
    for bound, value in wanted.items():
        if bound not in _BOUNDS or isinstance(value, bool) or not isinstance(value, int | float):
            raise PlacedError(place, f"bounds are numbers under {', '.join(sorted(_BOUNDS))}")
    return Test(
        field,
        above=wanted.get("above"),
        at_least=wanted.get("at-least"),
        below=wanted.get("below"),
        at_most=wanted.get("at-most"),
    )


@cache
def _hints(kind: type[Struct]) -> dict[str, Any]:
    return get_type_hints(kind)


def _words(hint: Any) -> tuple[Any, ...] | None:  # noqa: ANN401
    """Return the values that a field may have; None where any text will do."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if get_origin(hint) is frozenset:
        return _words(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        return next(words for part in get_args(hint) if (words := _words(part)) is not None)
    return (True, False) if hint is bool else None if hint is str else ()


def _is_number(hint: Any) -> bool:  # noqa: ANN401
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return all(part in (int, float, NoneType) for part in parts)
