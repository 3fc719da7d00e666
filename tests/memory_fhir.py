"""A FHIR server in memory, as a backend of `faulty_proxy`: search, read, pages, transactions.

It knows the search parameters that the service uses, and refuses all others, so that a query with
a mistake is not answered as if it were none.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final

import msgspec

from fhir_mappings.references import local_key
from tests.faults import outcome
from tests.faulty_proxy import PAGES, Json, Query, Reply

_TOKENS: Final = ("category", "code", "status", "intent", "_id")
_OWNERS: Final = ("subject", "patient", "beneficiary")
_PASSED_OVER: Final = ("_count", "_format", "_again")


class MemoryFhir:
    """The server.

    Attributes:
        resources: by ``Type/id``.
        page_size: entries on a page, where a search does not say.
        metadata: its CapabilityStatement.
    """

    def __init__(self, resources: Iterable[Json] = (), *, page_size: int = 20) -> None:
        self.resources = {f"{one['resourceType']}/{one['id']}": one for one in resources}
        self.page_size = page_size
        self.metadata: Json = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
        self._pages: dict[str, list[Json]] = {}
        self._numbers = itertools.count()  # queries come from several threads

    def __call__(self, query: Query) -> Reply:
        """Answer a query."""
        if query.method == "POST":
            return self._transaction(query)
        if query.type == PAGES:
            return self._page(query, query.get("_getpages") or "")
        if query.path == "metadata":
            return _reply(self.metadata)
        if "/" in query.path:
            return self._read(query.path)
        return self._search(query)

    def _read(self, name: str) -> Reply:
        found = self.resources.get(name)
        return _reply(outcome("not-found"), 404) if found is None else _reply(found)

    def _search(self, query: Query) -> Reply:
        try:
            tests = [_test(name, value) for name, value in query.parameters]
        except LookupError as error:
            return _reply(outcome("not-supported", text=f"parameter {error}"), 400)
        found = [
            one
            for name, one in self.resources.items()
            if name.startswith(f"{query.type}/") and all(test(one) for test in tests)
        ]
        search = str(next(self._numbers))
        self._pages[search] = found
        return self._page(query, search)

    def _page(self, query: Query, search: str) -> Reply:
        """Answer a page, and link the next one as HAPI does: on the base, by a number."""
        if search not in self._pages:
            return _reply(outcome("not-found"), 410)
        found = self._pages[search]
        start = int(query.get("_getpagesoffset") or 0)
        end = start + int(query.get("_count") or self.page_size)
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        if end < len(found):
            link = f"{query.base}?_getpages={search}&_getpagesoffset={end}&_count={end - start}"
            bundle["link"] = [{"relation": "next", "url": link}]
        bundle["entry"] = [
            {
                "fullUrl": f"{query.base}/{one['resourceType']}/{one['id']}",
                "resource": one,
                "search": {"mode": "match"},
            }
            for one in found[start:end]
        ]
        return _reply(bundle)

    def _transaction(self, query: Query) -> Reply:
        """Store and read; nothing is refused, and entries do not depend on each other."""
        bundle = msgspec.json.decode(query.body)
        entries = [self._entry(one) for one in bundle["entry"]]
        kind = f"{bundle['type']}-response"
        return _reply({"resourceType": "Bundle", "type": kind, "entry": entries})

    def _entry(self, entry: Json) -> Json:
        request = entry["request"]
        if request["method"] == "PUT":
            known = request["url"] in self.resources
            self.resources[request["url"]] = entry["resource"]
            return {"response": {"status": "200 OK" if known else "201 Created"}}
        reply = self._read(request["url"])
        said = {"response": {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}"}}
        return {**said, "resource": reply.json} if reply.status == HTTPStatus.OK else said


def _reply(resource: Json, status: int = 200) -> Reply:
    return Reply(msgspec.json.encode(resource), status)


def _test(name: str, value: str) -> Callable[[Json], bool]:
    if name in _PASSED_OVER:
        return lambda _: True
    if name == "patient":
        wanted = f"Patient/{value.removeprefix('Patient/')}"
        return lambda one: wanted in _owners(one)
    if name in _TOKENS:
        tokens = value.split(",")
        member = name.lstrip("_")
        return lambda one: any(_matches(token, one.get(member)) for token in tokens)
    raise LookupError(name)


def _owners(resource: Json) -> Iterator[str | None]:
    for name in _OWNERS:
        reference = resource.get(name)
        if isinstance(reference, dict):
            yield local_key(reference.get("reference"))


def _matches(token: str, value: Any) -> bool:
    """Tell whether a token (``code``, ``system|code``, ``system|``) finds a code or concept."""
    system, bar, code = token.rpartition("|")
    return any(
        (not code or code == found_code) and (not bar or system == found_system)
        for found_system, found_code in _codes(value)
    )


def _codes(value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, str):
        yield "", value
    for one in value if isinstance(value, list) else [value]:
        for coding in one.get("coding", ()) if isinstance(one, dict) else ():
            yield coding.get("system", ""), coding.get("code")
