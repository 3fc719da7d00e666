"""SMART scopes, versions 1 and 2: which searches a token allows."""

import re
from typing import Final

from msgspec import Struct

# patient/Observation.read, user/*.rs, system/Condition.cruds?category=...
_SCOPE: Final = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[A-Za-z]+)\.(?P<rights>read|write|\*|c?r?u?d?s?)(?:\?.*)?"
)


class Scopes(Struct, frozen=True):
    """What a token allows.

    Attributes:
        searched: the resource types that may be searched; ``*`` for all.
        read: the resource types that may be read by id; ``*`` for all.
    """

    searched: frozenset[str]
    read: frozenset[str]

    def allow_search(self, kind: str) -> bool:
        """Tell whether a type may be searched, wholly or in part."""
        return bool({"*", kind} & self.searched)

    def allow_read(self, kind: str) -> bool:
        """Tell whether resources of a type may be read."""
        return bool({"*", kind} & self.read)


def parse_scopes(text: str) -> Scopes:
    """Parse a scope string; scopes that concern no resource are passed over.

    A granular scope (version 2, with a query) shows a part of a type, and counts as allowing it:
    the card says that the record is judged as visible.
    """
    searched, read = set(), set()
    for one in text.split():
        found = _SCOPE.fullmatch(one)
        if found is None:
            continue
        rights = {"read": "rs", "*": "rs", "write": ""}.get(found["rights"], found["rights"])
        if "s" in rights:
            searched.add(found["type"])
        if "r" in rights:
            read.add(found["type"])
    return Scopes(frozenset(searched), frozenset(read))
