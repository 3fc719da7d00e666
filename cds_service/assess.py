"""The one door: orders and a record in, assessments out. HTTP and replay both come through here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from cds_service.answer.assessed import Assessed
from cds_service.answer.assessment import Assessment, Circumstances, assessment_of
from cds_service.answer.coverage import PlanCoverage, plan_coverage
from cds_service.answer.notes import (
    about_getting,
    about_other_orders,
    about_patient,
    about_record,
    name_procedure,
    name_target,
)
from cds_service.guideline.asking import Facts
from cds_service.guideline.deciding import Decision, concerns, decide
from cds_service.guideline.model import Guideline
from cds_service.guideline.supporting import supporting_documents
from cds_service.guideline.weighing import Answer
from fhir_mappings.chart import case_of, read_chart
from fhir_mappings.facts import Case
from fhir_mappings.needs import NeedState
from fhir_mappings.orders import Order
from fhir_mappings.readers.coverages import coverage_for
from fhir_mappings.readers.orders import OrderReader
from fhir_mappings.record import Pool, Record
from fhir_mappings.references import local_key
from fhir_mappings.terminology import Terminology


class Visit(Struct, frozen=True, kw_only=True):
    """What came in for one patient.

    Attributes:
        patient: ``Patient/id`` of the patient in question; None where it is not known.
        orders: the orders to judge, those that concern the guideline.
        pool: everything that was delivered.
        states: how each need was met.
        notes: what else is to be said about getting them.
    """

    patient: str | None
    orders: Sequence[Order]
    pool: Pool
    states: Mapping[str, NeedState]
    notes: Sequence[str] = ()


class Assessor:
    """Judges orders by one guideline."""

    def __init__(
        self, guideline: Guideline, terminology: Terminology, payers: Sequence[str] = ()
    ) -> None:
        self.guideline = guideline
        self.terminology = terminology
        self._payers = payers

    def concern(self, order: Order) -> Answer:
        """Answer G-1 for an order, before anything else is read."""
        service = OrderReader(self.terminology, order).service()
        return concerns(self.guideline, Facts({"service": (service.fact,)}))

    def concerns(self, order: Order) -> bool:
        """Tell whether an order is one for this guideline."""
        return self.concern(order).status != "not-met"

    def assess(self, visit: Visit) -> list[Assessed]:
        """Judge all orders of a visit, in their order."""
        if visit.patient is None:
            return [self._unjudged(visit, order, known=False) for order in visit.orders]
        alias = _alias(visit)
        record = Record(visit.pool, visit.patient, dict(visit.states), alias)
        whose = {one.name: record.whose(one.request.subject, one.name) for one in visit.orders}
        # An order that names no patient is taken to be for the patient of the request.
        own = [order for order in visit.orders if whose[order.name] in ("own", "nobody")]
        ordered = min((order.ordered for order in own), default=None)
        chart = read_chart(record, self.terminology, ordered, [order.name for order in own])
        cases = {order.name: case_of(chart, order) for order in own}
        return [
            self._judged(visit, record, order, cases)
            if order.name in cases
            else self._unjudged(visit, order, known=whose[order.name] == "other")
            for order in visit.orders
        ]

    def not_applicable(self, orders: Iterable[Order], evaluated_on: date) -> Assessment:
        """Return the assessment of a session without an order for this guideline."""
        evidence = tuple(one for order in orders for one in self.concern(order).evidence)
        answer = Answer(criterion="G-1", status="not-met", evidence=evidence)
        return assessment_of(
            self.guideline,
            Decision(site="none", determination="not-applicable", answers=(answer,)),
            Circumstances(states={}, coverage=PlanCoverage(status="unknown", applies="unknown")),
            order=None,
            evaluated_on=evaluated_on,
        )

    def _judged(
        self, visit: Visit, record: Record, order: Order, cases: Mapping[str, Case]
    ) -> Assessed:
        case = cases[order.name]
        decision = decide(self.guideline, case)
        around = Circumstances(
            states=record.states,
            coverage=plan_coverage(
                coverage_for(record, order), record.states["coverage"], self._payers
            ),
            documents=supporting_documents(self.guideline, case),
            notes=[
                *about_record(record),
                *about_other_orders(order.name, cases),
                *map(about_getting, visit.notes),
            ],
        )
        entry = record.pool.entries.get(order.name)
        stored = entry is not None and "serviceRequests" in entry.needs
        return self._assessed(
            order, decision, around, name_target(case), record.patient_key, stored=stored
        )

    def _unjudged(self, visit: Visit, order: Order, *, known: bool) -> Assessed:
        """An order for another patient, or for nobody who can be told, is not judged."""
        decision = Decision(
            site="none", determination="unable-to-evaluate", answers=(self.concern(order),)
        )
        around = Circumstances(
            states=visit.states,
            coverage=PlanCoverage(status="unknown", applies="unknown"),
            notes=[about_patient(known=known)],
        )
        return self._assessed(order, decision, around, "", None, stored=False)

    def _assessed(
        self,
        order: Order,
        decision: Decision,
        around: Circumstances,
        target: str,
        patient: str | None,
        *,
        stored: bool,
    ) -> Assessed:
        assessment = assessment_of(
            self.guideline, decision, around, order=order.name, evaluated_on=order.evaluated_on
        )
        return Assessed(
            assessment=assessment,
            order=order,
            procedure=name_procedure(self.terminology.classes(order.request.code)),
            target=target,
            patient=patient,
            stored=stored,
            documents=around.documents,
            decision=decision,
        )


def _alias(visit: Visit) -> str | None:
    """Return the reference that leads nowhere and by which all orders call their patient."""
    names = {
        order.request.subject.reference
        for order in visit.orders
        if order.request.subject is not None
        and order.request.subject.reference
        and visit.pool.find(order.request.subject, order.name) is None
        and local_key(order.request.subject.reference) is None
    }
    return names.pop() if len(names) == 1 else None
