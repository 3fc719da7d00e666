"""What is known of the request that is being answered: for the log, and for the metrics.

Whoever learns something notes it here; the middleware writes it down when the request ends.
"""

import re
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}")


class Query(NamedTuple):
    """A query to an EHR.

    Attributes:
        type: the resource type, or another name of what was asked for; never an id.
        outcome: `ok`, or why there was no answer.
    """

    type: str
    outcome: str
    seconds: float


@dataclass(slots=True)
class RequestContext:
    """A request.

    Attributes:
        request_id: under which it is found in the log.
        service: the id of the CDS service, once it is known to be one of ours.
        hook: the hook, once it is known to be one of ours.
        hook_instance: as the caller named it.
        issuer: who calls, once that is verified.
        outcome: what became of it, in one word; by default the class of the HTTP status.
        determinations: what was found of each order.
        queries: what was asked of the EHR.
    """

    request_id: str = ""
    service: str = ""
    hook: str = ""
    hook_instance: str = ""
    issuer: str = ""
    outcome: str = ""
    determinations: list[str] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)

    def queried(self, need_type: str, outcome: str, seconds: float) -> None:
        """Note a query to the EHR."""
        self.queries.append(Query(need_type, outcome, seconds))

    def labels(self) -> dict[str, Any]:
        """Return what stands in every line that is logged while the request is answered."""
        labels = {"requestId": self.request_id}
        if self.service:
            labels["service"] = self.service
        if self.hook:
            labels["hook"] = self.hook
        if self.hook_instance:  # any text may stand there, a name too
            labels["hookInstance"] = (
                self.hook_instance if is_sane(self.hook_instance) else "(unusual)"
            )
        if self.issuer:
            labels["issuer"] = self.issuer
        return labels


_current: Final[ContextVar[RequestContext | None]] = ContextVar("request", default=None)


def current() -> RequestContext:
    """Return the context of this request; outside of one, a context that nobody reads."""
    return _current.get() or RequestContext()


def known() -> RequestContext | None:
    """Return the context of this request, None outside of one."""
    return _current.get()


def begin(context: RequestContext) -> Token[RequestContext | None]:
    """Make a context that of this request; return what `end` takes."""
    return _current.set(context)


def end(token: Token[RequestContext | None]) -> None:
    """End the context of a request."""
    _current.reset(token)


def is_sane(text: str) -> bool:
    """Tell whether a text has the shape of an id, and may be logged."""
    return _SANE.fullmatch(text) is not None
