"""What has to be known to judge an order: the one declaration of data needs.

Prefetch templates are made from it, and the queries to an EHR. Templates use first-level
context tokens only, and no parameter twice, because real clients fill nothing else. Searches
follow US Core: Observations by category and by code, united by id, since a search by code misses
results whose code is text only.
"""

from typing import Literal, NamedTuple

from msgspec import Struct

from fhir_mappings.facts import Source
from fhir_mappings.terminology import Terminology

State = Literal["present", "empty", "partial", "unreadable"]
Why = Literal[
    "not-delivered",
    "not-authorised",
    "not-found",
    "timed-out",
    "server-error",
    "invalid",
    "truncated",
]


class Need(NamedTuple):
    """A part of the record.

    Attributes:
        name: its prefetch key.
        type: the resource type.
        parameters: search parameters beside the patient; None for the patient itself.
        codes: prefix of the value sets whose codes are searched for.
        aliases: prefetch keys under which other clients deliver it.
    """

    name: str
    type: Source
    parameters: str | None = ""
    codes: str | None = None
    aliases: tuple[str, ...] = ()


class NeedState(Struct, frozen=True):
    """Whether a need was met.

    Attributes:
        state: `partial` holds evidence, but what it lacks is not absence.
        why: why it is partial or unreadable.
        query: the search that was asked, where one was.
    """

    state: State
    why: Why | None = None
    query: str | None = None

    @property
    def complete(self) -> bool:
        """Whether absence from it means absence from the record."""
        return self.state in ("present", "empty")


_RADIOLOGY_AND_PATHOLOGY = (
    "http://terminology.hl7.org/CodeSystem/v2-0074|LAB,"
    "http://loinc.org|LP29684-5,http://loinc.org|LP7839-6"
)

NEEDS: tuple[Need, ...] = (
    Need("patient", "Patient", None),
    Need("conditions", "Condition"),
    Need(
        "observationsByCategory", "Observation", "category=laboratory,imaging,exam,procedure,survey"
    ),
    Need("observationsByCode", "Observation", codes="obs-"),
    Need("procedures", "Procedure"),
    Need("serviceRequests", "ServiceRequest"),
    Need("diagnosticReports", "DiagnosticReport", f"category={_RADIOLOGY_AND_PATHOLOGY}"),
    Need("documentReferences", "DocumentReference", "category=clinical-note"),
    Need("imagingStudies", "ImagingStudy"),
    Need("medicationRequests", "MedicationRequest", "intent=order"),
    Need("specimens", "Specimen"),
    Need("coverage", "Coverage", aliases=("coverageBundle",)),
)
BY_TYPE: dict[str, Need] = {need.type: need for need in reversed(NEEDS)}
BY_KEY: dict[str, Need] = {key: need for need in NEEDS for key in (need.name, *need.aliases)}


def prefetch_templates(terminology: Terminology) -> dict[str, str]:
    """Return the prefetch templates, key to template (CDS Hooks, Prefetch Template)."""
    return {need.name: _template(need, terminology) for need in NEEDS}


def search_parameter(need: Need, terminology: Terminology) -> tuple[str, tuple[str, ...]] | None:
    """Return the one parameter by which a search is narrowed beside the patient, with its values.

    Values are alternatives, as a list with commas between them is.
    """
    if need.codes:
        codes = terminology.codes_of(need.codes)
        return "code", (*codes.get("snomed", ()), *codes.get("loinc", ()))
    name, _, values = (need.parameters or "").partition("=")
    return (name, tuple(values.split(","))) if name else None


def _template(need: Need, terminology: Terminology) -> str:
    if need.parameters is None:
        return f"{need.type}/{{{{context.patientId}}}}"
    query = f"{need.type}?patient={{{{context.patientId}}}}"
    narrowed = search_parameter(need, terminology)
    return f"{query}&{narrowed[0]}={','.join(narrowed[1])}" if narrowed else query
