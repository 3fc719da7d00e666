"""The FHIR R4 data types that are read, narrowed to the members that count.

Every member is optional: a missing one is an answer of its own and never an error.
"""

from msgspec import Struct


class Element(Struct, rename="camel", kw_only=True, frozen=True, gc=False):
    """What all types here share: camel case on the wire, immutable."""


class Coding(Element, frozen=True, kw_only=True):
    """R4 Coding."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Reference(Element, frozen=True, kw_only=True):
    """R4 Reference, its identifier included."""

    reference: str | None = None
    identifier: "Identifier | None" = None
    display: str | None = None


class Extension(Element, frozen=True, kw_only=True):
    """R4 Extension with the value types that mCODE uses."""

    url: str | None = None
    value_codeable_concept: "CodeableConcept | None" = None
    extension: "list[Extension] | None" = None


class CodeableConcept(Element, frozen=True, kw_only=True):
    """R4 CodeableConcept; extensions carry mCODE's laterality qualifier."""

    coding: list[Coding] | None = None
    text: str | None = None
    extension: list[Extension] | None = None


class Identifier(Element, frozen=True, kw_only=True):
    """R4 Identifier."""

    system: str | None = None
    value: str | None = None


class Period(Element, frozen=True, kw_only=True):
    """R4 Period."""

    start: str | None = None
    end: str | None = None


class Quantity(Element, frozen=True, kw_only=True):
    """R4 Quantity."""

    value: float | None = None
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Ratio(Element, frozen=True, kw_only=True):
    """R4 Ratio."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Range(Element, frozen=True, kw_only=True):
    """R4 Range."""

    low: Quantity | None = None
    high: Quantity | None = None


class Annotation(Element, frozen=True, kw_only=True):
    """R4 Annotation."""

    text: str | None = None


class Repeat(Element, frozen=True, kw_only=True):
    """R4 Timing.repeat, as far as it counts."""

    count: int | None = None
    count_max: int | None = None
    bounds_period: Period | None = None


class Timing(Element, frozen=True, kw_only=True):
    """R4 Timing."""

    event: list[str] | None = None
    repeat: Repeat | None = None


class Meta(Element, frozen=True, kw_only=True):
    """R4 Meta."""

    version_id: str | None = None
    last_updated: str | None = None
