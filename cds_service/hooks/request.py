"""A CDS Hooks service request (2.0, "Calling a CDS Service"), decoded only as far as needed.

Everything that may not be needed stays raw: a request without an IORT order is answered without
looking at its prefetch. Unknown members are ignored, so later versions of the specification pass.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import asdict

from fhir_mappings.decode import UNREADABLE

_BOM = b"\xef\xbb\xbf"


class RequestError(ValueError):
    """A request that cannot be answered; the message names the member, never its value."""


class Context(Struct):
    """The context of our hooks, as far as it is used.

    Attributes:
        patient_id: as it came, with or without ``Patient/``.
        draft_orders: of `order-sign` and `order-select`.
        selections: of `order-select`, which of the drafts are selected.
        dispatched_orders: of `order-dispatch`, references to the orders.
    """

    patient_id: str
    draft_orders: Raw | UnsetType = UNSET
    selections: list[str] = []
    dispatched_orders: list[str] = []


class HookRequest(Struct):
    """A request, checked as far as it has to be.

    Attributes:
        fhir_server: the base address of the EHR's FHIR server.
        authorization: the raw `fhirAuthorization`.
    """

    hook: str
    hook_instance: str
    context: Context
    prefetch: dict[str, Raw] = {}
    fhir_server: str | None = None
    authorization: Raw | UnsetType = UNSET


class _Members(Struct, rename="camel"):
    hook: Raw | UnsetType = UNSET
    hook_instance: Raw | UnsetType = UNSET
    context: Raw | UnsetType = UNSET
    fhir_server: Raw | UnsetType = UNSET
    fhir_authorization: Raw | UnsetType = UNSET


class _Body(_Members, rename="camel"):
    prefetch: dict[str, Raw] | UnsetType = UNSET


class FhirAuthorization(Struct, frozen=True):
    """What a client lets us ask its FHIR server with (CDS Hooks, "Passing the Access Token").

    Attributes:
        token: the access token; it never leaves for another server, a log or a store.
        bearer: whether it is of the only type that there is.
        seconds: how long it lasts; None where that is not said.
        scope: the scopes, as one text.
        subject: the id of this service at the client's authorization server.
        patient: the patient whom the token is for.
    """

    token: str
    bearer: bool = True
    seconds: float | None = None
    scope: str = ""
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "FhirAuthorization(...)"  # a token must not get into a log by accident


_BODY = msgspec.json.Decoder(_Body)
_ODD_BODY = msgspec.json.Decoder(_Members)
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[Raw])
_NUMBER = msgspec.json.Decoder(float, strict=False)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def parse_request(body: bytes) -> HookRequest:
    """Parse the body of a request.

    Raises:
        RequestError: not JSON, not an object, or a required member is missing or of a wrong type.
    """
    members = _members(body.removeprefix(_BOM))
    context = _required_object(members.context, "context")
    return HookRequest(
        hook=_required_text(members.hook, "hook"),
        hook_instance=_required_text(members.hook_instance, "hookInstance"),
        context=Context(
            patient_id=_required_text(context.get("patientId", UNSET), "context.patientId"),
            draft_orders=context.get("draftOrders", UNSET),
            selections=_texts(context.get("selections", UNSET)),
            dispatched_orders=_texts(context.get("dispatchedOrders", UNSET)),
        ),
        prefetch={} if members.prefetch is UNSET else members.prefetch,
        fhir_server=_text(members.fhir_server),
        authorization=members.fhir_authorization,
    )


def parse_authorization(raw: Raw | UnsetType) -> FhirAuthorization | None:
    """Parse `fhirAuthorization`; None where there is no token in it."""
    if raw is UNSET:
        return None
    try:
        members = _OBJECT.decode(raw)
    except UNREADABLE:
        return None
    token = _text(members.get("access_token", UNSET))
    if not token:
        return None
    kind = _text(members.get("token_type", UNSET))
    return FhirAuthorization(
        token=token,
        bearer=kind is None or kind.lower() == "bearer",
        seconds=_number(members.get("expires_in", UNSET)),
        scope=_text(members.get("scope", UNSET)) or "",
        subject=_text(members.get("subject", UNSET)),
        patient=_text(members.get("patient", UNSET)),
    )


@contextmanager
def body_errors() -> Iterator[None]:
    """Name what is wrong with a body as a whole.

    Raises:
        RequestError: it is not JSON, not an object, or nested beyond reason.
    """
    try:
        yield
    except msgspec.ValidationError:
        raise RequestError("the body is not a JSON object") from None
    except RecursionError:
        raise RequestError("the body is nested too deeply") from None
    except UNREADABLE:
        raise RequestError("the body is not JSON") from None


def _members(body: bytes) -> _Body:
    with body_errors():
        try:
            return _BODY.decode(body)
        except msgspec.ValidationError:
            odd = _ODD_BODY.decode(body)  # a prefetch that is no object delivers nothing
            return _Body(**asdict(odd))


def _required_object(raw: Raw | UnsetType, name: str) -> dict[str, Raw]:
    if raw is UNSET:
        raise RequestError(f"{name} is missing")
    try:
        return _OBJECT.decode(raw)
    except UNREADABLE:
        raise RequestError(f"{name} is not an object") from None


def _required_text(raw: Raw | UnsetType, name: str) -> str:
    if raw is UNSET:
        raise RequestError(f"{name} is missing")
    try:
        text = _TEXT.decode(raw)
    except UNREADABLE:
        raise RequestError(f"{name} is not a text") from None
    if not text:
        raise RequestError(f"{name} is empty")
    return text


def _text(raw: Raw | UnsetType) -> str | None:
    try:
        return None if raw is UNSET else _TEXT.decode(raw)
    except UNREADABLE:
        return None


def _texts(raw: Raw | UnsetType) -> list[str]:
    """Return the texts of a list; what is none costs itself."""
    try:
        items = [] if raw is UNSET else _TEXTS.decode(raw)
    except UNREADABLE:
        return []
    return [text for text in map(_text, items) if text]


def _number(raw: Raw | UnsetType) -> float | None:
    try:
        return None if raw is UNSET else _NUMBER.decode(raw)
    except UNREADABLE:
        return None
