"""From a request to its cards: open it, get what is lacking, judge, answer."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cds_service.api.state import State
from cds_service.ehr.access import Access
from cds_service.ehr.gathering import Deadline, Gathered
from cds_service.ehr.options import EhrOptions
from cds_service.guideline.model import Guideline
from cds_service.hooks.cards import Card
from cds_service.hooks.request import HookRequest
from cds_service.intake.prefetch import NullMeans
from cds_service.sessions import Opened, Session, judge, open_dispatched, open_drafts
from fhir_mappings.references import local_key

_UNOBTAINABLE: Final = frozenset(("not-delivered", "not-authorised", "not-found"))
_NO_ORDERS: Final = (
    "No orders were received; nothing was checked",
    "The request has no Bundle with orders under context.draftOrders, so there was no order to "
    "judge. This says nothing about coverage.",
)
_UNREAD_ORDER: Final = (
    "An order could not be read; it was not checked for IORT coverage",
    "Something under context.draftOrders could not be read, so it is not known whether it orders "
    "IORT. This says nothing about its coverage.",
)
_UNREAD_DISPATCHED: Final = "{} could not be read; it was not checked for IORT coverage"
_WHY_UNREAD: Final = (
    "The dispatched order {} was not in the prefetch and could not be read from the FHIR server, "
    "so it is not known whether it orders IORT. This says nothing about its coverage."
)


class Answer(Struct, frozen=True, kw_only=True):
    """What a request comes to.

    Attributes:
        cards: None where the client wants 412 for want of data.
        session: what was judged.
        gathered: what the EHR was asked.
    """

    cards: list[Card] | None
    session: Session
    gathered: Gathered


async def answer(
    state: State, request: HookRequest, base_url: str, caller: EhrOptions | None
) -> Answer:
    """Answer a request.

    Args:
        state: of the application.
        request: the request.
        base_url: where this service is reached.
        caller: the EHR that signed it.
    """
    deadline = Deadline(state.settings.deadline)
    access = state.ehr.access(request, caller)
    null_means = _null_means(state, caller)
    today = state.settings.current_date()
    gathered = Gathered()
    if request.hook == "order-dispatch":
        wanted = request.context.dispatched_orders
        gathered = await state.ehr.read_orders(access, wanted, deadline)
        held = [one for delivery in gathered.deliveries for one in delivery.held]
        opened = open_dispatched(state.assessor, request, lambda _: today, held, null_means)
    else:
        opened = open_drafts(state.assessor, request, lambda _: today, null_means)
    if opened.prefetch is not None:
        orders_read = gathered.timings
        gathered = await state.ehr.complete(
            access, request, opened.prefetch, opened.orders, deadline
        )
        gathered = replace(gathered, timings=[*orders_read, *gathered.timings])
        if isinstance(access, Access):
            state.metrics.breaker(access.options.name, is_open=gathered.down)
    session = judge(state.assessor, opened, gathered)
    if state.settings.unobtainable == "412" and _lacks_data(state.assessor.guideline, session):
        return Answer(cards=None, session=session, gathered=gathered)
    cards = _cards(state, request, opened, session, base_url)
    return Answer(cards=cards, session=session, gathered=gathered)


def _null_means(state: State, caller: EhrOptions | None) -> NullMeans:
    own = caller.null_means if caller is not None else None
    return own or state.settings.null_means


def _cards(
    state: State, request: HookRequest, opened: Opened, session: Session, base_url: str
) -> list[Card]:
    demands = request.hook != "order-select"
    cards = state.cards.cards(session.assessed, base_url, demands=demands)
    if request.hook == "order-dispatch":
        known = {one.name for one in (*opened.orders, *opened.others)}
        wanted = [local_key(one) or "An order" for one in request.context.dispatched_orders]
        return cards + [
            state.cards.notice(
                _UNREAD_DISPATCHED.format(one), _WHY_UNREAD.format(one), base_url, "info"
            )
            for one in wanted
            if one not in known
        ]
    # While orders are selected, one without orders is no surprise.
    if not session.received and demands:
        cards.append(state.cards.notice(*_NO_ORDERS, base_url))
    if session.unread and demands:
        cards.append(state.cards.notice(*_UNREAD_ORDER, base_url))
    return cards


def _lacks_data(guideline: Guideline, session: Session) -> bool:
    """Tell whether an answer fails for want of data that were neither delivered nor allowed."""
    for assessment in (one.assessment for one in session.assessed):
        deciding = {
            source
            for one in assessment.criteria
            if one.unknown_kind == "retrieval"
            for source in guideline.criteria[one.id].reads
        }
        if assessment.determination == "unable-to-evaluate" and any(
            gap.why in _UNOBTAINABLE and gap.type in deciding for gap in assessment.unavailable
        ):
            return True
    return False
