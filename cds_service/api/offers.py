"""The services that are offered: one for each hook, because real clients key services by id."""

from typing import Final

import msgspec

from cds_service.hooks.discovery import Service, Services
from fhir_mappings.needs import prefetch_templates
from fhir_mappings.terminology import Terminology

_SPECIFICATION: Final = "2.0.1"
_WHAT: Final = (
    "how likely the payer is to cover it under the guideline Evolent_CG_226, and why. Other orders "
    "get no card."
)
_USAGE: Final = (
    "Works best with the prefetch. What it lacks is asked from the FHIR server of the request, "
    "where that is registered; what cannot be had is named as unread, never taken as absent."
)
# Service id, hook, title, what it does.
_OFFERS: Final = (
    (
        "iort-coverage",
        "order-sign",
        "Coverage of intraoperative radiation therapy",
        "Tells, while an order for intraoperative radiation therapy (IORT) is being signed, what "
        f"documentation is missing, and {_WHAT}",
    ),
    (
        "iort-coverage-select",
        "order-select",
        "Coverage of intraoperative radiation therapy, while selecting",
        f"Tells, while an order for intraoperative radiation therapy is selected, {_WHAT}",
    ),
    (
        "iort-coverage-dispatch",
        "order-dispatch",
        "Coverage of intraoperative radiation therapy, at dispatch",
        "Tells, when an order for intraoperative radiation therapy is dispatched, what "
        f"documentation is missing, and {_WHAT}",
    ),
)
SERVICE_ID: Final = _OFFERS[0][0]
SERVICE_IDS: Final = frozenset(one[0] for one in _OFFERS)
HOOKS: Final = tuple(one[1] for one in _OFFERS)


def discovery(terminology: Terminology) -> bytes:
    """Return the body of discovery (CDS Hooks 2.0, "Discovery")."""
    prefetch = prefetch_templates(terminology)
    services = [
        Service(
            hook=hook,
            id=name,
            title=title,
            description=description,
            version=_SPECIFICATION,
            usage_requirements=_USAGE,
            prefetch=prefetch,
        )
        for name, hook, title, description in _OFFERS
    ]
    return msgspec.json.encode(Services(services))
