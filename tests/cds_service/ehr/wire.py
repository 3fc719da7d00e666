"""An EHR that answers as a test says, and keeps what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Self
from urllib.parse import unquote

import httpx
import respx

from cds_service.ehr.access import Access
from cds_service.ehr.addresses import Base
from cds_service.ehr.options import EhrOptions
from cds_service.ehr.scopes import parse_scopes

SERVER = "https://ehr.example.org/fhir"
BASE = Base.parse(SERVER)
TOKEN = "secret-token-1"
Json = dict[str, Any]
Acting = Callable[[httpx.Request], Awaitable[httpx.Response]]
Answer = httpx.Response | Exception | Acting


def resource(kind: str, name: str = "x", **members: Any) -> Json:
    """A resource of the patient."""
    return {
        "resourceType": kind,
        "id": name,
        "subject": {"reference": "Patient/p"},
        **members,
    }


def answer(content: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """An answer with bytes as they are, and anything else as JSON."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(content, bytes):
        return httpx.Response(status, content=content, headers=given)
    return httpx.Response(status, json=content, headers=given)


def searchset(*resources: Json, then: str | None = None) -> httpx.Response:
    """A page with resources and the link to the one after it."""
    content: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": one} for one in resources],
        "link": [{"relation": "self", "url": SERVER}],
    }
    if then is not None:
        content["link"].append({"relation": "next", "url": then})
    return answer(content)


def hanging(seconds: float = 30.0) -> Acting:
    """An answer that takes too long."""

    async def act(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(seconds)
        return searchset()

    return act


class Wire:
    """Answers by path below the base; what is not said is found, and empty.

    Attributes:
        requests: all that came, in their order.
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._routes: list[tuple[str, Iterator[Answer], Answer]] = []
        self.router = respx.MockRouter(assert_all_called=False)
        self.router.route().mock(side_effect=self._answer)

    def on(self, path: str, *answers: Answer) -> Self:
        """Answer what begins with a path and query by these in turn, the last one again."""
        self._routes.append((path, iter(answers[:-1]), answers[-1]))
        return self

    def client(self) -> httpx.AsyncClient:
        """A client that reaches nothing but this."""
        return httpx.AsyncClient(transport=httpx.MockTransport(self.router.async_handler))

    @property
    def asked(self) -> list[str]:
        """Path and query below the base of each request, as people read them."""
        return [unquote(str(one.url)).removeprefix(f"{SERVER}/") for one in self.requests]

    @property
    def types(self) -> set[str]:
        """The resource types that were searched or read."""
        return {one.partition("?")[0].partition("/")[0] for one in self.asked} - {"metadata"}

    @property
    def data(self) -> list[str]:
        """What was asked beside the server's own description."""
        return [one for one in self.asked if one != "metadata"]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = self.asked[-1]
        for begin, several, last in self._routes:
            if path.startswith(begin):
                found = next(several, last)
                break
        else:
            found = answer({}, 404) if path == "metadata" else searchset()
        if isinstance(found, Exception):
            raise found
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)
        return await found(request)


def access_with(scope: str | None = None, **members: Any) -> Access:
    """Access with a token."""
    options = members.pop("options", EhrOptions(name="north", servers=(BASE,)))
    scopes = None if scope is None else parse_scopes(scope)
    return Access(**{"base": BASE, "options": options, "token": TOKEN, "scopes": scopes, **members})
