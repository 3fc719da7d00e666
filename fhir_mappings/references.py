"""FHIR references in all the forms that real records use.

Relative, absolute (of this or another server), versioned, ``urn:uuid:``, contained ``#id``,
conditional (``Patient?identifier=system|value``), by identifier, by display alone.
"""

import re
from typing import NamedTuple

from fhir_mappings.elements import Identifier, Reference

_LOCAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
_CONDITIONAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)\?(?:.*&)?identifier=([^&]+)")
_HISTORY = re.compile(r"/_history/[^/]+$")


class Token(NamedTuple):
    """An identifier to look for."""

    system: str
    value: str


def local_key(reference: str | None) -> str | None:
    """Return ``Type/id`` of a literal reference, None where it has no such form."""
    match = _LOCAL.search(reference.strip()) if reference else None
    return f"{match[1]}/{match[2]}" if match else None


def full_url(reference: str) -> str:
    """Return the reference without a version, as an entry's fullUrl is written."""
    return _HISTORY.sub("", reference.strip())


def type_of(reference: Reference) -> str | None:
    """Return the resource type that a reference names, where it does."""
    text = reference.reference or ""
    conditional = _CONDITIONAL.search(text)
    if conditional:
        return conditional[1]
    key = local_key(text)
    return key.partition("/")[0] if key else None


def token_of(reference: Reference) -> Token | None:
    """Return the identifier that a conditional or logical reference asks for."""
    match = _CONDITIONAL.search(reference.reference or "")
    if match:
        system, _, value = match[2].replace("%7C", "|").rpartition("|")
        return Token(system, value)
    return token(reference.identifier) if not reference.reference else None


def token(identifier: Identifier | None) -> Token | None:
    """Return an identifier as a token, None where it has no value."""
    if identifier is None or not identifier.value:
        return None
    return Token(identifier.system or "", identifier.value)


def same_identifier(one: Token, other: Token) -> bool:
    """Tell whether two tokens name the same; a missing system matches any."""
    return one.value == other.value and ("" in (one.system, other.system) or one[0] == other[0])
