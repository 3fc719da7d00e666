"""Margins as pathologists and surgeons write them."""

import math
import re
from typing import Literal, NamedTuple

from fhir_mappings.elements import Quantity

Status = Literal["involved", "uninvolved", "close", "indeterminate", "not-assessable"]

_ABOUT = re.compile(r"\b(margins?|R[012X]\b|ink(?:ed)?)", re.IGNORECASE)
_COMMA = re.compile(r",(?!\d)")  # 2,5 mm is one number
_CLAUSE = re.compile(r"[;\n]|\.(?=\s|$)")
_NEGATIVE = re.compile(
    r"\b(?:not|no longer|non|without|no|none|neither)[ -](?:\w+ ){0,3}?"
    r"(?:involv\w+|positive|present|at (?:the )?(?:ink|margin))"
    r"|\buninvolved|\bnegative|\bclear\b|\bfree\b|\bR0\b|\babsent\b|\bnone\b"
    r"|\bno (?:residual )?(?:invasive )?(?:tumou?r|carcinoma|malignancy|ink)\b[\w ]*",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\binvolv(?:ed|es|ing)\b|\binvolvement (?:present|identified|by|seen)|\bpositive\b"
    r"|\b(?:tumou?r|carcinoma) (?:\w+ ){0,2}?(?:on|at) (?:the )?ink|\bink on tumou?r"
    r"|\bR[12]\b|\btransected\b|\bpresent\b|\b(?:extends? to|reach(?:es)?) (?:the )?margin",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"(?<!not )\bclose\b", re.IGNORECASE)
_INDETERMINATE = re.compile(
    r"\bindeterminate\b|\bintermediate\b|\bequivocal\b|\buncertain\b", re.IGNORECASE
)
_NOT_ASSESSABLE = re.compile(
    r"\bRX\b|\b(?:cannot|can not|could not) be (?:assessed|evaluated|determined)"
    r"|\bnot (?:assessable|evaluable|assessed)",
    re.IGNORECASE,
)
_DISTANCE = re.compile(
    r"(?P<bound><=|>=|<|>|≤|≥|less than|under|within|more than|greater than|at least)?\s*"
    r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>mm|cm|millimet\w+|centimet\w+)\b",
    re.IGNORECASE,
)
_OTHER_LENGTH = re.compile(
    r"^(?!.*\b(?:margin|close|clear)).*\b(?:size|measur|tumou?r|mass|lesion)", re.IGNORECASE
)
_BELOW = ("<", "<=", "≤", "less than", "under", "within")
_ABOVE = (">", ">=", "≥", "more than", "greater than", "at least")
_MM = {
    "mm": 1.0,
    "millimeter": 1.0,
    "millimeters": 1.0,
    "cm": 10.0,
    "centimeter": 10.0,
    "centimeters": 10.0,
    "[in_i]": 25.4,
    "in": 25.4,
    "um": 0.001,
}


class Distance(NamedTuple):
    """A distance in mm, as an interval; an upper bound of None is open."""

    low: float
    high: float | None


class MarginText(NamedTuple):
    """What a text says about a margin."""

    status: Status
    distance: Distance | None
    invasive_only: bool = False


def read_margin(text: str, *, about_margin: bool) -> MarginText | None:
    """Read what a text says about a margin.

    Args:
        text: such as ``Close: 0.7 mm circumferential, uninvolved``.
        about_margin: whether the context says that the text is about a margin; otherwise only
            clauses that name one are read.
    """
    clauses = [one for one in _CLAUSE.split(text) if about_margin or _ABOUT.search(one)]
    found = [margin for one in clauses if (margin := _read_clause(one)) is not None]
    if not found:
        return None
    for status in ("involved", "close", "indeterminate", "not-assessable"):
        for margin in found:
            if margin.status == status:
                return margin
    return min(found, key=lambda one: math.inf if one.distance is None else one.distance.low)


def _read_clause(clause: str) -> MarginText | None:
    parts = [part for part in _COMMA.split(clause) if not _OTHER_LENGTH.search(part)]
    distances = [_distance(match) for part in parts for match in _DISTANCE.finditer(part)]
    distance = min(distances, key=lambda one: one.low) if distances else None
    if _NOT_ASSESSABLE.search(clause):
        return MarginText("not-assessable", None)
    negative = _NEGATIVE.search(clause) is not None
    if _POSITIVE.search(_NEGATIVE.sub(" ", clause)):
        return MarginText("involved", None)
    if _CLOSE.search(clause):
        return MarginText("close", distance)
    if _INDETERMINATE.search(clause):
        return MarginText("indeterminate", None)
    if negative:
        return MarginText("uninvolved", distance, "by invasive" in clause.lower())
    return by_distance(distance) if distance else None


def by_distance(distance: Distance) -> MarginText:
    """Return the margin that a distance alone tells: none at all is involvement."""
    involved = distance.high is not None and distance.high <= 0
    return MarginText("involved", None) if involved else MarginText("uninvolved", distance)


def millimetres(quantity: Quantity | None) -> Distance | None:
    """Return a length in mm as an interval; None without value or known unit (UCUM)."""
    if quantity is None or quantity.value is None:
        return None
    unit = (quantity.code or quantity.unit or "").strip().lower()
    factor = _MM.get(unit) or _MM.get((quantity.unit or "").strip().lower())
    if factor is None:
        return None
    return _bounded(quantity.value * factor, (quantity.comparator or "").strip())


def lengths_in(text: str) -> Distance | None:
    """Return the largest length that a text states, in mm."""
    found = [_distance(match) for match in _DISTANCE.finditer(text)]
    return max(found, key=lambda one: one.low) if found else None


def _distance(match: re.Match[str]) -> Distance:
    number = float(match["number"].replace(",", "."))
    factor = 10.0 if match["unit"].lower().startswith("c") else 1.0
    return _bounded(number * factor, (match["bound"] or "").lower())


def _bounded(value: float, bound: str) -> Distance:
    if bound in _BELOW:
        return Distance(0.0, value if bound in ("<=", "≤") else math.nextafter(value, 0.0))
    if bound in _ABOVE:
        strict = bound in (">", "more than", "greater than")
        return Distance(math.nextafter(value, math.inf) if strict else value, None)
    return Distance(value, value)
