"""From what came in to assessments: a signed request over HTTP, or a saved one, or a record."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial

from msgspec import UNSET, Struct
from msgspec.structs import replace

from cds_service.answer.assessed import Assessed
from cds_service.answer.assessment import Assessment
from cds_service.assess import Assessor, Visit
from cds_service.ehr.gathering import Gathered
from cds_service.hooks.request import HookRequest
from cds_service.intake.bundles import Bundle, decode_bundle
from cds_service.intake.orders import Draft, drafts_of
from cds_service.intake.prefetch import NullMeans, Prefetch
from fhir_mappings.dates import parse_date
from fhir_mappings.elements import Reference
from fhir_mappings.needs import NEEDS, NeedState
from fhir_mappings.orders import Order
from fhir_mappings.record import Delivery, Held, Pool
from fhir_mappings.references import local_key
from fhir_mappings.resources import Patient, ServiceRequest

DRAFTS = "draftOrders"


class Session(Struct, frozen=True, kw_only=True):
    """What a signing session comes to.

    Attributes:
        assessed: one for each order that concerns the guideline.
        received: whether orders were received at all.
        unread: how many entries among the orders could not be read.
        others: the orders that do not concern the guideline.
        pool: everything that was delivered; None where nothing had to be read.
    """

    assessed: list[Assessed]
    received: bool = True
    unread: int = 0
    others: list[Order] = []
    pool: Pool | None = None


class Opened(Struct, frozen=True, kw_only=True):
    """A request as far as it is understood before anything is judged.

    Attributes:
        patient: ``Patient/id`` of the context.
        orders: those that concern the guideline.
        drafts: everything that came as an order, for the record.
        prefetch: what was delivered; None where no order concerns the guideline.
        received, unread, others: as in a session.
    """

    patient: str
    orders: list[Order] = []
    drafts: Delivery | None = None
    prefetch: Prefetch | None = None
    received: bool = True
    unread: int = 0
    others: list[Order] = []


def sign(
    assessor: Assessor,
    request: HookRequest,
    today: Callable[[Draft], date],
    null_means: NullMeans = "empty",
    *,
    keep_raw: bool = False,
) -> Session:
    """Judge the orders of a request from its own prefetch.

    Args:
        assessor: judges.
        request: the request.
        today: the date on which a draft is judged.
        null_means: what null says in the prefetch of a search.
        keep_raw: whether the JSON of what is delivered is kept, for validating it.
    """
    return judge(assessor, open_drafts(assessor, request, today, null_means, keep_raw=keep_raw))


def open_drafts(
    assessor: Assessor,
    request: HookRequest,
    today: Callable[[Draft], date],
    null_means: NullMeans = "empty",
    *,
    keep_raw: bool = False,
) -> Opened:
    """Understand a request with draft orders; of `order-select`, only what is selected."""
    raw = request.context.draft_orders
    bundle = decode_bundle(raw) if raw is not UNSET else None
    if bundle is None:
        return Opened(patient=_patient_key(request), received=False)
    drafts = drafts_of(bundle, place=DRAFTS, drafts_only=False)
    if request.hook == "order-select":
        selected = {local_key(one) or one for one in request.context.selections}
        drafts = [draft for draft in drafts if draft.name in selected]
    prefetch = partial(Prefetch, request.prefetch, null_means, keep_raw=keep_raw)
    received = [draft.order(today(draft)) for draft in drafts]
    return _opened(assessor, request, bundle, received, prefetch)


def open_dispatched(
    assessor: Assessor,
    request: HookRequest,
    today: Callable[[Draft], date],
    read: Sequence[Held],
    null_means: NullMeans = "empty",
) -> Opened:
    """Understand a request of `order-dispatch`, whose orders the EHR holds.

    Args:
        assessor: judges.
        request: the request.
        today: the date on which an order is judged.
        read: the orders that were read from the EHR.
        null_means: what null says in the prefetch of a search.
    """
    prefetch = Prefetch(request.prefetch, null_means, keep_raw=True)
    delivered = [one for delivery in prefetch.deliveries for one in delivery.held]
    keys = {local_key(one) or one for one in request.context.dispatched_orders}
    found = {
        draft.name: draft
        for draft in drafts_of(Bundle([*delivered, *read]), place=DRAFTS, drafts_only=False)
        if draft.name in keys
    }
    orders = [draft.order(today(draft)) for draft in found.values()]
    return _opened(assessor, request, Bundle(read), orders, lambda: prefetch)


def judge(assessor: Assessor, opened: Opened, gathered: Gathered = Gathered()) -> Session:  # noqa: B008
    """Judge the orders of a request.

    Args:
        assessor: judges.
        opened: the request.
        gathered: what the EHR brought beside the prefetch.
    """
    session = Session(
        assessed=[], received=opened.received, unread=opened.unread, others=opened.others
    )
    if opened.prefetch is None or opened.drafts is None:
        return session
    prefetch = opened.prefetch
    pool = Pool([*prefetch.deliveries, *gathered.deliveries, opened.drafts])
    visit = Visit(
        patient=opened.patient,
        orders=opened.orders,
        pool=pool,
        states={**prefetch.states, **gathered.states},
        notes=gathered.notes,
    )
    return replace(session, assessed=assessor.assess(visit), pool=pool)


def review(
    assessor: Assessor, bundle: Bundle, today: Callable[[Draft], date], unavailable: Iterable[str]
) -> Session:
    """Judge the draft orders in a record.

    Args:
        assessor: judges.
        bundle: the record, the drafts included.
        today: the date on which a draft is judged.
        unavailable: resource types that could not be read; their absence says nothing.
    """
    drafts = drafts_of(bundle, place="Bundle", drafts_only=True)
    orders, others = _sorted(assessor, [draft.order(today(draft)) for draft in drafts])
    pool = Pool([Delivery(bundle.held, "Bundle.entry")])
    if not orders:
        return Session(assessed=[], others=others, pool=pool)
    states = _states(frozenset(unavailable), pool)
    by_patient: dict[str | None, list[Order]] = {}
    for order in orders:
        by_patient.setdefault(_patient_of(pool, order), []).append(order)
    assessed = [
        one
        for patient, own in by_patient.items()
        for one in assessor.assess(Visit(patient=patient, orders=own, pool=pool, states=states))
    ]
    return Session(assessed=assessed, others=others, pool=pool)


def assessments(assessor: Assessor, session: Session, evaluated_on: date) -> list[Assessment]:
    """Return the assessments of a session; one that says so where no order concerns us."""
    if session.assessed:
        return [one.assessment for one in session.assessed]
    return [assessor.not_applicable(session.others, evaluated_on)]


def authored_day(request: ServiceRequest) -> date | None:
    """Return the local calendar date on which an order was authored."""
    span = parse_date(request.authored_on)
    return date.fromordinal(span.first) if span is not None and span.first == span.last else None


def _opened(
    assessor: Assessor,
    request: HookRequest,
    bundle: Bundle,
    received: list[Order],
    prefetch: Callable[[], Prefetch],
) -> Opened:
    """Sort the orders; what was delivered is not looked at where none concerns the guideline."""
    orders, others = _sorted(assessor, received)
    return Opened(
        patient=_patient_key(request),
        orders=orders,
        drafts=Delivery(bundle.held, f"{DRAFTS}.entry"),
        prefetch=prefetch() if orders else None,
        unread=sum(not one.readable for one in bundle.held),
        others=others,
    )


def _patient_key(request: HookRequest) -> str:
    patient = request.context.patient_id
    return local_key(patient) or f"Patient/{patient}"


def _sorted(assessor: Assessor, orders: list[Order]) -> tuple[list[Order], list[Order]]:
    concerned: list[Order] = []
    others: list[Order] = []
    for order in orders:
        (concerned if assessor.concerns(order) else others).append(order)
    return concerned, others


def _states(unavailable: frozenset[str], pool: Pool) -> dict[str, NeedState]:
    held = {type(entry.resource).__name__ for entry in pool.entries.values()}
    return {
        need.name: NeedState("unreadable", "not-delivered")
        if need.type in unavailable
        else NeedState("present" if need.type in held else "empty")
        for need in NEEDS
    }


def _patient_of(pool: Pool, order: Order) -> str | None:
    """Return the patient of an order in a record: its subject, else the only one there."""
    subject = order.request.subject
    found = pool.find(subject, order.name)
    if found is not None and isinstance(found.resource, Patient):
        return found.key
    patients = [entry.key for entry, _ in pool.of_type(Patient)]
    named = local_key(subject.reference) if isinstance(subject, Reference) else None
    if named is not None:
        return named
    return patients[0] if len(patients) == 1 else None
