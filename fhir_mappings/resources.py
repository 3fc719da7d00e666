"""The FHIR R4 resources that are read, narrowed to the elements that count.

Narrow on purpose: what is not read cannot fail. `decode.py` fills these types.
"""

from typing import TypeAlias

from msgspec import UNSET, Raw, UnsetType

from fhir_mappings.elements import (
    Annotation,
    CodeableConcept,
    Element,
    Extension,
    Identifier,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
    Timing,
)


class Resource(Element, tag_field="resourceType", frozen=True, kw_only=True):
    """What every resource may carry."""

    id: str | None = None
    meta: Raw | UnsetType = UNSET  # read only where a resource is cited
    contained: list[Raw] | None = None


class Patient(Resource, tag="Patient", frozen=True, kw_only=True):
    """R4 Patient."""

    identifier: list[Identifier] | None = None
    birth_date: str | None = None


class Stage(Element, frozen=True, kw_only=True):
    """R4 Condition.stage."""

    summary: CodeableConcept | None = None
    assessment: list[Reference] | None = None
    type: CodeableConcept | None = None


class Condition(Resource, tag="Condition", frozen=True, kw_only=True):
    """R4 Condition, with mCODE's histology extension."""

    identifier: list[Identifier] | None = None
    extension: list[Extension] | None = None
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    body_site: list[CodeableConcept] | None = None
    subject: Reference | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    recorded_date: str | None = None
    stage: list[Stage] | None = None
    note: list[Annotation] | None = None


class Component(Element, frozen=True, kw_only=True):
    """R4 Observation.component."""

    code: CodeableConcept | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    data_absent_reason: CodeableConcept | None = None


class Observation(Resource, tag="Observation", frozen=True, kw_only=True):
    """R4 Observation."""

    status: str | None = None
    category: Raw | UnsetType = UNSET  # seldom needed
    code: CodeableConcept | None = None
    subject: Reference | None = None
    focus: list[Reference] | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    effective_timing: Timing | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: Raw | UnsetType = UNSET  # seldom needed
    body_site: CodeableConcept | None = None
    method: CodeableConcept | None = None
    specimen: Reference | None = None
    has_member: list[Reference] | None = None
    component: list[Component] | None = None
    note: list[Annotation] | None = None


class Procedure(Resource, tag="Procedure", frozen=True, kw_only=True):
    """R4 Procedure, with mCODE's modality and technique extension."""

    extension: list[Extension] | None = None
    status: str | None = None
    category: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    body_site: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None


class ServiceRequest(Resource, tag="ServiceRequest", frozen=True, kw_only=True):
    """R4 ServiceRequest: the order being signed, or one that is context."""

    extension: list[Extension] | None = None
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    order_detail: list[CodeableConcept] | None = None
    quantity_quantity: Quantity | None = None
    quantity_ratio: Ratio | None = None
    quantity_range: Range | None = None
    subject: Reference | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    occurrence_timing: Timing | None = None
    authored_on: str | None = None
    reason_code: list[CodeableConcept] | None = None
    reason_reference: list[Reference] | None = None
    insurance: list[Reference] | None = None
    body_site: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None


class DiagnosticReport(Resource, tag="DiagnosticReport", frozen=True, kw_only=True):
    """R4 DiagnosticReport."""

    status: str | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    specimen: list[Reference] | None = None
    result: list[Reference] | None = None
    conclusion: str | None = None
    conclusion_code: list[CodeableConcept] | None = None


class DocumentContext(Element, frozen=True, kw_only=True):
    """R4 DocumentReference.context."""

    period: Period | None = None


class DocumentReference(Resource, tag="DocumentReference", frozen=True, kw_only=True):
    """R4 DocumentReference: that a document exists, not what it says."""

    status: str | None = None
    doc_status: str | None = None
    type: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    context: DocumentContext | None = None


class ImagingStudy(Resource, tag="ImagingStudy", frozen=True, kw_only=True):
    """R4 ImagingStudy."""

    status: str | None = None
    subject: Reference | None = None
    started: str | None = None


class MedicationRequest(Resource, tag="MedicationRequest", frozen=True, kw_only=True):
    """R4 MedicationRequest."""

    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    subject: Reference | None = None
    authored_on: str | None = None
    reason_reference: list[Reference] | None = None
    note: list[Annotation] | None = None


class SpecimenCollection(Element, frozen=True, kw_only=True):
    """R4 Specimen.collection."""

    body_site: CodeableConcept | None = None


class Specimen(Resource, tag="Specimen", frozen=True, kw_only=True):
    """R4 Specimen."""

    type: CodeableConcept | None = None
    subject: Reference | None = None
    collection: SpecimenCollection | None = None


class Coverage(Resource, tag="Coverage", frozen=True, kw_only=True):
    """R4 Coverage."""

    status: str | None = None
    beneficiary: Reference | None = None
    period: Period | None = None
    payor: list[Reference] | None = None


class OperationOutcomeIssue(Element, frozen=True, kw_only=True):
    """R4 OperationOutcome.issue."""

    severity: str | None = None
    code: str | None = None


class OperationOutcome(Resource, tag="OperationOutcome", frozen=True, kw_only=True):
    """R4 OperationOutcome."""

    issue: list[OperationOutcomeIssue] | None = None


class Organization(Resource, tag="Organization", frozen=True, kw_only=True):
    """R4 Organization: a payer's name."""

    identifier: list[Identifier] | None = None
    name: str | None = None


AnyResource: TypeAlias = (
    Patient
    | Condition
    | Observation
    | Procedure
    | ServiceRequest
    | DiagnosticReport
    | DocumentReference
    | ImagingStudy
    | MedicationRequest
    | Specimen
    | Coverage
    | OperationOutcome
    | Organization
)

RESOURCE_TYPES: dict[str, type[Resource]] = {
    kind.__name__: kind
    for kind in (
        Patient,
        Condition,
        Observation,
        Procedure,
        ServiceRequest,
        DiagnosticReport,
        DocumentReference,
        ImagingStudy,
        MedicationRequest,
        Specimen,
        Coverage,
        OperationOutcome,
        Organization,
    )
}
