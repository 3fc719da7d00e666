"""From settings to what works: the only place that reads guideline and terminology files."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from cds_service.assess import Assessor
from cds_service.ehr.access import Gate
from cds_service.ehr.asking import Limits
from cds_service.ehr.network import Outbound
from cds_service.ehr.service import Ehr
from cds_service.guideline.errors import GuidelineError
from cds_service.guideline.load import load_guideline
from cds_service.guideline.model import Guideline
from cds_service.settings import Settings
from cds_service.store.store import Store
from cds_service.trust.registry import RegistryWatch
from fhir_mappings.terminology import Terminology, load_terminology

SHIPPED = "evolent_cg_226.yaml"


def build_assessor(settings: Settings) -> Assessor:
    """Load guideline, readings and terminology.

    Raises:
        GuidelineError: the guideline or readings file cannot be used.
        TerminologyError: a local ConceptMap cannot be used.
    """
    return Assessor(
        read_guideline(settings.guideline, settings.readings),
        load_terminology(settings.local_maps),
        settings.payers,
    )


def open_registry(settings: Settings) -> RegistryWatch | None:
    """Read the trust registry; None where none is configured.

    Raises:
        RegistryError: it cannot be used; the message names file, line and member.
    """
    return None if settings.registry is None else RegistryWatch(settings.registry)


def build_store(settings: Settings) -> Store | None:
    """Take the store; it connects when it is used. None where none is configured.

    Raises:
        StoreError: its URL cannot be used.
    """
    return Store(settings.store) if settings.store else None


def build_ehr(settings: Settings, terminology: Terminology, gate: Callable[[], Gate]) -> Ehr:
    """Make what asks EHRs.

    Args:
        settings: limits, and how to get out.
        terminology: whose codes are searched for.
        gate: returns what decides which servers may be asked.
    """
    limits = Limits(settings.query_timeout, settings.max_pages)
    return Ehr(terminology, gate, limits, outbound_of(settings))


def outbound_of(settings: Settings) -> Outbound:
    """Return how to get out."""
    return Outbound(
        proxy=settings.egress_proxy or None,
        ca_bundle=_name(settings.ca_bundle),
        client_certificate=_name(settings.client_certificate),
    )


def _name(file: Path | None) -> str | None:
    return None if file is None else str(file)


def guideline_text(file: Path | None = None) -> str:
    """Return the text of a guideline file, the shipped one by default.

    Raises:
        GuidelineError: the file cannot be read.
    """
    if file is not None:
        return _text(file)
    shipped = resources.files("cds_service.guideline").joinpath("data", SHIPPED)
    return shipped.read_text("utf-8")


def read_guideline(file: Path | None = None, readings: Path | None = None) -> Guideline:
    """Read a guideline file, the shipped one by default, and readings laid over it.

    Raises:
        GuidelineError: a file cannot be read or used; the message names file, line and member.
    """
    return load_guideline(
        guideline_text(file),
        SHIPPED if file is None else file.name,
        None if readings is None else _text(readings),
        "" if readings is None else readings.name,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GuidelineError(f"{file.name}: cannot be read") from error
