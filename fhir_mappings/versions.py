"""Which of two copies of one resource counts."""

from typing import TYPE_CHECKING

import msgspec

from fhir_mappings.decode import read_meta

if TYPE_CHECKING:
    from fhir_mappings.record import Entry

_STATUS = {"entered-in-error": 4, "corrected": 3, "amended": 2, "final": 1}


def newer(one: "Entry", other: "Entry") -> "Entry":
    """Return the newer of two copies: by version, date, then status; a corrected result wins.

    The choice does not depend on the order in which the copies came.
    """
    return max(one, other, key=_age)


def _age(entry: "Entry") -> tuple[int, str, int, bytes]:
    meta = read_meta(entry.resource)
    version = meta.version_id or ""
    status = getattr(entry.resource, "status", None)
    return (
        int(version) if version.isdigit() else -1,
        meta.last_updated or "",
        _STATUS.get(status, 0) if isinstance(status, str) else 0,
        msgspec.json.encode(entry.resource),
    )
