"""Organs, sides and diseases that codes and words name."""

from collections.abc import Iterable
from typing import Any, Final

from fhir_mappings.elements import CodeableConcept, Extension
from fhir_mappings.facts import Behaviour, Disease, Organ, Side
from fhir_mappings.terminology import Terminology
from fhir_mappings.terminology.lexicon import said

_PELVIC: Final[frozenset[str]] = frozenset(
    ("cervix", "uterus", "rectum", "rectosigmoid", "colon", "large-intestine", "anus", "anorectal")
)


def named(classes: Iterable[str], prefix: str) -> frozenset[Any]:
    """Return the classes of a family, without the family's name.

    They are words of the vocabulary of facts; a test holds the value sets to it.
    """
    return frozenset(one.removeprefix(prefix) for one in classes if one.startswith(prefix))


def organs(classes: Iterable[str]) -> frozenset[Organ]:
    """Return the organs that classes of diagnoses name."""
    return named(classes, "organ-")


def behaviours(classes: Iterable[str]) -> frozenset[Behaviour]:
    """Return the behaviours that classes name."""
    return named(classes, "behaviour-")


def diseases(classes: Iterable[str]) -> frozenset[Disease]:
    """Return the diseases that classes name."""
    return named(classes, "disease-") | named(classes, "histology-")


def side(classes: Iterable[str]) -> Side | None:
    """Return the side that classes name, None where they name none or several."""
    found = named(classes, "laterality-")
    return next(iter(found)) if len(found) == 1 else None


def side_in_text(text: str | None) -> Side | None:
    """Return the side that a text names, None where it names none or several."""
    found = said("laterality", text) if text else set()
    return found.pop() if len(found) == 1 else None


def body_sites(
    terminology: Terminology, concepts: Iterable[CodeableConcept | None]
) -> tuple[frozenset[Any], Side | None, bool]:
    """Read body sites.

    Returns:
        The organs and regions named, the side, and whether a site is coded that is none of ours.
    """
    classes: set[str] = set()
    unknown = False
    sides: set[Side | None] = set()
    for concept in concepts:
        if concept is None:
            continue
        found = terminology.classes(concept) | extension_classes(terminology, concept.extension)
        regions = named(found, "bodysite-") | named(found, "organ-")
        if not regions and concept.text:
            regions = frozenset(said("organ", concept.text) | said("region", concept.text))
        classes |= regions
        sides.add(side(found) or side_in_text(concept.text))
        unknown = unknown or not regions
    sides.discard(None)
    return frozenset(classes), sides.pop() if len(sides) == 1 else None, unknown


def extension_classes(
    terminology: Terminology, extensions: Iterable[Extension] | None
) -> frozenset[str]:
    """Return the classes of all concepts in extensions, nested ones included."""
    classes: frozenset[str] = frozenset()
    for extension in extensions or ():
        classes |= terminology.classes(extension.value_codeable_concept)
        classes |= extension_classes(terminology, extension.extension)
    return classes


def is_pelvic(organs_named: Iterable[str]) -> bool:
    """Tell whether an organ or region lies in the pelvis."""
    return any(one in _PELVIC or one == "pelvis" for one in organs_named)
