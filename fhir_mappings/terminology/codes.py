"""Codes to neutral classes, through FHIR ValueSets and ConceptMaps.

A class is the id of a value set, such as ``organ-breast`` or ``margin-uninvolved``. Sites' own
codes are translated first by ConceptMaps of theirs; what was translated is marked as mapped.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from fhir_mappings.elements import CodeableConcept, Coding
from fhir_mappings.terminology.systems import normal_code, plausible_systems, system_key

_BOM = b"\xef\xbb\xbf"
_NO_MEANING = ("unmatched", "disjoint")


class TerminologyError(ValueError):
    """A value set or concept map that cannot be used; the message names file and member."""


class Sense(NamedTuple):
    """What one coding means.

    Attributes:
        classes: ids of the value sets that hold the code.
        literal: the category as AJCC writes it, where the code is one.
        mapped: whether a site's own ConceptMap translated the code.
    """

    classes: frozenset[str]
    literal: str | None = None
    mapped: bool = False


NOTHING = Sense(frozenset())


class MapTarget(Struct, frozen=True):
    """R4 ConceptMap.group.element.target."""

    code: str | None = None
    equivalence: str | None = None


class MapElement(Struct, frozen=True):
    """R4 ConceptMap.group.element."""

    code: str
    target: list[MapTarget] = []


class MapGroup(Struct, frozen=True):
    """R4 ConceptMap.group; both systems are needed here."""

    source: str
    target: str
    element: list[MapElement] = []


class ConceptMap(Struct, frozen=True, tag_field="resourceType", tag="ConceptMap"):
    """R4 ConceptMap, as far as it counts."""

    group: list[MapGroup] = []


_MAP = msgspec.json.Decoder(ConceptMap)


class Terminology:
    """All value sets and concept maps, as one lookup."""

    def __init__(
        self, value_sets: Iterable[dict[str, Any]], concept_maps: Iterable[ConceptMap] = ()
    ) -> None:
        self._codes: dict[tuple[str, str], frozenset[str]] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self._literals: dict[tuple[str, str], str] = {}
        self._local: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for value_set in value_sets:
            self._add_value_set(value_set)
        for concept_map in concept_maps:
            self._add_concept_map(concept_map)
        self._sense = lru_cache(maxsize=65536)(self._look_up)

    def sense(self, coding: Coding) -> Sense:
        """Return what a coding means; `NOTHING` for a code that no value set holds."""
        return self._sense(coding.system, coding.code) if coding.code else NOTHING

    def classes(self, concept: CodeableConcept | None) -> frozenset[str]:
        """Return the classes of all codings of a concept together."""
        found = NOTHING.classes
        for coding in (concept.coding if concept is not None else None) or ():
            if coding.code:
                classes = self._sense(coding.system, coding.code).classes
                if classes:
                    found = found | classes if found else classes
        return found

    def codes_of(self, class_prefix: str) -> dict[str, list[str]]:
        """Return the enumerated codes of all value sets whose id starts so, per system."""
        found: dict[str, list[str]] = {}
        for (system, code), classes in sorted(self._codes.items()):
            if any(name.startswith(class_prefix) for name in classes):
                found.setdefault(system, []).append(code)
        return found

    def _add_value_set(self, value_set: dict[str, Any]) -> None:
        name = value_set["id"]
        for include in value_set["compose"]["include"]:
            system = system_key(include["system"])
            if system is None:
                raise TerminologyError(f"ValueSet {name}: unknown system {include['system']}")
            for concept in include.get("concept", ()):
                key = (system, normal_code(system, concept["code"]))
                self._codes[key] = self._codes.get(key, frozenset()) | {name}
            for rule in include.get("filter", ()):
                pattern = re.compile(rf"(?:{rule['value']})$")
                self._patterns.setdefault(system, []).append((pattern, name))

    def _add_concept_map(self, concept_map: ConceptMap) -> None:
        for group in concept_map.group:
            known, target = system_key(group.source), system_key(group.target)
            for element in group.element:
                codes = [
                    one.code
                    for one in element.target
                    if one.code and one.equivalence not in _NO_MEANING
                ]
                if known and target == "ajcc" and codes:
                    self._literals[known, normal_code(known, element.code)] = codes[0]
                else:
                    key = (group.source.strip(), element.code.strip())
                    local = self._local.setdefault(key, [])
                    local.extend((group.target, code) for code in codes)

    def _look_up(self, system: str | None, code: str) -> Sense:
        key = system_key(system)
        if key is not None:
            found = self._in_system(key, code)
            if found is not NOTHING:
                return found
        elif not (system or "").strip():
            return self._without_system(code)
        translated = self._local.get(((system or "").strip(), code.strip()))
        if translated:
            return self._translate(translated)
        return self._in_system("cap", code) if key is None else NOTHING

    def _in_system(self, system: str, code: str) -> Sense:
        code = normal_code(system, code)
        classes = self._codes.get((system, code), frozenset())
        classes |= {name for pattern, name in self._patterns.get(system, ()) if pattern.match(code)}
        literal = code if system == "ajcc" else self._literals.get((system, code))
        return Sense(classes, literal) if classes or literal else NOTHING

    def _without_system(self, code: str) -> Sense:
        senses = (self._in_system(system, code) for system in plausible_systems(code))
        return next((sense for sense in senses if sense is not NOTHING), NOTHING)

    def _translate(self, targets: list[tuple[str, str]]) -> Sense:
        senses = [
            self._in_system(key, code) for system, code in targets if (key := system_key(system))
        ]
        classes = frozenset().union(*(sense.classes for sense in senses))
        literal = next((sense.literal for sense in senses if sense.literal), None)
        return Sense(classes, literal, mapped=True)


def load_terminology(local_maps: Path | None = None) -> Terminology:
    """Load the value sets and concept maps of this package, and a site's own.

    Args:
        local_maps: a folder of FHIR ConceptMap JSON files that translate local codes.

    Raises:
        TerminologyError: a file is no ConceptMap, or not usable; the message names it.
    """
    home = resources.files("fhir_mappings.terminology")
    value_sets = [
        json.loads(file.read_text("utf-8"))
        for file in sorted(home.joinpath("valuesets").iterdir(), key=lambda file: file.name)
    ]
    maps = [_MAP.decode(home.joinpath("conceptmaps/tnm-categories.json").read_bytes())]
    if local_maps is not None:
        maps += [_read_local_map(file) for file in sorted(local_maps.glob("*.json"))]
    return Terminology(value_sets, maps)


def _read_local_map(file: Path) -> ConceptMap:
    try:
        return _MAP.decode(file.read_bytes().removeprefix(_BOM))
    except msgspec.ValidationError as error:
        raise TerminologyError(f"{file.name}: no usable ConceptMap: {error}") from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TerminologyError(f"{file.name}: not readable as JSON") from None
