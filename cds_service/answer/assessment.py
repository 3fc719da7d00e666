"""The assessment of an order: the decision with its proof, as it goes over the wire.

Schema version 1, described in ``docs/assessment.schema.json``. The same object stands in the
likelihood card and in the output of replay.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict

from cds_service.answer.coverage import PlanCoverage
from cds_service.guideline.deciding import Decision, Note
from cds_service.guideline.model import Determination, Guideline, Site, Status, UnknownKind
from cds_service.guideline.supporting import DocumentStatus, Supporting
from cds_service.guideline.weighing import Answer, Because
from fhir_mappings.facts import Evidence
from fhir_mappings.needs import NEEDS, NeedState, State, Why

EXTENSION = "org.iort-cds.assessment"
SCHEMA_VERSION = 1


class _Part(Struct, rename="camel", frozen=True, kw_only=True):
    """What all parts share."""


class GuidelineUsed(_Part, frozen=True, kw_only=True):
    """Which guideline decided.

    Attributes:
        sha256: of the effective data, a site's readings laid over it.
        readings: the readings that are off their default, and those that decided, with the option.
    """

    id: str
    revision: str
    sha256: str
    readings: dict[str, str] = {}


class ConsideredEvidence(_Part, frozen=True, kw_only=True):
    """Evidence that was looked at and does not decide."""

    because: Because
    evidence: Evidence


def _no_evidence() -> list[Evidence]:
    """A default other than `list` itself is written where it is empty; replay always writes it."""
    return []


class CriterionResult(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """How a criterion is answered, with the proof.

    Attributes:
        evidence: proves the status; never empty for met, not-met and conflict.
        considered: what was looked at and does not decide, and why.
    """

    id: str
    status: Status
    asks: str
    cite: str
    unknown_kind: UnknownKind | None = None
    evidence: list[Evidence] = field(default_factory=_no_evidence)
    considered: list[ConsideredEvidence] = []


class Unavailable(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A need that was not, or not wholly, met."""

    need: str
    type: str
    state: State
    why: Why | None = None
    query: str | None = None


class SupportingDocument(_Part, frozen=True, kw_only=True):
    """Whether a document that the guideline wants submitted is on file."""

    id: str
    status: DocumentStatus


class NoteSaid(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Something worth saying that decides nothing."""

    text: str
    references: list[str] = []


class Assessment(_Part, frozen=True, kw_only=True):
    """The assessment of one order."""

    schema_version: Literal[1] = 1
    guideline: GuidelineUsed
    order: str | None
    site: Site
    determination: Determination
    criteria: list[CriterionResult]
    missing: list[str] = []
    missing_any_of: list[list[str]] = []
    confirm: list[str] = []
    pending_intraoperative: list[str] = []
    unavailable: list[Unavailable] = []
    supporting_documents: list[SupportingDocument] = []
    coverage: PlanCoverage
    notes: list[NoteSaid] = []
    evaluated_on: date


class _CompactGuideline(GuidelineUsed, frozen=True, kw_only=True, omit_defaults=True):
    """The same without empty members."""


class _CompactCriterion(CriterionResult, frozen=True, kw_only=True, omit_defaults=True):
    """The same without empty members."""

    evidence: list[Evidence] = []


class CompactAssessment(Assessment, frozen=True, kw_only=True, omit_defaults=True):
    """The same without empty members, which CDS Hooks forbids in a response."""

    # Required, or it would be left out as a default.
    schema_version: Literal[1]
    order: str | None = None


class Circumstances(Struct, frozen=True, kw_only=True):
    """What an assessment says beside the decision."""

    states: Mapping[str, NeedState]
    coverage: PlanCoverage
    documents: tuple[Supporting, ...] = ()
    notes: Sequence[NoteSaid] = ()


def assessment_of(
    guideline: Guideline,
    decision: Decision,
    around: Circumstances,
    *,
    order: str | None,
    evaluated_on: date,
) -> Assessment:
    """Put a decision into the form in which it goes out."""
    return Assessment(
        guideline=guideline_used(guideline, decision.readings),
        order=order,
        site=decision.site,
        determination=decision.determination,
        criteria=[_criterion(guideline, answer) for answer in decision.answers],
        missing=list(decision.missing),
        missing_any_of=[list(one) for one in decision.missing_any_of],
        confirm=list(decision.confirm),
        pending_intraoperative=list(decision.pending_intraoperative),
        unavailable=unavailable(around.states),
        supporting_documents=[
            SupportingDocument(id=one.document.id, status=one.status) for one in around.documents
        ],
        coverage=around.coverage,
        notes=[*(_note(guideline, note) for note in decision.notes), *around.notes],
        evaluated_on=evaluated_on,
    )


def guideline_used(guideline: Guideline, decided: tuple[str, ...] = ()) -> GuidelineUsed:
    """Name a guideline and the readings that matter for an answer."""
    names = sorted({*guideline.off_default(), *decided})
    return GuidelineUsed(
        id=guideline.id,
        revision=guideline.revision,
        sha256=guideline.sha256,
        readings={name: guideline.readings[name].option for name in names},
    )


def unavailable(states: Mapping[str, NeedState]) -> list[Unavailable]:
    """List the needs that were not, or not wholly, met."""
    return [
        Unavailable(
            need=need.name, type=need.type, state=state.state, why=state.why, query=state.query
        )
        for need in NEEDS
        if (state := states.get(need.name)) is not None and not state.complete
    ]


def documentable(assessment: Assessment) -> list[str]:
    """Return the criteria of the preferred missing set that can be documented before surgery."""
    pending = assessment.pending_intraoperative
    return [one for one in assessment.missing if one not in pending]


def compact(assessment: Assessment) -> CompactAssessment:
    """Return an assessment whose empty members are left out."""
    members = asdict(assessment)
    members["guideline"] = _CompactGuideline(**asdict(assessment.guideline))
    members["criteria"] = [_CompactCriterion(**asdict(one)) for one in assessment.criteria]
    return CompactAssessment(**members)


def encode(assessment: Assessment) -> bytes:
    """Encode an assessment as JSON."""
    return msgspec.json.encode(assessment)


def _note(guideline: Guideline, note: Note) -> NoteSaid:
    return NoteSaid(
        text=guideline.readings[note.reading].sentence,
        references=list(dict.fromkeys(one.reference for one in note.evidence)),
    )


def _criterion(guideline: Guideline, answer: Answer) -> CriterionResult:
    criterion = guideline.criteria[answer.criterion]
    return CriterionResult(
        id=answer.criterion,
        status=answer.status,
        unknown_kind=answer.kind,
        asks=criterion.asks,
        cite=f"{guideline.number} (rev. {guideline.revision}), {criterion.cite}",
        evidence=list(answer.evidence),
        considered=[
            ConsideredEvidence(because=one.because, evidence=one.evidence)
            for one in answer.considered
        ],
    )
