"""The chart: a record read once, and the case of each order made from it."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from fhir_mappings.attribution import facts_about
from fhir_mappings.dates import Span, parse_date, whole_years
from fhir_mappings.facts import (
    Age,
    Candidate,
    Case,
    Diagnosis,
    Episode,
    Fact,
    Histology,
    Radiation,
    TheTumor,
)
from fhir_mappings.findings import Finding, Origin, Reading
from fhir_mappings.orders import Order
from fhir_mappings.readers.conditions import read_condition
from fhir_mappings.readers.diagnoses import Tumorous
from fhir_mappings.readers.documents import read_documents
from fhir_mappings.readers.observations import read_observations
from fhir_mappings.readers.orders import OrderReader
from fhir_mappings.readers.reports import read_reports
from fhir_mappings.readers.stages import read_stages
from fhir_mappings.readers.treatments import read_medications, read_procedures, read_requests
from fhir_mappings.record import Record
from fhir_mappings.resources import Condition, Patient
from fhir_mappings.targets import Diagnoses, Target, find_target
from fhir_mappings.terminology import Terminology
from fhir_mappings.tumors import Tumor, group

_OF_PATIENT = ("surgery", "document")


class Chart(Struct, frozen=True):
    """A record, read for the orders of one session.

    Attributes:
        findings: what it states, not yet tied to a tumor.
        history: cancers that are only history.
    """

    reading: Reading
    findings: list[Finding]
    diagnoses: Diagnoses
    history: list[Tumorous]


def read_chart(
    record: Record, terminology: Terminology, ordered: Span | None, drafts: Iterable[str]
) -> Chart:
    """Read a record.

    Args:
        record: of one patient.
        terminology: what codes and words mean.
        ordered: the day of the orders, to tell results that are older.
        drafts: keys of the orders that are judged; they are no context of themselves.
    """
    reading = Reading(record, terminology)
    findings: list[Finding] = []
    tumorous: dict[str, Tumorous] = {}
    for entry, condition in record.of_type(Condition):
        diagnosis, told = read_condition(reading, entry, condition)
        findings += told
        if diagnosis is not None:
            tumorous[entry.key] = diagnosis
            origin = Origin(entry=entry, rank="clinical-staging", links=(entry.key,))
            if diagnosis.certainty not in ("refuted", "history"):
                findings += read_stages(reading, origin, condition, ordered)
    findings += read_observations(reading, ordered)
    findings += read_reports(reading, ordered)
    findings += read_procedures(reading, ordered)
    findings += read_requests(reading, frozenset(drafts))
    findings += read_medications(reading)
    findings += read_documents(reading)
    tumors, belongs = group(list(tumorous.values()))
    history = [one for one in tumorous.values() if one.certainty == "history"]
    return Chart(reading, findings, Diagnoses(tumorous, tumors, belongs), history)


def case_of(chart: Chart, order: Order) -> Case:
    """Make the case of one order."""
    record = chart.reading.record
    own = list(OrderReader(chart.reading.terminology, order).findings())
    own += _ages(record, order)
    target = find_target(chart.reading, order, chart.diagnoses)
    return Case(
        pointing=target.pointing,
        candidates=tuple(_candidate(chart, order, own, target, tumor) for tumor in target.tumors),
        evidence=target.evidence,
        facts=_by_kind([*own, *(one for one in chart.findings if one.kind in _OF_PATIENT)]),
        incomplete=record.incomplete,
        evaluated_on=order.evaluated_on,
    )


def _candidate(
    chart: Chart, order: Order, own: list[Finding], target: Target, tumor: Tumor
) -> Candidate:
    certain = "Condition" not in chart.reading.record.incomplete
    about = facts_about(
        tumor,
        chart.diagnoses.tumors,
        chart.diagnoses.belongs,
        [*chart.findings, *_about_itself(chart, tumor, order), *filter(_unplaced, own)],
        past=[one.organs for one in chart.history],
        certain=certain,
    )
    facts = _join(about, _by_kind(one for one in own if not _unplaced(one)))
    told = [
        one
        for one in facts.get("histology", ())
        if isinstance(one, Histology) and one.standing == "counts"
    ]
    return Candidate(
        organs=tumor.organs,
        behaviours=tumor.behaviours.union(*(one.behaviours for one in told)),
        diseases=tumor.diseases.union(*(one.diseases for one in told)),
        side=tumor.side,
        certainty=tumor.certainty,
        evidence=tuple(dict.fromkeys(one.evidence for one in tumor.members)),
        facts=facts,
        partial=all(one.partial for one in tumor.members)
        or (target.pointing == "inferred" and not certain),
    )


def _unplaced(finding: Finding) -> bool:
    """Tell whether it is still open to which region radiation was given."""
    return isinstance(finding.fact, Radiation) and finding.fact.covers == "unspecified"


def _about_itself(chart: Chart, tumor: Tumor, order: Order) -> list[Finding]:
    """Tell that there is the tumor, how long it is known, and whether cancer was treated before."""
    onset = tumor.onset
    member = min(tumor.members, key=lambda one: (one.onset is None, one.onset or (), one.key))
    itself = TheTumor(evidence=(member.evidence,), rank="coded-diagnosis", partial=member.partial)
    found = [Finding(kind="tumor", fact=itself), *_told_by_order(tumor)]
    if onset is None or not any(one.status == "active" for one in tumor.members):
        return found
    today = order.evaluated_on.toordinal()
    treated = any(
        getattr(one.fact, "state", None) in ("given", "done")
        for one in chart.findings
        if one.kind in ("surgery", "radiation")
    )
    fact = Episode(
        evidence=(member.evidence,),
        rank="coded-diagnosis",
        when=onset,
        partial=member.partial,
        days_known=today - onset.first,
        earlier_treatment=treated,
    )
    return [*found, Finding(kind="episode", fact=fact)]


def _told_by_order(tumor: Tumor) -> Iterator[Finding]:
    """Yield the diagnoses that stand on the order alone; those on file were read with it."""
    for member in tumor.members:
        if member.evidence.path.startswith("ServiceRequest."):
            evidence = replace(member.evidence, rank="billing-code")
            fact = Diagnosis(
                evidence=(evidence,),
                rank="billing-code",
                side=member.side,
                organs=member.organs,
                behaviours=member.behaviours,
                diseases=member.diseases,
                coded=not evidence.text_derived,
            )
            yield Finding(kind="diagnosis", fact=fact, links=(member.key,))


def _ages(record: Record, order: Order) -> list[Finding]:
    entry = record.patient
    patient = entry.resource if entry is not None else None
    born = parse_date(patient.birth_date) if isinstance(patient, Patient) else None
    if entry is None or born is None or not isinstance(patient, Patient):
        return []
    origin = Origin(entry=entry, rank="coded-diagnosis", partial=record.partial(entry))
    planned = order.planned_day
    days: list[tuple[Literal["service", "order"], date]] = [
        ("service", planned or order.evaluated_on),
        ("order", order.evaluated_on),
    ]
    found = []
    for day, on in days:
        youngest, oldest = whole_years(born, on)
        years = str(youngest) if youngest == oldest else f"{youngest} to {oldest}"
        evidence = origin.evidence("birthDate", f"born {patient.birth_date}: {years} on {on}")
        fact = Age(
            **origin.shared(evidence),
            day=day,
            planned=planned is not None,
            youngest=youngest,
            oldest=oldest,
        )
        found.append(Finding(kind="age", fact=fact))
    return found


def _by_kind(findings: Iterable[Finding]) -> dict[str, tuple[Fact, ...]]:
    found: dict[str, tuple[Fact, ...]] = {}
    for finding in findings:
        found[finding.kind] = (*found.get(finding.kind, ()), finding.fact)
    return found


def _join(
    one: dict[str, tuple[Fact, ...]], other: dict[str, tuple[Fact, ...]]
) -> dict[str, tuple[Fact, ...]]:
    return {kind: one.get(kind, ()) + other.get(kind, ()) for kind in {**one, **other}}
