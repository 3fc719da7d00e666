"""References that matter and lead to nothing that was delivered."""

from collections.abc import Iterable, Iterator
from typing import Final

from cds_service.ehr.addresses import Base
from fhir_mappings.elements import Reference
from fhir_mappings.orders import Order
from fhir_mappings.record import Pool
from fhir_mappings.references import local_key
from fhir_mappings.resources import Condition, DiagnosticReport, Observation

_READ: Final = frozenset(
    ("Condition", "Observation", "Specimen", "Coverage", "DiagnosticReport", "Procedure")
)


def unresolved(pool: Pool, orders: Iterable[Order], base: Base) -> list[str]:
    """Return the keys, ``Type/id``, of what is referred to and not there.

    Args:
        pool: everything that was delivered.
        orders: those that are judged.
        base: of the server that may be asked; what lies elsewhere is not.
    """
    found = dict.fromkeys(
        key
        for reference, owner in _references(pool, orders)
        if pool.find(reference, owner) is None and (key := _key(reference, base)) is not None
    )
    return list(found)


def _references(pool: Pool, orders: Iterable[Order]) -> Iterator[tuple[Reference, str]]:
    for order in orders:
        request = order.request
        for one in (*(request.reason_reference or ()), *(request.insurance or ())):
            yield one, order.name
    for entry, condition in pool.of_type(Condition):
        for stage in condition.stage or ():
            for one in stage.assessment or ():
                yield one, entry.key
    for entry, observation in pool.of_type(Observation):
        specimen = [observation.specimen] if observation.specimen is not None else []
        for one in (*(observation.focus or ()), *(observation.has_member or ()), *specimen):
            yield one, entry.key
    for entry, report in pool.of_type(DiagnosticReport):
        for one in (*(report.specimen or ()), *(report.result or ())):
            yield one, entry.key


def key_at(base: Base, reference: str) -> str | None:
    """Return ``Type/id`` of what a server holds at its base; None for what lies elsewhere."""
    text = reference.strip().removeprefix(f"{base}/")
    key = local_key(text)
    return key if key is not None and text.startswith(key) else None


def _key(reference: Reference, base: Base) -> str | None:
    key = key_at(base, reference.reference or "")
    return key if key is not None and key.partition("/")[0] in _READ else None
