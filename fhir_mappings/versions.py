"""Which of two copies of one resource counts."""

import msgspec

from fhir_mappings.decode import read_meta
from fhir_mappings.resources import Resource

_STATUS = {"entered-in-error": 4, "corrected": 3, "amended": 2, "final": 1}
_LONGEST = 18  # digits; longer ones are no counters


def age_of(resource: Resource) -> tuple[int, str, int, bytes]:
    """Return what orders the copies of a resource: the greatest counts.

    By version, date, then status, where a corrected result wins; then by content, so that the
    choice never depends on the order in which the copies came.
    """
    meta = read_meta(resource)
    version = meta.version_id or ""
    status = getattr(resource, "status", None)
    return (
        int(version) if version.isdecimal() and len(version) <= _LONGEST else -1,
        meta.last_updated or "",
        _STATUS.get(status, 0) if isinstance(status, str) else 0,
        msgspec.json.encode(resource),
    )
